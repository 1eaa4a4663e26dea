/* Versions: the examples of the seed's appendix I, the order, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "version.h"

static struct version parse(const char *text)
{
    struct version version = {0};
    struct error error = {0};
    if (version_parse(text, &version, &error) != STATUS_OK)
        fail_msg("%s: %s", text, error.message);
    return version;
}

#define SEED(type_, major_, minor_, revision_, ptype_, class_)                                               \
    {                                                                                                        \
        .type = type_, .major = major_, .minor = minor_, .revision = revision_, .ptype = ptype_,             \
        .fota_class = class_                                                                                 \
    }

static void every_version_of_the_guide_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct version version;
    } examples[] = {
        {"v1.0.2t45772(a)", SEED('v', 1, 0, 2, 45772, 'a')},
        {"v1.1.0t45772(a)", SEED('v', 1, 1, 0, 45772, 'a')},
        {"v1.0.5t45772(a)", SEED('v', 1, 0, 5, 45772, 'a')},
        {"v1.0.3t45772(o)", SEED('v', 1, 0, 3, 45772, 'o')},
        {"v1.0.3t45772(l)", SEED('v', 1, 0, 3, 45772, 'l')},
        {"v1.0.3t45772(a)", SEED('v', 1, 0, 3, 45772, 'a')},
        {"b1.0.3t45772(l)", SEED('b', 1, 0, 3, 45772, 'l')},
        {"b1.0.3t45772(a)", SEED('b', 1, 0, 3, 45772, 'a')},
        {"b1.0.3t45772(o)", SEED('b', 1, 0, 3, 45772, 'o')},
        {"v1.0.3t45772(n)", SEED('v', 1, 0, 3, 45772, 'n')},
        {"b1.0.3t45772(n)", SEED('b', 1, 0, 3, 45772, 'n')},
        {"b1.0.3t12335(n)", SEED('b', 1, 0, 3, 12335, 'n')},
        {"v1.4.0t27388(a)", SEED('v', 1, 4, 0, 27388, 'a')},
        {"v0.0.0t0(o)", SEED('v', 0, 0, 0, 0, 'o')},
        {"b9.9.9t2147483647(n)", SEED('b', 9, 9, 9, 2147483647, 'n')},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        char text[VERSION_TEXT_SIZE];
        struct version version = parse(examples[i].text);
        const struct version *wanted = &examples[i].version;
        assert_int_equal(version.type, wanted->type);
        assert_int_equal(version.major, wanted->major);
        assert_int_equal(version.minor, wanted->minor);
        assert_int_equal(version.revision, wanted->revision);
        assert_int_equal(version.ptype, wanted->ptype);
        assert_int_equal(version.fota_class, wanted->fota_class);
        version_format(&version, text);
        assert_string_equal(text, examples[i].text);
    }
}

static void the_templates_dot_is_read_and_written_back_without(void **state)
{
    (void)state;
    char text[VERSION_TEXT_SIZE];
    struct version version = parse("v1.0.2.t45772(a)");
    version_format(&version, text);
    assert_string_equal(text, "v1.0.2t45772(a)");
}

static void what_is_not_a_version_is_refused_at_the_character_at_fault(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *allowed;
    } cases[] = {
        {"", "ends at character 1", "'v' (formal) or 'b' (beta)"},
        {"V1.0.2t45772(a)", "character 1 is 'V'", "'v' (formal)"},
        {" v1.0.2t45772(a)", "character 1 is a space", "'v' (formal)"},
        {"vx.0.2t45772(a)", "character 2 is 'x'", "a digit 0-9"},
        {"v-1.0.2t45772(a)", "character 2 is '-'", "a digit 0-9"},
        {"v10.0.2t45772(a)", "character 3 is '0'", "one digit"},
        {"v1.10.2t45772(a)", "character 5 is '0'", "one digit"},
        {"v1.0.10t45772(a)", "character 7 is '0'", "'t' and the product type"},
        {"v1.0t45772(a)", "character 5 is 't'", "'.'"},
        {"v1.0.", "ends at character 6", "a digit 0-9"},
        {"v1.0.2", "ends at character 7", "'t' and the product type"},
        {"v1.0.2..t45772(a)", "character 8 is '.'", "'t' and the product type"},
        {"v1.0.2T45772(a)", "character 7 is 'T'", "'t' and the product type"},
        {"v1.0.2t(a)", "character 8 is '('", "the product type in digits"},
        {"v1.0.2t045772(a)", "character 9 is '4'", "no leading zeros"},
        {"v1.0.2t2147483648(a)", "character 17 is '8'", "at most 2147483647"},
        {"v1.0.2t99999999999999999999(a)", "character 17 is '9'", "at most 2147483647"},
        {"v1.0.2t45772", "ends at character 13", "a digit or '('"},
        {"v1.0.2t45772a", "character 13 is 'a'", "a digit or '('"},
        {"v1.0.2t45772()", "character 14 is ')'", "o, l, a or n"},
        {"v1.0.2t45772(x)", "character 14 is 'x'", "o, l, a or n"},
        {"v1.0.2t45772(", "ends at character 14", "o, l, a or n"},
        {"v1.0.2t45772(a", "ends at character 15", "')'"},
        {"v1.0.2t45772(aa)", "character 15 is 'a'", "')'"},
        {"v1.0.2t45772(a) ", "character 16 is a space", "nothing more"},
        {"v1.0.2t45772(a)\n", "character 16 is byte 0x0a", "nothing more"},
        {"v1.0.\xff", "character 6 is byte 0xff", "a digit 0-9"},
        /* of the scheme semver */
        {"1.4.0", "ends at character 6", "as in 1.4.0t45772(a)"},
        {"1.4.0(a)", "character 6 is '('", "'t', the product type"},
        {"1.4.0t45772", "ends at character 12", "'t', the product type"},
        {"1.4.0-rct(a)", "character 10 is '('", "the product type in digits"},
        {"1.4.0t045772(a)", "character 8 is '4'", "no leading zeros"},
        {"1.4.0t2147483648(a)", "character 16 is '8'", "at most 2147483647"},
        {"1.4.0t45772(x)", "character 13 is 'x'", "o, l, a or n"},
        {"1.4.0t45772(a", "ends at character 14", "')'"},
        {"1.4.0t45772(a)x", "character 15 is 'x'", "nothing more"},
        {"1.4.0t45772(a)(a)", "character 15 is '('", "nothing more"},
        {"1.4.0-rct1t45772(a)(a)", "character 20 is '('", "nothing more"},
        {"1.4t45772(a)", "ends at character 4", "MAJOR.MINOR.PATCH"},
        {"01.4.0t45772(a)", "character 2 is '1'", "leading zero"},
        {"1.4.0-01t45772(a)", "character 7 is '0'", "without leading zeros"},
        {"1.4.0.t45772(a)", "character 6 is '.'", "the end"},
        {"1.4.0 t45772(a)", "character 6 is a space", "the end"},
        {"1.4.0-t45772(a)", "ends at character 7", "an identifier"},
        {"1.4.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaat45772(a)", "character 64", "at most 63"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct version version = {.type = 'x'};
        struct error error = {0};
        assert_int_equal(version_parse(cases[i].text, &version, &error), STATUS_INVALID);
        assert_int_equal(error.status, STATUS_INVALID);
        if (strstr(error.message, cases[i].place) == NULL || strstr(error.message, cases[i].allowed) == NULL)
            fail_msg("\"%s\" gives: %s", cases[i].text, error.message);
        assert_int_equal(version.type, 'x'); /* untouched */
    }
}

/* Every prefix, every deletion and every replacement of one character either is refused, or is a version
 * whose own text reads back the same. */
static void nothing_near_a_version_is_read_wrongly(void **state)
{
    (void)state;
    static const char good[] = "v1.0.2t45772(a)";
    size_t accepted = 0;
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (int character = 0; character < 256; character++) {
            char text[sizeof good], back[VERSION_TEXT_SIZE];
            struct version version;
            memcpy(text, good, sizeof good);
            text[at] = (char)character;
            if (version_parse(text, &version, NULL) != STATUS_OK)
                continue;
            accepted++;
            version_format(&version, back);
            assert_string_equal(back, text);
        }
    }
    /* v b; three digits of ten; ptype 1-9 and four of ten; class of four; five fixed: the good text itself;
     * and with 1 to 9 for the v a semantic version */
    assert_int_equal(accepted, 2 + 3 * 10 + 9 + 4 * 10 + 4 + 5 + 9);
}

static size_t all_versions(struct version versions[4000])
{
    size_t count = 0;
    for (int value = 0; value < 1000; value++) {
        for (int type = 0; type < 2; type++) {
            struct version version = {.type = "bv"[type],
                                      .major = value / 100,
                                      .minor = value / 10 % 10,
                                      .revision = value % 10,
                                      .ptype = 45772,
                                      .fota_class = "olan"[value % 4]};
            versions[count++] = version;
        }
    }
    return count;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* In the list each version comes after all before it, so all pairs are checked against their places. */
static void the_order_is_total_and_betas_come_first(void **state)
{
    (void)state;
    static struct version versions[4000];
    size_t count = all_versions(versions);
    assert_int_equal(count, 2000);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(version_value(&versions[i]), i / 2);
        for (size_t j = 0; j < count; j++) {
            int wanted = (i > j) - (i < j);
            if (sign(version_compare(&versions[i], &versions[j])) != wanted)
                fail_msg("%zu against %zu", i, j);
        }
    }
}

static void class_and_ptype_do_not_count_in_the_order(void **state)
{
    (void)state;
    struct version a = parse("v1.0.3t45772(o)"), b = parse("v1.0.3t12335(n)");
    assert_int_equal(version_compare(&a, &b), 0);
}

static void the_class_says_how_a_version_is_upgraded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool online, fota;
    } cases[] = {{"v1.0.3t1(o)", true, true},
                 {"v1.0.3t1(l)", false, true},
                 {"v1.0.3t1(a)", true, true},
                 {"v1.0.3t1(n)", false, false}};
    for (size_t i = 0; i < 4; i++) {
        struct version version = parse(cases[i].text);
        assert_int_equal(version_is_online(&version), cases[i].online);
        assert_int_equal(version_is_fota(&version), cases[i].fota);
    }
}

/* Appendix I.I's notice and each example of appendix I.II. */
static void versions_coexist_as_the_guide_says(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool together;
    } cases[] = {
        {"v1.0.5t45772(a)", "b1.0.5t45772(a)", false}, {"b1.0.3t45772(o)", "v1.0.3t45772(o)", false},
        {"b1.0.3t45772(o)", "v1.0.3t45772(l)", false}, {"b1.0.3t45772(o)", "v1.0.3t45772(a)", false},
        {"b1.0.3t45772(o)", "b1.0.3t45772(l)", false}, {"b1.0.3t45772(o)", "b1.0.3t45772(a)", false},
        {"b1.0.3t45772(n)", "v1.0.3t45772(n)", false}, {"b1.0.3t45772(n)", "b1.0.3t45772(o)", true},
        {"b1.0.3t45772(n)", "b1.0.3t45772(l)", true},  {"b1.0.3t45772(n)", "b1.0.3t45772(a)", true},
        {"b1.0.3t45772(n)", "v1.0.3t45772(o)", true},  {"b1.0.3t45772(n)", "v1.0.3t45772(l)", true},
        {"b1.0.3t45772(n)", "v1.0.3t45772(a)", true},  {"b1.0.3t12335(n)", "b1.0.3t45772(n)", true},
        {"v1.0.3t45772(a)", "v1.0.4t45772(a)", true},  {"v1.0.3t45772(a)", "v1.0.3t45772(a)", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct version a = parse(cases[i].a), b = parse(cases[i].b);
        if (version_coexists(&a, &b) != cases[i].together || version_coexists(&b, &a) != cases[i].together)
            fail_msg("%s with %s", cases[i].a, cases[i].b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_of_the_guide_is_read),
        cmocka_unit_test(the_templates_dot_is_read_and_written_back_without),
        cmocka_unit_test(what_is_not_a_version_is_refused_at_the_character_at_fault),
        cmocka_unit_test(nothing_near_a_version_is_read_wrongly),
        cmocka_unit_test(the_order_is_total_and_betas_come_first),
        cmocka_unit_test(class_and_ptype_do_not_count_in_the_order),
        cmocka_unit_test(the_class_says_how_a_version_is_upgraded),
        cmocka_unit_test(versions_coexist_as_the_guide_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
