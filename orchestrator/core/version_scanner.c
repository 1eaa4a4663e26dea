#include "version_scanner.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "version.h"

enum { SHOWN_TEXT = 48 };

enum status version_scan_fault(const struct version_scanner *scanner, const char *allowed,
                               struct error *error)
{
    unsigned char found = (unsigned char)scanner->text[scanner->at];
    char shown[16];
    if (found > ' ' && found < 0x7F)
        snprintf(shown, sizeof shown, "'%c'", found);
    else if (found == ' ')
        snprintf(shown, sizeof shown, "a space");
    else
        snprintf(shown, sizeof shown, "byte 0x%02x", found);
    const char *more = strlen(scanner->text) > SHOWN_TEXT ? "..." : "";
    if (found == '\0')
        return error_set(error, STATUS_INVALID, NULL, "%s \"%.*s%s\" ends at character %zu: expected %s",
                         scanner->what, SHOWN_TEXT, scanner->text, more, scanner->at + 1, allowed);
    return error_set(error, STATUS_INVALID, NULL, "%s \"%.*s%s\", character %zu is %s: expected %s",
                     scanner->what, SHOWN_TEXT, scanner->text, more, scanner->at + 1, shown, allowed);
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static enum status scan_character(struct version_scanner *scanner, char wanted, const char *allowed,
                                  struct error *error)
{
    if (scanner->text[scanner->at] != wanted)
        return version_scan_fault(scanner, allowed, error);
    scanner->at++;
    return STATUS_OK;
}

enum status version_scan_value(struct version_scanner *scanner, int numbers[3], struct error *error)
{
    for (int i = 0; i < 3; i++) {
        if (i > 0) {
            const char *allowed = "'.' (each number of a version value is one digit)";
            if (scan_character(scanner, '.', allowed, error) != STATUS_OK)
                return STATUS_INVALID;
        }
        if (!is_digit(scanner->text[scanner->at]))
            return version_scan_fault(scanner, "a digit 0-9", error);
        numbers[i] = scanner->text[scanner->at++] - '0';
    }
    return STATUS_OK;
}

static enum status scan_ptype(struct version_scanner *scanner, int *ptype, struct error *error)
{
    if (!is_digit(scanner->text[scanner->at]))
        return version_scan_fault(scanner, "the product type in digits", error);
    bool zero = scanner->text[scanner->at] == '0';
    size_t start = scanner->at;
    int value = 0;
    for (; is_digit(scanner->text[scanner->at]); scanner->at++) {
        int digit = scanner->text[scanner->at] - '0';
        if (zero && scanner->at > start)
            return version_scan_fault(scanner, "'(' (a product type has no leading zeros)", error);
        if (value > (PTYPE_MAX - digit) / 10)
            return version_scan_fault(scanner, "'(' (a product type is at most 2147483647)", error);
        value = value * 10 + digit;
    }
    *ptype = value;
    return STATUS_OK;
}

enum status version_scan_tail(struct version_scanner *scanner, int *ptype, char *fota_class,
                              struct error *error)
{
    if (scanner->text[scanner->at] == '.')
        scanner->at++;
    if (scan_character(scanner, 't', "'t' and the product type (each number of a version value is one digit)",
                       error) != STATUS_OK ||
        scan_ptype(scanner, ptype, error) != STATUS_OK ||
        scan_character(scanner, '(', "a digit or '('", error) != STATUS_OK)
        return STATUS_INVALID;
    char class = scanner->text[scanner->at];
    if (class == '\0' || strchr("olan", class) == NULL)
        return version_scan_fault(scanner, "the FOTA class: o, l, a or n", error);
    *fota_class = class;
    scanner->at++;
    return scan_character(scanner, ')', "')'", error);
}
