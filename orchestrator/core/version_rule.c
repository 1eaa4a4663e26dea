#include "version_rule.h"

#include <string.h>

#include "version_scanner.h"

static bool is_space(char character)
{
    return character == ' ' || character == '\t';
}

static void skip_spaces(struct version_scanner *scanner)
{
    while (is_space(scanner->text[scanner->at]))
        scanner->at++;
}

static enum version_operator scan_operator(struct version_scanner *scanner)
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
            return operators[i].operator_;
        }
    }
    return VERSION_EQUAL;
}

/* `ptype` is what tails must name; -1: not known yet, the first tail decides. */
static enum status scan_tail(struct version_scanner *scanner, int *ptype, struct error *error)
{
    size_t start = scanner->at;
    int found;
    char fota_class;
    if (version_scan_tail(scanner, &found, &fota_class, error) != STATUS_OK)
        return STATUS_INVALID;
    if (*ptype >= 0 && found != *ptype)
        return error_set(error, STATUS_INVALID, NULL,
                         "version rule \"%.48s\", character %zu: product type %d, but the rule is for %d",
                         scanner->text, start + 1, found, *ptype);
    *ptype = found;
    return STATUS_OK;
}

static enum status scan_term(struct version_scanner *scanner, int *ptype, struct version_term *term,
                             struct error *error)
{
    size_t start = scanner->at;
    term->operator_ = scan_operator(scanner);
    char type = scanner->text[scanner->at];
    if (type == 'v' || type == 'b') {
        term->type = type;
        scanner->at++;
    } else if (type < '0' || type > '9') {
        const char *allowed = scanner->at == start ? "= != < <= > >= or a version, such as >=v1.0.0 or 1.0.5"
                                                   : "a version, such as v1.0.0 or 1.0.5";
        return version_scan_fault(scanner, allowed, error);
    }
    int numbers[3];
    if (version_scan_value(scanner, numbers, error) != STATUS_OK)
        return STATUS_INVALID;
    term->value = numbers[0] * 100 + numbers[1] * 10 + numbers[2];
    char next = scanner->text[scanner->at];
    if (next == 't' || next == '.')
        return scan_tail(scanner, ptype, error);
    if (next != '\0' && next != ',' && next != '|' && !is_space(next))
        return version_scan_fault(scanner, "a space, ',', '||', 't' and a product type, or the end", error);
    return STATUS_OK;
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

enum status version_rule_parse(const char *text, int ptype, struct version_rule *rule, struct error *error)
{
    struct version_scanner scanner = {.what = "version rule", .text = text};
    struct version_rule read = {0};
    bool more, group = true;
    if (strlen(text) > VERSION_RULE_TEXT_MAX)
        return error_set(error, STATUS_INVALID, NULL,
                         "version rule of %zu characters: at most %d are allowed", strlen(text),
                         VERSION_RULE_TEXT_MAX);
    skip_spaces(&scanner);
    if (text[scanner.at] == '*') {
        scanner.at++;
        skip_spaces(&scanner);
        if (text[scanner.at] != '\0')
            return version_scan_fault(&scanner, "nothing more after '*'", error);
    }
    for (more = text[scanner.at] != '\0'; more;) {
        if (read.count == VERSION_RULE_TERMS_MAX)
            return error_set(error, STATUS_INVALID, NULL,
                             "version rule \"%.48s\", character %zu: more than %d terms", text,
                             scanner.at + 1, VERSION_RULE_TERMS_MAX);
        struct version_term *term = &read.terms[read.count++];
        term->starts_group = group;
        if (scan_term(&scanner, &ptype, term, error) != STATUS_OK ||
            scan_separator(&scanner, &more, &group, error) != STATUS_OK)
            return STATUS_INVALID;
    }
    *rule = read;
    return STATUS_OK;
}

static bool term_matches(const struct version_term *term, const struct version *version)
{
    int difference = version_value(version) - term->value;
    if (difference == 0 && term->type != 0)
        difference = (version->type == 'v') - (term->type == 'v');
    switch (term->operator_) {
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

bool version_rule_matches(const struct version_rule *rule, const struct version *version)
{
    bool matches = rule->count == 0;
    for (int i = 0; i < rule->count; i++) {
        const struct version_term *term = &rule->terms[i];
        if (term->starts_group) {
            if (matches)
                return true;
            matches = true;
        }
        matches = matches && term_matches(term, version);
    }
    return matches;
}
