/* Versions of the scheme semver, and the key that both schemes are ordered by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "version_rule.h"

static struct version parse(const char *text)
{
    struct version version = {0};
    struct error error = {0};
    if (version_parse(text, &version, &error) != STATUS_OK)
        fail_msg("%s: %s", text, error.message);
    return version;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* --- reading --- */

static void the_tail_is_read_from_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *text, *semver;
        int ptype;
        char fota_class;
    } cases[] = {
        {"1.4.0-rc.1t45772(a)", "1.4.0-rc.1", 45772, 'a'},
        {"0.0.0t0(n)", "0.0.0", 0, 'n'},
        {"1.0.0-t5t45772(o)", "1.0.0-t5", 45772, 'o'}, /* a `t` with digits in the prerelease */
        {"1.0.0-rct7(l)", "1.0.0-rc", 7, 'l'},
        {"1.0.0-t.t.tt7(l)", "1.0.0-t.t.t", 7, 'l'},
        {"1.0.0+t1t2t3(a)", "1.0.0+t1t2", 3, 'a'},
        {"1.0.0-alpha-1+exp.sha.5114f85t2147483647(a)", "1.0.0-alpha-1+exp.sha.5114f85", 2147483647, 'a'},
        {"1.4.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaat45772(a)", /* 63 characters */
         "1.4.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 45772, 'a'},
        {"99999999999999999999.999999999999999999.99999999999999999t1(a)",
         "99999999999999999999.999999999999999999.99999999999999999", 1, 'a'},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[VERSION_TEXT_SIZE], value[VERSION_TEXT_SIZE];
        struct version version = parse(cases[i].text);
        assert_int_equal(version.scheme, VERSION_SEMVER);
        assert_string_equal(version.semver.text, cases[i].semver);
        assert_int_equal(version.ptype, cases[i].ptype);
        assert_int_equal(version.fota_class, cases[i].fota_class);
        version_format(&version, text);
        assert_string_equal(text, cases[i].text);
        version_format_value(&version, value);
        assert_string_equal(value, cases[i].semver);
    }
}

static void a_scheme_that_is_asked_for_is_the_only_one(void **state)
{
    (void)state;
    struct version version;
    struct error error;
    assert_int_equal(version_parse_as(VERSION_SEED, "1.0.2t45772(a)", &version, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "character 1 is '1': expected 'v' (formal) or 'b' (beta)"));
    assert_int_equal(version_parse_as(VERSION_SEMVER, "v1.0.2t45772(a)", &version, &error), STATUS_INVALID);
    assert_int_equal(version_parse_as(VERSION_SEMVER, "1.0.2t45772(a)", &version, &error), STATUS_OK);
    enum version_scheme scheme;
    assert_true(version_scheme_parse("semver", &scheme) && scheme == VERSION_SEMVER);
    assert_false(version_scheme_parse("pep440", &scheme));
    assert_string_equal(version_scheme_name(VERSION_SEED), "seed");
}

static void a_value_has_no_product_type(void **state)
{
    (void)state;
    static const struct {
        enum version_scheme scheme;
        const char *text, *canonical; /* NULL: refused */
    } cases[] = {
        {VERSION_SEED, "v1.4.0", "v1.4.0"},
        {VERSION_SEED, "b1.4.0", "b1.4.0"},
        {VERSION_SEED, "1.4.0", "v1.4.0"},
        {VERSION_SEED, "v1.4.0t45772(a)", NULL},
        {VERSION_SEED, "v1.4", NULL},
        {VERSION_SEED, "1.10.0", NULL},
        {VERSION_SEED, "", NULL},
        {VERSION_SEED, "1.4.0-rc.1", NULL},
        {VERSION_SEMVER, "1.4.0", "1.4.0"},
        {VERSION_SEMVER, "2.0.0-rc.1+b", "2.0.0-rc.1+b"},
        {VERSION_SEMVER, "v1.4.0", NULL},
        {VERSION_SEMVER, "1.4.0t1(a)", NULL},
        {VERSION_SEMVER, "1.4.0-0123456789a0123456789a0123456789a012", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct version version;
        struct error error = {0};
        char text[VERSION_TEXT_SIZE];
        bool good = version_parse_value(cases[i].scheme, cases[i].text, &version, &error) == STATUS_OK;
        if (good != (cases[i].canonical != NULL))
            fail_msg("\"%s\": %s", cases[i].text, error.message);
        if (!good)
            continue;
        version_format_value(&version, text);
        assert_string_equal(text, cases[i].canonical);
    }
}

/* --- what stands beside what --- */

static void one_of_each_kind_a_precedence(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool together;
    } cases[] = {
        {"1.0.0t7(a)", "1.0.0t7(a)", false},          {"1.0.0t7(a)", "1.0.0t7(o)", false},
        {"1.0.0t7(a)", "1.0.0t7(n)", true},           {"1.0.0t7(n)", "1.0.0+2t7(n)", false},
        {"1.0.0+1t7(a)", "1.0.0+2t7(l)", false},      {"1.0.0-rc.1t7(a)", "1.0.0t7(a)", true},
        {"1.0.0-rc.1t7(a)", "1.0.0-rc.2t7(a)", true}, {"1.0.0t7(a)", "1.0.0t8(a)", true},
        {"1.0.0t7(a)", "v1.0.0t7(a)", false}, /* a ptype has one scheme */
        {"1.0.0t7(a)", "v1.0.0t8(a)", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct version a = parse(cases[i].a), b = parse(cases[i].b);
        if (version_coexists(&a, &b) != cases[i].together || version_coexists(&b, &a) != cases[i].together)
            fail_msg("%s with %s", cases[i].a, cases[i].b);
    }
}

static void rules_are_of_the_scheme_of_the_version(void **state)
{
    (void)state;
    struct scheme_rule rule;
    struct error error;
    struct version seed = parse("v1.0.5t7(a)"), semver = parse("1.0.5-rc.1t7(a)");
    assert_int_equal(scheme_rule_parse(">=1.0.5-rc.0 <1.0.5", VERSION_SEMVER, 7, &rule, &error), STATUS_OK);
    assert_true(scheme_rule_matches(&rule, &semver));
    assert_false(scheme_rule_matches(&rule, &seed));
    assert_int_equal(scheme_rule_parse("", VERSION_SEMVER, 7, &rule, &error), STATUS_OK);
    assert_false(scheme_rule_matches(&rule, &seed));
    assert_int_equal(scheme_rule_parse("*", VERSION_SEED, 7, &rule, &error), STATUS_OK);
    assert_true(scheme_rule_matches(&rule, &seed));
    assert_false(scheme_rule_matches(&rule, &semver));
    assert_int_equal(scheme_rule_parse(">=v1.0.5", VERSION_SEMVER, 7, &rule, &error), STATUS_INVALID);
    assert_int_equal(scheme_rule_parse(">=1.0.5-rc.1", VERSION_SEED, 7, &rule, &error), STATUS_INVALID);
}

/* --- the key --- */

/* Both ways of comparing say the same, both ways round. */
static void check_pair(const struct version *a, const struct version *b)
{
    char a_key[VERSION_ORDER_SIZE], b_key[VERSION_ORDER_SIZE];
    version_order(a, a_key);
    version_order(b, b_key);
    int wanted = sign(version_compare(a, b));
    if (sign(strcmp(a_key, b_key)) != wanted || sign(strcmp(b_key, a_key)) != -wanted)
        fail_msg("%s (%s) and %s (%s) compare as %d", a->semver.text, a_key, b->semver.text, b_key, wanted);
}

static void keys_are_as_they_are_written_down(void **state)
{
    (void)state;
    static const struct {
        const char *version, *key;
    } cases[] = {
        {"v1.0.5t7(a)", "105v"},
        {"b0.0.1t7(n)", "001b"},
        {"1.4.0t7(a)", "011014010~"},
        {"1.4.0+b.7t7(a)", "011014010~"},
        {"1.4.0-rc.1t7(a)", "011014010-@rc,#011"},
        {"10.200.0-1.b.vt7(a)", "02100320"
                                "0010-#011@b,@v,"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char key[VERSION_ORDER_SIZE];
        struct version version = parse(cases[i].version);
        version_order(&version, key);
        assert_string_equal(key, cases[i].key);
    }
}

static void keys_of_the_seeds_versions_sort_as_they_do(void **state)
{
    (void)state;
    char before[VERSION_ORDER_SIZE] = "", key[VERSION_ORDER_SIZE];
    for (int value = 0; value < 1000; value++) {
        for (int formal = 0; formal < 2; formal++) {
            struct version version = {.type = "bv"[formal],
                                      .major = value / 100,
                                      .minor = value / 10 % 10,
                                      .revision = value % 10,
                                      .fota_class = 'a'};
            version_order(&version, key);
            assert_true(strcmp(before, key) < 0);
            memcpy(before, key, sizeof key);
        }
    }
}

/* The list of semver.org's section 11, and what is near the edges; in order. */
static void keys_of_a_list_in_order_sort_as_the_list(void **state)
{
    (void)state;
    static const char *const list[] = {"0.0.0-0",
                                       "0.0.0",
                                       "0.0.1",
                                       "0.9.0",
                                       "0.10.0",
                                       "1.0.0-0",
                                       "1.0.0-0.a",
                                       "1.0.0-1",
                                       "1.0.0-2",
                                       "1.0.0-10",
                                       "1.0.0-99999999999999999999",
                                       "1.0.0-100000000000000000000",
                                       "1.0.0--",
                                       "1.0.0--.0",
                                       "1.0.0---",
                                       "1.0.0--1",
                                       "1.0.0-0a",
                                       "1.0.0-A",
                                       "1.0.0-A.1",
                                       "1.0.0-A-",
                                       "1.0.0-Z",
                                       "1.0.0-alpha",
                                       "1.0.0-alpha.0",
                                       "1.0.0-alpha.1",
                                       "1.0.0-alpha.1.0",
                                       "1.0.0-alpha.1.a",
                                       "1.0.0-alpha.2",
                                       "1.0.0-alpha.10",
                                       "1.0.0-alpha.beta",
                                       "1.0.0-alpha-",
                                       "1.0.0-alpha0",
                                       "1.0.0-beta",
                                       "1.0.0-beta.2",
                                       "1.0.0-beta.11",
                                       "1.0.0-rc.1",
                                       "1.0.0",
                                       "1.0.1",
                                       "1.2.0",
                                       "1.10.0",
                                       "2.0.0",
                                       "2.1.0",
                                       "2.1.1",
                                       "9.9.9",
                                       "10.0.0-a",
                                       "10.0.0",
                                       "99999999999999999999.0.0",
                                       "100000000000000000000.0.0"};
    size_t count = sizeof list / sizeof list[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct version a, b;
            assert_int_equal(version_parse_value(VERSION_SEMVER, list[i], &a, NULL), STATUS_OK);
            assert_int_equal(version_parse_value(VERSION_SEMVER, list[j], &b, NULL), STATUS_OK);
            if (sign(version_compare(&a, &b)) != (i > j) - (i < j))
                fail_msg("%s and %s", list[i], list[j]);
            check_pair(&a, &b);
        }
    }
}

static void put_random(char *text, size_t *used, const char *characters, int most)
{
    for (int length = 1 + rand() % most; length > 0; length--)
        text[(*used)++] = characters[(size_t)rand() % strlen(characters)];
}

/* Few characters, so that versions that begin alike are many. */
static struct version random_version(void)
{
    for (;;) {
        char text[80];
        size_t used = 0;
        struct version version;
        for (int i = 0; i < 3; i++) {
            if (i > 0)
                text[used++] = '.';
            put_random(text, &used, "0129", rand() % 8 == 0 ? 12 : 1);
        }
        for (int i = rand() % 4; i > 0; i--) {
            text[used] = memchr(text, '-', used) == NULL ? '-' : '.';
            used++;
            put_random(text, &used, rand() % 2 == 0 ? "019" : "0-Abv", 3);
        }
        if (rand() % 4 == 0) {
            text[used++] = '+';
            put_random(text, &used, "0b.", 3);
        }
        text[used] = '\0';
        if (version_parse_value(VERSION_SEMVER, text, &version, NULL) == STATUS_OK)
            return version;
    }
}

static void keys_of_random_versions_sort_as_they_do(void **state)
{
    (void)state;
    int equal = 0;
    srand(20160801);
    for (int i = 0; i < 200000; i++) {
        struct version a = random_version(), b = random_version();
        equal += version_compare(&a, &b) == 0;
        check_pair(&a, &b);
        char key[VERSION_ORDER_SIZE];
        version_order(&a, key);
        assert_null(strchr("bv", key[strlen(key) - 1])); /* what the database strips of the seed's keys */
    }
    assert_true(equal > 100);
}

static void the_longest_key_fits(void **state)
{
    (void)state;
    char text[VERSION_TEXT_SIZE] = "1.0.0-0";
    char key[VERSION_ORDER_SIZE];
    size_t used = strlen(text), identifiers = 1;
    for (; used + 2 + strlen("t0(a)") < sizeof text; identifiers++)
        used += (size_t)snprintf(text + used, sizeof text - used, ".0");
    snprintf(text + used, sizeof text - used, "t0(a)");
    struct version version = parse(text);
    version_order(&version, key);
    assert_int_equal(strlen(key), 3 * 3 + 1 + identifiers * 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tail_is_read_from_the_end),
        cmocka_unit_test(a_scheme_that_is_asked_for_is_the_only_one),
        cmocka_unit_test(a_value_has_no_product_type),
        cmocka_unit_test(one_of_each_kind_a_precedence),
        cmocka_unit_test(rules_are_of_the_scheme_of_the_version),
        cmocka_unit_test(keys_are_as_they_are_written_down),
        cmocka_unit_test(keys_of_the_seeds_versions_sort_as_they_do),
        cmocka_unit_test(keys_of_a_list_in_order_sort_as_the_list),
        cmocka_unit_test(keys_of_random_versions_sort_as_they_do),
        cmocka_unit_test(the_longest_key_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
