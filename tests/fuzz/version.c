/* Versions and rules of both schemes. Input: a rule, a newline, a version; each is read as the other, too. */
#include <stdarg.h>

#include "fuzz.h"
#include "semver.h"
#include "version_rule.h"

static const char *const operators[] = {
    [VERSION_EQUAL] = "=",          [VERSION_NOT_EQUAL] = "!=", [VERSION_LESS] = "<",
    [VERSION_LESS_OR_EQUAL] = "<=", [VERSION_GREATER] = ">",    [VERSION_GREATER_OR_EQUAL] = ">="};

struct text {
    char characters[8192];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(text->characters + text->length, sizeof text->characters - text->length, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
    HOLDS(text->length < sizeof text->characters);
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* Keys order versions of one scheme as versions are ordered, and what may be stored together has different
 * ones (the database's rule: migrations/0009). */
static void check_keys(const struct version *a, const struct version *b)
{
    char a_key[VERSION_ORDER_SIZE], b_key[VERSION_ORDER_SIZE];
    if (a->scheme != b->scheme)
        return;
    version_order(a, a_key);
    version_order(b, b_key);
    HOLDS(sign(strcmp(a_key, b_key)) == sign(version_compare(a, b)));
    HOLDS(sign(version_compare(a, b)) == -sign(version_compare(b, a)));
    a_key[strcspn(a_key, "bv")] = '\0';
    b_key[strcspn(b_key, "bv")] = '\0';
    struct version twin = *b;
    twin.ptype = a->ptype;
    if (a->scheme == VERSION_SEED && version_is_fota(a) == version_is_fota(b))
        HOLDS(version_coexists(a, &twin) == (strcmp(a_key, b_key) != 0));
}

/* Ceilings: what is read is written, and read again. */
static void check_value(enum version_scheme scheme, const char *text)
{
    char canonical[VERSION_TEXT_SIZE], again_text[VERSION_TEXT_SIZE];
    struct version version, again;
    if (version_parse_value(scheme, text, &version, NULL) != STATUS_OK)
        return;
    version_format_value(&version, canonical);
    HOLDS(version_parse_value(scheme, canonical, &again, NULL) == STATUS_OK);
    version_format_value(&again, again_text);
    HOLDS(strcmp(canonical, again_text) == 0 && version_compare(&version, &again) == 0);
}

static bool read_version(const char *text, struct version *version)
{
    struct error error = {0};
    char canonical[VERSION_TEXT_SIZE];
    struct version again;
    if (version_parse(text, version, &error) != STATUS_OK) {
        HOLDS(error.message[0] != '\0');
        return false;
    }
    version_format(version, canonical);
    HOLDS(version_parse(canonical, &again, &error) == STATUS_OK);
    HOLDS(version_compare(version, &again) == 0 && version->ptype == again.ptype &&
          version->fota_class == again.fota_class && version->type == again.type);
    HOLDS(version->scheme == again.scheme && version->scheme == version_scheme_of(text));
    HOLDS(version_value(version) >= 0 && version_value(version) <= 999);
    HOLDS(!version_coexists(version, &again));
    HOLDS(strlen(text) == strlen(canonical) ||
          strlen(text) == strlen(canonical) + 1); /* the template's dot */
    return true;
}

/* What was read is written, read again, and takes the same versions. */
static void check_rule(const char *rule_text, const struct version *version)
{
    struct version_rule rule, again;
    struct error error = {0};
    struct text text = {.length = 0};
    int ptype = version != NULL ? version->ptype : -1;
    if (version_rule_parse(rule_text, ptype, &rule, &error) != STATUS_OK) {
        HOLDS(error.message[0] != '\0');
        return;
    }
    for (int i = 0; i < rule.count; i++) {
        const struct version_term *term = &rule.terms[i];
        append(&text, "%s%s", i == 0 ? "" : term->starts_group ? "||" : " ", operators[term->operator_]);
        if (term->type != 0)
            append(&text, "%c", term->type);
        append(&text, "%d.%d.%d", term->value / 100, term->value / 10 % 10, term->value % 10);
    }
    if (text.length > VERSION_RULE_TEXT_MAX)
        return;
    HOLDS(version_rule_parse(text.characters, ptype, &again, &error) == STATUS_OK);
    HOLDS(rule.count == again.count);
    for (int i = 0; i < rule.count; i++) {
        const struct version_term *a = &rule.terms[i], *b = &again.terms[i];
        HOLDS(a->operator_ == b->operator_ && a->type == b->type && a->value == b->value &&
              a->starts_group == b->starts_group);
    }
    struct version any = {.type = 'v', .major = 1, .revision = 5, .fota_class = 'a'};
    const struct version *probe = version != NULL && version->scheme == VERSION_SEED ? version : &any;
    HOLDS(version_rule_matches(&rule, probe) == version_rule_matches(&again, probe));
}

static bool read_semver(const char *text, struct semver *semver)
{
    struct error error = {0};
    if (semver_parse(text, semver, &error) != STATUS_OK) {
        HOLDS(error.message[0] != '\0');
        return false;
    }
    HOLDS(strcmp(semver->text, text) == 0);
    HOLDS(semver_compare(semver, semver) == 0);
    return true;
}

static void check_order(const struct semver *a, const struct semver *b)
{
    static const char *const others[] = {"0.0.0-0", "1.0.0-alpha.1", "1.0.0", "1.0.0+b", "10.2.3-a.b.11"};
    HOLDS(sign(semver_compare(a, b)) == -sign(semver_compare(b, a)));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct semver c;
        HOLDS(semver_parse(others[i], &c, NULL) == STATUS_OK);
        if (semver_compare(a, b) <= 0 && semver_compare(b, &c) <= 0)
            HOLDS(semver_compare(a, &c) <= 0);
        if (semver_compare(a, b) >= 0 && semver_compare(b, &c) >= 0)
            HOLDS(semver_compare(a, &c) >= 0);
    }
}

static void check_semver_rule(const char *rule_text, const struct semver *version)
{
    struct semver_rule rule, again;
    struct error error = {0};
    struct text text = {.length = 0};
    if (semver_rule_parse(rule_text, &rule, &error) != STATUS_OK) {
        HOLDS(error.message[0] != '\0');
        return;
    }
    for (int i = 0; i < rule.count; i++)
        append(&text, "%s%s%s",
               i == 0                             ? ""
               : rule.terms[i].start.starts_group ? "||"
                                                  : ",",
               operators[rule.terms[i].start.operator_], rule.terms[i].version.text);
    if (text.length > SEMVER_RULE_TEXT_MAX)
        return;
    HOLDS(semver_rule_parse(text.characters, &again, &error) == STATUS_OK);
    HOLDS(rule.count == again.count);
    HOLDS(semver_rule_matches(&rule, version) == semver_rule_matches(&again, version));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *first = fuzz_text(bytes, size);
    char *copy = strdup(fuzz_second_line(first));
    struct version version, other;
    struct semver semver, other_semver;
    bool has_version = read_version(copy, &version);
    if (has_version && read_version(first, &other))
        check_keys(&version, &other);
    check_value(VERSION_SEED, copy);
    check_value(VERSION_SEMVER, copy);
    check_rule(first, has_version ? &version : NULL);
    bool has_semver = read_semver(copy, &semver);
    if (!has_semver)
        HOLDS(semver_parse("1.2.3-rc.1", &semver, NULL) == STATUS_OK);
    if (read_semver(first, &other_semver))
        check_order(&semver, &other_semver);
    check_semver_rule(first, &semver);
    free(copy);
    free(first);
    return 0;
}
