#include "version_rule.h"

#include <string.h>

/* A rule as it is read. */
struct rule_reading {
    struct version_rule rule;
    int ptype; /* what tails must name; -1: not known yet, the first tail decides */
};

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

static enum status scan_term(struct version_scanner *scanner, const struct rule_term *start, void *context,
                             struct error *error)
{
    struct rule_reading *reading = context;
    struct version_term *term = &reading->rule.terms[reading->rule.count++];
    *term = (struct version_term){.operator_ = start->operator_, .starts_group = start->starts_group};
    char type = scanner->text[scanner->at];
    if (type == 'v' || type == 'b') {
        term->type = type;
        scanner->at++;
    } else if (type < '0' || type > '9') {
        const char *allowed = start->has_operator ? "a version, such as v1.0.0 or 1.0.5"
                                                  : "= != < <= > >= or a version, such as >=v1.0.0 or 1.0.5";
        return version_scan_fault(scanner, allowed, error);
    }
    int numbers[3];
    if (version_scan_value(scanner, numbers, error) != STATUS_OK)
        return STATUS_INVALID;
    term->value = numbers[0] * 100 + numbers[1] * 10 + numbers[2];
    char next = scanner->text[scanner->at];
    if (next == 't' || next == '.')
        return scan_tail(scanner, &reading->ptype, error);
    if (next != '\0' && strchr(",| \t", next) == NULL)
        return version_scan_fault(scanner, "a space, ',', '||', 't' and a product type, or the end", error);
    return STATUS_OK;
}

enum status version_rule_parse(const char *text, int ptype, struct version_rule *rule, struct error *error)
{
    struct rule_reading reading = {.ptype = ptype};
    enum status status = rule_scan("version rule", text, VERSION_RULE_TEXT_MAX, VERSION_RULE_TERMS_MAX,
                                   scan_term, &reading, error);
    if (status == STATUS_OK)
        *rule = reading.rule;
    return status;
}

static bool term_matches(const struct version_term *term, const struct version *version)
{
    int difference = version_value(version) - term->value;
    if (difference == 0 && term->type != 0)
        difference = (version->type == 'v') - (term->type == 'v');
    return version_operator_holds(term->operator_, difference);
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

enum status scheme_rule_parse(const char *text, enum version_scheme scheme, int ptype,
                              struct scheme_rule *rule, struct error *error)
{
    rule->scheme = scheme;
    return scheme == VERSION_SEMVER ? semver_rule_parse(text, &rule->semver, error)
                                    : version_rule_parse(text, ptype, &rule->seed, error);
}

bool scheme_rule_matches(const struct scheme_rule *rule, const struct version *version)
{
    if (rule->scheme != version->scheme)
        return false;
    return rule->scheme == VERSION_SEMVER ? semver_rule_matches(&rule->semver, &version->semver)
                                          : version_rule_matches(&rule->seed, version);
}
