/* Semantic versions: the specification's own examples, strict reading, precedence, and rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "semver.h"

static struct semver parse(const char *text)
{
    struct semver semver = {0};
    struct error error = {0};
    if (semver_parse(text, &semver, &error) != STATUS_OK)
        fail_msg("%s: %s", text, error.message);
    return semver;
}

static void what_the_specification_allows_is_read(void **state)
{
    (void)state;
    static const char *const good[] = {
        /* sections 2, 9 and 10 */
        "1.9.0", "1.10.0", "1.11.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-0.3.7", "1.0.0-x.7.z.92",
        "1.0.0-x-y-z.--", "1.0.0-alpha+001", "1.0.0+20130313144700", "1.0.0-beta+exp.sha.5114f85",
        "1.0.0+21AF26D3---117B344092BD",
        /* the edges of the grammar */
        "0.0.0", "0.0.4", "10.20.30", "1.0.0-0", "1.0.0--", "1.0.0-0a", "1.0.0-01a", "1.0.0-00-", "1.0.0+00",
        "1.0.0-a.b-c.0", "1.2.3----RC-SNAPSHOT.12.9.1--.12+788", "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
        "99999999999999999999999.999999999999999999.99999999999999999"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_string_equal(parse(good[i]).text, good[i]);
}

static void the_parts_are_told_apart(void **state)
{
    (void)state;
    struct semver semver = parse("1.22.333-rc.1-x+b.7-c");
    assert_int_equal(semver.numbers[1].start, 2);
    assert_int_equal(semver.numbers[1].length, 2);
    assert_int_equal(semver.numbers[2].length, 3);
    assert_memory_equal(semver.text + semver.prerelease.start, "rc.1-x", semver.prerelease.length);
    assert_int_equal(semver.prerelease.length, 6);
    assert_memory_equal(semver.text + semver.build.start, "b.7-c", semver.build.length);
    assert_int_equal(semver.build.length, 5);
    semver = parse("1.2.3+b-7");
    assert_int_equal(semver.prerelease.length, 0);
    assert_int_equal(semver.build.length, 3);
}

static void anything_else_is_refused_at_the_character_at_fault(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "ends at character 1: expected a digit"},
        {"1", "ends at character 2: expected '.'"},
        {"1.2", "ends at character 4: expected '.'"},
        {"1.2.", "ends at character 5: expected a digit"},
        {"v1.2.3", "character 1 is 'v': expected a digit"},
        {"01.2.3", "character 2 is '1': expected no digit after a leading zero"},
        {"1.02.3", "character 4 is '2'"},
        {"1.2.03", "character 6 is '3'"},
        {"1.2.3.4", "character 6 is '.': expected '-' and a prerelease"},
        {"1.2.3-", "ends at character 7: expected an identifier"},
        {"1.2.3-a..b", "character 9 is '.': expected an identifier"},
        {"1.2.3-01", "character 7 is '0': expected a numeric identifier without leading zeros"},
        {"1.2.3-a.00", "character 9 is '0'"},
        {"1.2.3-a_b", "character 8 is '_': expected '+' and build metadata, or the end"},
        {"1.2.3+", "ends at character 7: expected an identifier"},
        {"1.2.3+a+b", "character 8 is '+': expected nothing more"},
        {"1.2.3+a.", "ends at character 9"},
        {"-1.2.3", "character 1 is '-'"},
        {" 1.2.3", "character 1 is a space"},
        {"1.2.3 ", "character 6 is a space"},
        {"1.2.3\n", "character 6 is byte 0x0a"},
        {"1.2.\xC2\xB2", "character 5 is byte 0xc2"},
        {"v1.1.0t45772(a)", "character 1 is 'v'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct semver semver = parse("7.7.7");
        struct error error = {0};
        assert_int_equal(semver_parse(bad[i].text, &semver, &error), STATUS_INVALID);
        if (strstr(error.message, bad[i].message) == NULL)
            fail_msg("\"%s\": %s", bad[i].text, error.message);
        assert_string_equal(semver.text, "7.7.7"); /* untouched */
    }
}

static void the_longest_version_is_read_and_one_more_character_is_refused(void **state)
{
    (void)state;
    char text[SEMVER_TEXT_MAX + 2];
    struct semver semver;
    struct error error = {0};
    memset(text, '9', sizeof text);
    memcpy(text, "1.0.0-", 6);
    text[SEMVER_TEXT_MAX] = '\0';
    assert_string_equal(parse(text).text, text);
    text[SEMVER_TEXT_MAX] = '9';
    text[SEMVER_TEXT_MAX + 1] = '\0';
    assert_int_equal(semver_parse(text, &semver, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "128 characters; at most 127"));
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* Every pair of an ascending list, both ways round. */
static void assert_ascending(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct semver a = parse(texts[i]), b = parse(texts[j]);
            if (sign(semver_compare(&a, &b)) != (i > j) - (i < j))
                fail_msg("%s with %s", texts[i], texts[j]);
        }
    }
}

static void precedence_is_that_of_section_11(void **state)
{
    (void)state;
    static const char *const numbers[] = {"1.0.0", "2.0.0", "2.1.0", "2.1.1"};
    static const char *const prereleases[] = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                              "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                              "1.0.0-rc.1",  "1.0.0"};
    static const char *const others[] = {"0.9.10",
                                         "0.10.0",
                                         "1.0.0-0",
                                         "1.0.0-2",
                                         "1.0.0-10",
                                         "1.0.0-10.a",
                                         "1.0.0--",
                                         "1.0.0-1a",
                                         "1.0.0-A",
                                         "1.0.0-a",
                                         "1.0.0-a.0",
                                         "1.0.0-a-",
                                         "1.0.0-aa",
                                         "1.0.0",
                                         "1.0.1-a",
                                         "18446744073709551615.0.0",
                                         "18446744073709551616.0.0",
                                         "99999999999999999999999.0.0"};
    assert_ascending(numbers, sizeof numbers / sizeof numbers[0]);
    assert_ascending(prereleases, sizeof prereleases / sizeof prereleases[0]);
    assert_ascending(others, sizeof others / sizeof others[0]);
}

static void build_metadata_does_not_count(void **state)
{
    (void)state;
    struct semver a = parse("1.0.0-rc.1+001"), b = parse("1.0.0-rc.1+exp.sha"), c = parse("1.0.0-rc.1");
    assert_int_equal(semver_compare(&a, &b), 0);
    assert_int_equal(semver_compare(&a, &c), 0);
}

static void rules_take_the_versions_they_name(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *version;
        bool takes;
    } cases[] = {
        {"", "1.0.0", true},
        {" * ", "1.0.0-a", true},
        {"1.0.0", "1.0.0+b", true},
        {"=1.0.0+a", "1.0.0+b", true},
        {"1.0.0", "1.0.0-a", false},
        {"!=1.0.0", "1.0.0-a", true},
        {">=1.0.0 <2.0.0", "1.10.3", true},
        {">=1.0.0, <2.0.0", "2.0.0", false},
        {">=1.0.0 <2.0.0", "2.0.0-rc.1", true},
        {">=1.0.0 <2.0.0-0", "2.0.0-rc.1", false},
        {"> 1.0.0-rc.1 <= 1.0.0", "1.0.0-rc.2", true},
        {"> 1.0.0-rc.1 <= 1.0.0", "1.0.0-rc.1", false},
        {"<1.0.0 || =2.5.0", "2.5.0", true},
        {"<1.0.0||=2.5.0", "0.1.0", true},
        {"<1.0.0 || =2.5.0", "1.7.0", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct semver_rule rule;
        struct error error = {0};
        struct semver version = parse(cases[i].version);
        if (semver_rule_parse(cases[i].rule, &rule, &error) != STATUS_OK)
            fail_msg("\"%s\": %s", cases[i].rule, error.message);
        if (semver_rule_matches(&rule, &version) != cases[i].takes)
            fail_msg("\"%s\" with %s", cases[i].rule, cases[i].version);
    }
}

static void what_is_no_rule_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {">=", "ends at character 3: expected a digit"},
        {"v1.0.0", "character 1 is 'v': expected = != < <= > >= or a version"},
        {">=1.0", "ends at character 6: expected '.'"},
        {">=1.0.0 | <2.0.0", "character 10 is a space: expected a second '|'"},
        {">=1.0.0 ||", "ends at character 11"},
        {"1.0.0,", "ends at character 7"},
        {"1.0.0.1", "character 6 is '.': expected the rest of the version"},
        {"* 1.0.0", "character 3 is '1': expected nothing more after '*'"},
        {"==1.0.0", "character 2 is '=': expected a digit"},
        {"^1.0.0", "character 1 is '^'"},
        {"1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0 1.0.0",
         "character 97: more than 16 terms"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct semver_rule rule = {.count = 7};
        struct error error = {0};
        assert_int_equal(semver_rule_parse(bad[i].text, &rule, &error), STATUS_INVALID);
        if (strstr(error.message, bad[i].message) == NULL)
            fail_msg("\"%s\": %s", bad[i].text, error.message);
        assert_int_equal(rule.count, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_specification_allows_is_read),
        cmocka_unit_test(the_parts_are_told_apart),
        cmocka_unit_test(anything_else_is_refused_at_the_character_at_fault),
        cmocka_unit_test(the_longest_version_is_read_and_one_more_character_is_refused),
        cmocka_unit_test(precedence_is_that_of_section_11),
        cmocka_unit_test(build_metadata_does_not_count),
        cmocka_unit_test(rules_take_the_versions_they_name),
        cmocka_unit_test(what_is_no_rule_is_refused_at_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
