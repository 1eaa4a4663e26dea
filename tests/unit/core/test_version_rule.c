/* Version rules: which running versions a selector takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "version_rule.h"

static struct version_rule parse(const char *text)
{
    struct version_rule rule = {0};
    struct error error = {0};
    if (version_rule_parse(text, 45772, &rule, &error) != STATUS_OK)
        fail_msg("\"%s\": %s", text, error.message);
    return rule;
}

/* value 0 to 999, type 'v' or 'b' */
static struct version make(int value, char type)
{
    return (struct version){.type = type,
                            .major = value / 100,
                            .minor = value / 10 % 10,
                            .revision = value % 10,
                            .ptype = 45772,
                            .fota_class = 'a'};
}

static bool matches(const char *rule_text, const char *version_text)
{
    struct version_rule rule = parse(rule_text);
    struct version version;
    assert_int_equal(version_parse(version_text, &version, NULL), STATUS_OK);
    return version_rule_matches(&rule, &version);
}

static void rules_take_the_versions_they_name(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *version;
        bool takes;
    } cases[] = {
        {"", "v1.0.5t45772(a)", true},
        {"  ", "b0.0.0t45772(a)", true},
        {"*", "v1.0.5t45772(n)", true},
        {" * ", "v1.0.5t45772(n)", true},
        {"1.0.5", "v1.0.5t45772(a)", true},
        {"1.0.5", "b1.0.5t45772(a)", true},
        {"=1.0.5", "b1.0.5t45772(a)", true},
        {"=v1.0.5", "b1.0.5t45772(a)", false},
        {"v1.0.5", "v1.0.5t45772(a)", true},
        {"b1.0.5", "v1.0.5t45772(a)", false},
        {"!=1.0.5", "b1.0.5t45772(a)", false},
        {"!=v1.0.5", "b1.0.5t45772(a)", true},
        {"<v1.1.0", "b1.1.0t45772(a)", true},
        {"<1.1.0", "b1.1.0t45772(a)", false},
        {"<=1.1.0", "b1.1.0t45772(a)", true},
        {">b1.1.0", "v1.1.0t45772(a)", true},
        {">1.1.0", "v1.1.0t45772(a)", false},
        {">=v1.1.0", "b1.1.0t45772(a)", false},
        {">=v1.0.0 <v1.1.0", "v1.0.5t45772(a)", true},
        {">=v1.0.0 <v1.1.0", "v1.1.0t45772(a)", false},
        {">=v1.0.0 <v1.1.0", "v0.9.9t45772(a)", false},
        {">= v1.0.0,< v1.1.0", "v1.0.9t45772(a)", true},
        {">=v1.0.0 , <v1.1.0", "v1.1.0t45772(a)", false},
        {"<1.0.0 || 1.0.3 || >2.0.0 !=2.5.0", "v1.0.3t45772(a)", true},
        {"<1.0.0 || 1.0.3 || >2.0.0 !=2.5.0", "v0.1.0t45772(a)", true},
        {"<1.0.0 || 1.0.3 || >2.0.0 !=2.5.0", "v2.5.0t45772(a)", false},
        {"<1.0.0 || 1.0.3 || >2.0.0 !=2.5.0", "v2.5.1t45772(a)", true},
        {"<1.0.0||1.0.3", "v1.0.4t45772(a)", false},
        {"=v1.0.5t45772(a)", "v1.0.5t45772(o)", true},
        {">=v1.0.0t45772(a) <v1.1.0.t45772(n)", "v1.0.5t45772(o)", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (matches(cases[i].rule, cases[i].version) != cases[i].takes)
            fail_msg("\"%s\" and %s", cases[i].rule, cases[i].version);
    }
}

/* Each operator, with each type, against every version there is: 18 rules and 2000 versions, against the
 * definition written another way. */
static void every_operator_agrees_with_its_definition(void **state)
{
    (void)state;
    static const char *const operators[] = {"=", "!=", "<", "<=", ">", ">="};
    static const char *const types[] = {"", "v", "b"};
    for (int which = 0; which < 18; which++) {
        char text[32];
        const char *operator_ = operators[which / 3], *type = types[which % 3];
        snprintf(text, sizeof text, "%s%s4.5.6", operator_, type);
        struct version_rule rule = parse(text);
        for (int number = 0; number < 2000; number++) {
            struct version version = make(number / 2, number % 2 == 0 ? 'b' : 'v');
            /* places on a line of half steps: beta first, then formal */
            int place = *type == '\0' ? number / 2 * 2 : number;
            int wanted_place = 456 * 2 + (*type == 'v');
            bool wanted =
                (strchr(operator_, '<') != NULL && place < wanted_place) ||
                (strchr(operator_, '>') != NULL && place > wanted_place) ||
                (strcmp(operator_, "!=") == 0 ? place != wanted_place
                                              : strchr(operator_, '=') != NULL && place == wanted_place);
            if (version_rule_matches(&rule, &version) != wanted)
                fail_msg("%s and place %d", text, number);
        }
    }
}

static void what_is_not_a_rule_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place;
    } cases[] = {
        {"latest", "character 1 is 'l'"},
        {">=", "ends at character 3: expected a version"},
        {"=> 1.0.0", "character 2 is '>'"},
        {"== 1.0.0", "character 2 is '='"},
        {"~1.0.0", "character 1 is '~'"},
        {"1.0", "ends at character 4"},
        {"1.0.10", "character 6 is '0'"},
        {">=v1.0.0<v1.1.0", "character 9 is '<'"},
        {"1.0.0,", "ends at character 7"},
        {"1.0.0,,1.0.1", "character 7 is ','"},
        {"1.0.0 | 1.0.1", "character 8 is a space: expected a second '|'"},
        {"1.0.0 ||", "ends at character 9"},
        {"|| 1.0.0", "character 1 is '|'"},
        {"* || 1.0.0", "character 3 is '|'"},
        {"1.0.0 *", "character 7 is '*'"},
        {"v1.0.0t12335(a)", "character 7: product type 12335, but the rule is for 45772"},
        {"v1.0.0t45772", "ends at character 13"},
        {"v1.0.0t45772(x)", "character 14 is 'x'"},
        {"v1.0.0\n", "character 7 is byte 0x0a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct version_rule rule = {.count = -1};
        struct error error = {0};
        assert_int_equal(version_rule_parse(cases[i].text, 45772, &rule, &error), STATUS_INVALID);
        if (strstr(error.message, cases[i].place) == NULL)
            fail_msg("\"%s\" gives: %s", cases[i].text, error.message);
        assert_int_equal(rule.count, -1);
    }
}

static void without_a_ptype_the_first_tail_decides(void **state)
{
    (void)state;
    struct version_rule rule;
    struct error error = {0};
    assert_int_equal(version_rule_parse(">=v1.0.0t7(a) <v1.1.0t7(o)", -1, &rule, &error), STATUS_OK);
    assert_int_equal(version_rule_parse(">=v1.0.0t7(a) <v1.1.0t8(a)", -1, &rule, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "product type 8, but the rule is for 7"));
}

static void a_rule_has_limits(void **state)
{
    (void)state;
    char text[VERSION_RULE_TEXT_MAX + 2] = "";
    struct version_rule rule;
    struct error error = {0};
    for (int i = 0; i < VERSION_RULE_TERMS_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "!=1.0.%x ", i % 10);
    assert_int_equal(version_rule_parse(text, -1, &rule, &error), STATUS_OK);
    assert_int_equal(rule.count, VERSION_RULE_TERMS_MAX);
    snprintf(text + strlen(text), sizeof text - strlen(text), "2.0.0");
    assert_int_equal(version_rule_parse(text, -1, &rule, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "more than 16 terms"));
    memset(text, ' ', sizeof text - 1);
    text[VERSION_RULE_TEXT_MAX + 1] = '\0';
    assert_int_equal(version_rule_parse(text, -1, &rule, &error), STATUS_INVALID);
    text[VERSION_RULE_TEXT_MAX] = '\0';
    assert_int_equal(version_rule_parse(text, -1, &rule, &error), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_take_the_versions_they_name),
        cmocka_unit_test(every_operator_agrees_with_its_definition),
        cmocka_unit_test(what_is_not_a_rule_is_refused_at_its_place),
        cmocka_unit_test(without_a_ptype_the_first_tail_decides),
        cmocka_unit_test(a_rule_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
