/* orchestratorctl version parse, compare, match and coexist: what is printed, and the exit codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "run_words.h"

#define RUN(...)                                                                                             \
    run((int)(sizeof((const char *[]){"ctl", "version", __VA_ARGS__}) / sizeof(char *)),                     \
        (const char *[]){"ctl", "version", __VA_ARGS__})

static int tear_down(void **state)
{
    (void)state;
    free(printed);
    free(complaints);
    printed = complaints = NULL;
    return 0;
}

/* `text` is `wanted`, or it contains it. */
static void assert_says(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, wanted);
}

static json_t *document(void)
{
    json_error_t where;
    json_t *json = json_loads(printed, 0, &where);
    if (json == NULL)
        fail_msg("%s: %s", where.text, printed);
    return json;
}

static void parse_shows_the_parts_and_refuses(void **state)
{
    (void)state;
    assert_int_equal(RUN("parse", "v1.1.0.t45772(a)", "b1.0.3t7(n)"), EXIT_DONE);
    assert_string_equal(printed,
                        "v1.1.0t45772(a): formal, value 1.1.0, product type 45772, online and local upgrade\n"
                        "b1.0.3t7(n): beta, value 1.0.3, product type 7, no upgrade\n");
    assert_string_equal(complaints, "");
    assert_int_equal(RUN("parse", "v1.1.0t45772(a)", "v1.10.0t45772(a)"), EXIT_REFUSED);
    assert_says(printed, "v1.1.0t45772(a): formal");
    assert_says(complaints, "\"v1.10.0t45772(a)\", character 5 is '0'");
}

static void parse_gives_one_element_for_each_as_json(void **state)
{
    (void)state;
    assert_int_equal(RUN("parse", "--json", "b1.2.3t45772(o)", "nonsense", "\xFF"), EXIT_REFUSED);
    json_t *list = document();
    assert_int_equal(json_array_size(list), 3);
    json_t *wanted = json_pack("{ss sb ss ss si si si si ss sb sb}", "given", "b1.2.3t45772(o)", "valid", 1,
                               "version", "b1.2.3t45772(o)", "type", "b", "major", 1, "minor", 2, "revision",
                               3, "ptype", 45772, "class", "o", "online", 1, "fota", 1);
    assert_true(json_equal(json_array_get(list, 0), wanted));
    json_t *bad = json_array_get(list, 1);
    assert_true(json_is_false(json_object_get(bad, "valid")));
    assert_says(json_string_value(json_object_get(bad, "error")), "character 1 is 'n'");
    assert_true(json_is_null(json_object_get(json_array_get(list, 2), "given"))); /* no UTF-8 */
    json_decref(wanted);
    json_decref(list);
}

static void parse_reads_semantic_versions(void **state)
{
    (void)state;
    assert_int_equal(RUN("parse", "--scheme", "semver", "1.0.0-rc.1+77", "2.0.0"), EXIT_DONE);
    assert_string_equal(printed, "1.0.0-rc.1+77: value 1.0.0, prerelease rc.1, build 77\n"
                                 "2.0.0: value 2.0.0\n");
    assert_int_equal(RUN("parse", "--scheme=semver", "v1.0.0"), EXIT_REFUSED);
    assert_int_equal(RUN("parse", "--scheme", "pep440", "1.0.0"), EXIT_USAGE);
    assert_says(complaints, "allowed is seed or semver");
}

/* With product type and class, as releases and devices have them. */
static void whole_semantic_versions_are_read_too(void **state)
{
    (void)state;
    assert_int_equal(RUN("parse", "--scheme", "semver", "1.4.0-rc.1t45772(a)", "1.0.0+b.7t7(n)"), EXIT_DONE);
    assert_string_equal(
        printed, "1.4.0-rc.1t45772(a): value 1.4.0, prerelease rc.1, product type 45772, online and local "
                 "upgrade\n1.0.0+b.7t7(n): value 1.0.0, build b.7, product type 7, no upgrade\n");
    assert_int_equal(RUN("parse", "--scheme", "semver", "--json", "1.4.0-rc.1t45772(o)"), EXIT_DONE);
    json_t *list = document();
    json_t *wanted =
        json_pack("{ss sb ss ss ss ss ss sn si ss sb sb}", "given", "1.4.0-rc.1t45772(o)", "valid", 1,
                  "version", "1.4.0-rc.1t45772(o)", "major", "1", "minor", "4", "patch", "0", "prerelease",
                  "rc.1", "build", "ptype", 45772, "class", "o", "online", 1, "fota", 1);
    assert_true(json_equal(json_array_get(list, 0), wanted));
    json_decref(wanted);
    json_decref(list);
    assert_int_equal(RUN("parse", "--scheme", "semver", "1.4.0-01t7(a)"), EXIT_REFUSED);
    assert_says(complaints, "character 7 is '0'");
    assert_int_equal(RUN("parse", "1.4.0t7(a)"),
                     EXIT_REFUSED); /* the seed's is the scheme when none is given */
    assert_int_equal(RUN("parse", "--scheme", "semver", "v1.4.0t7(a)"), EXIT_REFUSED);
    assert_int_equal(RUN("compare", "--scheme", "semver", "1.4.0-rc.1t7(a)", "1.4.0t7(n)"), EXIT_DONE);
    assert_says(printed, "is older than");
    assert_int_equal(RUN("compare", "--scheme", "semver", "1.4.0-rc.1t7(a)", "1.4.0t8(a)"), EXIT_REFUSED);
    assert_says(complaints, "different product types");
    assert_int_equal(RUN("compare", "--scheme", "semver", "1.4.0-rc.1t7(a)", "1.4.0"), EXIT_DONE);
    assert_int_equal(RUN("match", "--scheme", "semver", ">=1.4.0-rc <1.4.0", "1.4.0-rc.1t7(a)"), EXIT_DONE);
    assert_int_equal(RUN("match", "--scheme", "semver", ">=v1.4.0", "1.4.0-rc.1t7(a)"), EXIT_USAGE);
    assert_int_equal(RUN("coexist", "--scheme", "semver", "1.4.0t7(a)", "1.4.0+bt7(n)", "1.4.0t8(a)"),
                     EXIT_DONE);
    assert_int_equal(RUN("coexist", "--scheme", "semver", "1.4.0+at7(a)", "1.4.0+bt7(o)"), EXIT_REFUSED);
    assert_string_equal(printed, "1.4.0+at7(a) and 1.4.0+bt7(o) cannot co-exist: product type 7 may have one "
                                 "FOTA-capable (o, l or a) version of precedence 1.4.0\n");
    assert_int_equal(RUN("coexist", "--scheme", "semver", "1.4.0t7(a)", "1.4.0"), EXIT_USAGE);
    assert_says(complaints, "has no product type");
}

static void compare_says_which_is_newer(void **state)
{
    (void)state;
    assert_int_equal(RUN("compare", "v1.0.5t45772(a)", "v1.1.0t45772(a)"), EXIT_DONE);
    assert_string_equal(printed, "v1.0.5t45772(a) is older than v1.1.0t45772(a)\n");
    assert_int_equal(RUN("compare", "v1.1.0t45772(a)", "b1.1.0t45772(a)"), EXIT_DONE);
    assert_string_equal(printed, "v1.1.0t45772(a) is newer than b1.1.0t45772(a)\n");
    assert_int_equal(RUN("compare", "v1.1.0t45772(a)", "v1.1.0t45772(n)"), EXIT_DONE);
    assert_string_equal(printed, "v1.1.0t45772(a) is neither older nor newer than v1.1.0t45772(n)\n");
    assert_int_equal(RUN("compare", "1.0.0-alpha", "1.0.0-1", "--scheme", "semver", "--json"), EXIT_DONE);
    json_t *json = document();
    assert_int_equal(json_integer_value(json_object_get(json, "order")), 1);
    assert_string_equal(json_string_value(json_object_get(json, "a_is")), "newer");
    json_decref(json);
}

static void compare_refuses_what_has_no_order(void **state)
{
    (void)state;
    assert_int_equal(RUN("compare", "v1.0.5t45772(a)", "v1.1.0t12335(a)"), EXIT_REFUSED);
    assert_says(complaints, "different product types");
    assert_int_equal(RUN("compare", "v1.0.5t45772(a)", "v1.1.0"), EXIT_USAGE);
    assert_says(complaints, "\"v1.1.0\" ends at character 7");
    assert_string_equal(printed, "");
}

static void match_answers_with_its_exit_code(void **state)
{
    (void)state;
    assert_int_equal(RUN("match", ">=v1.0.0 <v1.2.0", "v1.1.0t45772(a)"), EXIT_DONE);
    assert_string_equal(printed, "v1.1.0t45772(a) matches \">=v1.0.0 <v1.2.0\"\n");
    assert_int_equal(RUN("match", ">=v1.0.0 <v1.1.0", "v1.1.0t45772(a)"), EXIT_REFUSED);
    assert_string_equal(printed, "v1.1.0t45772(a) does not match \">=v1.0.0 <v1.1.0\"\n");
    assert_int_equal(RUN("match", "<1.1.0", "1.1.0-rc.1", "--scheme", "semver"), EXIT_DONE);
    assert_int_equal(RUN("match", "1.1.0", "b1.1.0t45772(a)", "--json"), EXIT_DONE);
    json_t *json = document();
    assert_true(json_is_true(json_object_get(json, "matches")));
    json_decref(json);
    assert_int_equal(RUN("match", ">=", "v1.1.0t45772(a)"), EXIT_USAGE);
    assert_says(complaints, "version rule \">=\" ends at character 3");
    assert_int_equal(RUN("match", "=v1.1.0t12335(a)", "v1.1.0t45772(a)"), EXIT_USAGE);
    assert_says(complaints, "product type 12335, but the rule is for 45772");
}

static void coexist_names_every_pair_of_rivals(void **state)
{
    (void)state;
    assert_int_equal(RUN("coexist", "b1.0.3t12335(n)", "b1.0.3t45772(n)", "v1.0.3t45772(a)"), EXIT_DONE);
    assert_string_equal(printed, "3 versions may co-exist\n");
    assert_int_equal(
        RUN("coexist", "v1.0.3t45772(o)", "b1.0.3t45772(l)", "v1.0.3t45772(n)", "b1.0.3t45772(n)"),
        EXIT_REFUSED);
    assert_string_equal(
        printed, "v1.0.3t45772(o) and b1.0.3t45772(l) cannot co-exist: product type 45772 may have one "
                 "FOTA-capable (o, l or a) version of value 1.0.3\n"
                 "v1.0.3t45772(n) and b1.0.3t45772(n) cannot co-exist: product type 45772 may have one "
                 "non-FOTA (n) version of value 1.0.3\n");
    assert_int_equal(RUN("coexist", "v1.0.3t45772(o)", "v1.0.3t45772(o)", "--json"), EXIT_REFUSED);
    json_t *json = document();
    assert_true(json_is_false(json_object_get(json, "coexist")));
    assert_int_equal(json_array_size(json_object_get(json, "rivals")), 1);
    json_decref(json);
    assert_int_equal(RUN("coexist", "v1.0.3t45772(o)", "v1.0.3"), EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_shows_the_parts_and_refuses),
        cmocka_unit_test(parse_gives_one_element_for_each_as_json),
        cmocka_unit_test(parse_reads_semantic_versions),
        cmocka_unit_test(whole_semantic_versions_are_read_too),
        cmocka_unit_test(compare_says_which_is_newer),
        cmocka_unit_test(compare_refuses_what_has_no_order),
        cmocka_unit_test(match_answers_with_its_exit_code),
        cmocka_unit_test(coexist_names_every_pair_of_rivals),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
