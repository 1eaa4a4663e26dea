#include "rule_terms.h"

#include <string.h>

bool version_operator_holds(enum version_operator operator_, int difference)
{
    switch (operator_) {
    case VERSION_EQUAL:
        return difference == 0;
    case VERSION_NOT_EQUAL:
        return difference != 0;
    case VERSION_LESS:
        return difference < 0;
    case VERSION_LESS_OR_EQUAL:
        return difference <= 0;
    case VERSION_GREATER:
        return difference > 0;
    case VERSION_GREATER_OR_EQUAL:
        return difference >= 0;
    }
    return false;
}

static void skip_spaces(struct version_scanner *scanner)
{
    scanner->at += strspn(scanner->text + scanner->at, " \t");
}

static struct rule_term scan_operator(struct version_scanner *scanner, bool starts_group)
{
    static const struct {
        const char *text;
        enum version_operator operator_;
    } operators[] = {
        /* the longer ones first */
        {"!=", VERSION_NOT_EQUAL}, {"<=", VERSION_LESS_OR_EQUAL}, {">=", VERSION_GREATER_OR_EQUAL},
        {"=", VERSION_EQUAL},      {"<", VERSION_LESS},           {">", VERSION_GREATER}};
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        size_t length = strlen(operators[i].text);
        if (strncmp(scanner->text + scanner->at, operators[i].text, length) == 0) {
            scanner->at += length;
            skip_spaces(scanner);
            return (struct rule_term){operators[i].operator_, true, starts_group};
        }
    }
    return (struct rule_term){VERSION_EQUAL, false, starts_group};
}

/* Reads what stands between two terms; *more says whether another term must follow. */
static enum status scan_separator(struct version_scanner *scanner, bool *more, bool *group,
                                  struct error *error)
{
    skip_spaces(scanner);
    char next = scanner->text[scanner->at];
    *more = next != '\0';
    *group = next == '|';
    if (next == ',') {
        scanner->at++;
    } else if (next == '|') {
        scanner->at++;
        if (scanner->text[scanner->at] != '|')
            return version_scan_fault(scanner, "a second '|'", error);
        scanner->at++;
    }
    skip_spaces(scanner);
    return STATUS_OK;
}

enum status rule_scan(const char *what, const char *text, int text_max, int terms_max,
                      rule_term_reader read_term, void *context, struct error *error)
{
    struct version_scanner scanner = {.what = what, .text = text};
    bool more, group = true;
    if (strlen(text) > (size_t)text_max)
        return error_set(error, STATUS_INVALID, NULL, "%s of %zu characters: at most %d are allowed", what,
                         strlen(text), text_max);
    skip_spaces(&scanner);
    if (text[scanner.at] == '*') {
        scanner.at++;
        skip_spaces(&scanner);
        if (text[scanner.at] != '\0')
            return version_scan_fault(&scanner, "nothing more after '*'", error);
    }
    more = text[scanner.at] != '\0';
    for (int count = 0; more; count++) {
        if (count == terms_max)
            return error_set(error, STATUS_INVALID, NULL, "%s \"%.48s\", character %zu: more than %d terms",
                             what, text, scanner.at + 1, terms_max);
        struct rule_term term = scan_operator(&scanner, group);
        if (read_term(&scanner, &term, context, error) != STATUS_OK ||
            scan_separator(&scanner, &more, &group, error) != STATUS_OK)
            return STATUS_INVALID;
    }
    return STATUS_OK;
}
