#include "semver.h"

#include <string.h>

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* What identifiers of prerelease and build metadata are made of. */
static bool is_identifier(char character)
{
    return is_digit(character) || (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') || character == '-';
}

/* Positions count from the version's own first character, at `base` of the scanner's text. */
static struct semver_part part_of(const struct version_scanner *scanner, size_t base, size_t start)
{
    return (struct semver_part){(unsigned char)(start - base), (unsigned char)(scanner->at - start)};
}

/* How far the text goes that can belong to a version. */
static size_t version_length(const char *text)
{
    size_t length = 0;
    while (is_identifier(text[length]) || text[length] == '.' || text[length] == '+')
        length++;
    return length;
}

static enum status scan_number(struct version_scanner *scanner, struct error *error)
{
    if (!is_digit(scanner->text[scanner->at]))
        return version_scan_fault(scanner, "a digit (a semantic version is MAJOR.MINOR.PATCH)", error);
    bool zero = scanner->text[scanner->at++] == '0';
    if (zero && is_digit(scanner->text[scanner->at]))
        return version_scan_fault(scanner, "no digit after a leading zero", error);
    while (is_digit(scanner->text[scanner->at]))
        scanner->at++;
    return STATUS_OK;
}

/* Identifiers joined by dots. Numeric ones may not begin with a zero in a prerelease; in build metadata they
 * may. */
static enum status scan_identifiers(struct version_scanner *scanner, bool is_build, struct error *error)
{
    for (;; scanner->at++) {
        size_t start = scanner->at;
        bool numeric = true;
        for (; is_identifier(scanner->text[scanner->at]); scanner->at++)
            numeric = numeric && is_digit(scanner->text[scanner->at]);
        size_t length = scanner->at - start;
        if (length == 0)
            return version_scan_fault(scanner, "an identifier of 0-9 A-Z a-z and -", error);
        if (!is_build && numeric && length > 1 && scanner->text[start] == '0') {
            scanner->at = start;
            return version_scan_fault(scanner, "a numeric identifier without leading zeros", error);
        }
        if (scanner->text[scanner->at] != '.')
            return STATUS_OK;
    }
}

/* The whole version at the scanner's place. */
static enum status scan_semver(struct version_scanner *scanner, struct semver *semver, struct error *error)
{
    size_t base = scanner->at;
    size_t longest = version_length(scanner->text + base);
    *semver = (struct semver){0};
    if (longest > SEMVER_TEXT_MAX)
        return error_set(
            error, STATUS_INVALID, NULL,
            "%s \"%.48s...\", character %zu: a version of %zu characters; at most %d are allowed",
            scanner->what, scanner->text, base + 1, longest, SEMVER_TEXT_MAX);
    for (int i = 0; i < 3; i++) {
        if (i > 0 && scanner->text[scanner->at] != '.')
            return version_scan_fault(scanner, "'.' and a number (MAJOR.MINOR.PATCH)", error);
        scanner->at += i > 0;
        size_t start = scanner->at;
        if (scan_number(scanner, error) != STATUS_OK)
            return STATUS_INVALID;
        semver->numbers[i] = part_of(scanner, base, start);
    }
    if (scanner->text[scanner->at] == '-') {
        size_t start = ++scanner->at;
        if (scan_identifiers(scanner, false, error) != STATUS_OK)
            return STATUS_INVALID;
        semver->prerelease = part_of(scanner, base, start);
    }
    if (scanner->text[scanner->at] == '+') {
        size_t start = ++scanner->at;
        if (scan_identifiers(scanner, true, error) != STATUS_OK)
            return STATUS_INVALID;
        semver->build = part_of(scanner, base, start);
    }
    memcpy(semver->text, scanner->text + base, scanner->at - base);
    return STATUS_OK;
}

static const char *allowed_after(const struct semver *semver)
{
    if (semver->build.length > 0)
        return "nothing more";
    return semver->prerelease.length > 0 ? "'+' and build metadata, or the end"
                                         : "'-' and a prerelease, '+' and build metadata, or the end";
}

enum status semver_parse(const char *text, struct semver *semver, struct error *error)
{
    struct version_scanner scanner = {.what = "semantic version", .text = text};
    struct semver read;
    if (scan_semver(&scanner, &read, error) != STATUS_OK)
        return STATUS_INVALID;
    if (text[scanner.at] != '\0')
        return version_scan_fault(&scanner, allowed_after(&read), error);
    *semver = read;
    return STATUS_OK;
}

/* --- precedence ------------------------------------------------------------------------------------- */

/* Numbers without leading zeros, so the longer one is the larger one. */
static int compare_digits(const char *a, size_t a_length, const char *b, size_t b_length)
{
    if (a_length != b_length)
        return a_length < b_length ? -1 : 1;
    return memcmp(a, b, a_length);
}

static bool is_numeric(const char *text, size_t length)
{
    return strspn(text, "0123456789") >= length;
}

/* Section 11.4: numbers as numbers, the rest in ASCII order, a number below the rest. */
static int compare_identifiers(const char *a, size_t a_length, const char *b, size_t b_length)
{
    bool a_numeric = is_numeric(a, a_length), b_numeric = is_numeric(b, b_length);
    if (a_numeric && b_numeric)
        return compare_digits(a, a_length, b, b_length);
    if (a_numeric != b_numeric)
        return a_numeric ? -1 : 1;
    int difference = memcmp(a, b, a_length < b_length ? a_length : b_length);
    if (difference != 0 || a_length == b_length)
        return difference;
    return a_length < b_length ? -1 : 1;
}

static size_t identifier_length(const char *at, const char *end)
{
    const char *dot = memchr(at, '.', (size_t)(end - at));
    return (size_t)((dot != NULL ? dot : end) - at);
}

/* Identifier by identifier; where all are equal, more of them win. */
static int compare_prereleases(const struct semver *a, const struct semver *b)
{
    if (a->prerelease.length == 0 || b->prerelease.length == 0)
        return (a->prerelease.length == 0) - (b->prerelease.length == 0);
    const char *a_at = a->text + a->prerelease.start, *a_end = a_at + a->prerelease.length;
    const char *b_at = b->text + b->prerelease.start, *b_end = b_at + b->prerelease.length;
    for (;;) {
        size_t a_length = identifier_length(a_at, a_end), b_length = identifier_length(b_at, b_end);
        int difference = compare_identifiers(a_at, a_length, b_at, b_length);
        if (difference != 0)
            return difference;
        a_at += a_length;
        b_at += b_length;
        if (a_at == a_end || b_at == b_end)
            return (a_at != a_end) - (b_at != b_end);
        a_at++; /* the dots */
        b_at++;
    }
}

int semver_compare(const struct semver *a, const struct semver *b)
{
    for (int i = 0; i < 3; i++) {
        int difference = compare_digits(a->text + a->numbers[i].start, a->numbers[i].length,
                                        b->text + b->numbers[i].start, b->numbers[i].length);
        if (difference != 0)
            return difference;
    }
    return compare_prereleases(a, b);
}

/* --- rules ------------------------------------------------------------------------------------------ */

static enum status scan_term(struct version_scanner *scanner, const struct rule_term *start, void *context,
                             struct error *error)
{
    struct semver_rule *rule = context;
    if (!start->has_operator && !is_digit(scanner->text[scanner->at]))
        return version_scan_fault(scanner, "= != < <= > >= or a version, such as >=1.0.0", error);
    struct semver *version = &rule->terms[rule->count].version;
    if (scan_semver(scanner, version, error) != STATUS_OK)
        return STATUS_INVALID;
    rule->terms[rule->count++].start = *start;
    char next = scanner->text[scanner->at];
    if (next != '\0' && strchr(",| \t", next) == NULL)
        return version_scan_fault(scanner, "the rest of the version, a space, ',', '||', or the end", error);
    return STATUS_OK;
}

enum status semver_rule_parse(const char *text, struct semver_rule *rule, struct error *error)
{
    struct semver_rule read = {0};
    enum status status =
        rule_scan("version rule", text, SEMVER_RULE_TEXT_MAX, SEMVER_RULE_TERMS_MAX, scan_term, &read, error);
    if (status == STATUS_OK)
        *rule = read;
    return status;
}

bool semver_rule_matches(const struct semver_rule *rule, const struct semver *version)
{
    bool matches = rule->count == 0;
    for (int i = 0; i < rule->count; i++) {
        const struct rule_term *start = &rule->terms[i].start;
        if (start->starts_group) {
            if (matches)
                return true;
            matches = true;
        }
        matches = matches &&
                  version_operator_holds(start->operator_, semver_compare(version, &rule->terms[i].version));
    }
    return matches;
}
