/* Versions: the examples of the seed's appendix I, the order, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "version.h"
#include "version_rule.h"

static struct version parse(const char *text)
{
    struct version version = {0};
    struct error error = {0};
    if (version_parse(text, &version, &error) != STATUS_OK)
        fail_msg("%s: %s", text, error.message);
    return version;
}

/* --- the guide's appendix, from a table that the command line's test reads too ---------------------------
 */

enum { APPENDIX_WORDS = 10 };

struct appendix_row {
    char line[256];
    char copy[256];
    const char *words[APPENDIX_WORDS];
    int count;
};

static void fail_row(const struct appendix_row *row, const char *found)
{
    fail_msg("%s\nbut: %s", row->line, found);
}

/* TEXT CANONICAL TYPE VALUE PTYPE CLASS UPGRADE */
static void check_read(const struct appendix_row *row)
{
    char text[VERSION_TEXT_SIZE], parts[64];
    struct version version = parse(row->words[2]);
    static const char *const upgrades[2][2] = {{"none", "local"}, {"online", "both"}};
    bool online = version_is_online(&version);
    bool local = version_is_local(&version);
    version_format(&version, text);
    snprintf(parts, sizeof parts, "%c %d.%d.%d %d %c %s", version.type, version.major, version.minor,
             version.revision, version.ptype, version.fota_class, upgrades[online][local]);
    assert_int_equal(row->count, 9);
    if (strcmp(text, row->words[3]) != 0)
        fail_row(row, text);
    if (strstr(row->line, parts) == NULL)
        fail_row(row, parts);
}

/* TEXT CHARACTER: where the text is wrong, or where it ends too early. */
static void check_refused(const struct appendix_row *row)
{
    char place[32], end[32];
    struct version version;
    struct error error = {0};
    assert_int_equal(row->count, 4);
    snprintf(place, sizeof place, ", character %s is ", row->words[3]);
    snprintf(end, sizeof end, " ends at character %s:", row->words[3]);
    if (version_parse(row->words[2], &version, &error) != STATUS_INVALID ||
        (strstr(error.message, place) == NULL && strstr(error.message, end) == NULL))
        fail_row(row, error.message);
}

/* A older|equal|newer B */
static void check_compared(const struct appendix_row *row)
{
    struct version a = parse(row->words[2]), b = parse(row->words[4]);
    int order = version_compare(&a, &b);
    const char *found = order < 0 ? "older" : order > 0 ? "newer" : "equal";
    assert_int_equal(row->count, 5);
    if (strcmp(found, row->words[3]) != 0)
        fail_row(row, found);
}

/* RULE yes|no VERSION */
static void check_matched(const struct appendix_row *row)
{
    struct version version = parse(row->words[4]);
    struct version_rule rule;
    struct error error = {0};
    assert_int_equal(row->count, 5);
    if (version_rule_parse(row->words[2], version.ptype, &rule, &error) != STATUS_OK)
        fail_row(row, error.message);
    const char *found = version_rule_matches(&rule, &version) ? "yes" : "no";
    if (strcmp(found, row->words[3]) != 0)
        fail_row(row, found);
}

/* yes|no VERSION VERSION...: each pair of them, both ways round. */
static void check_coexistence(const struct appendix_row *row)
{
    bool together = true;
    assert_true(row->count >= 5);
    for (int i = 3; i < row->count; i++) {
        for (int j = 3; j < row->count; j++) {
            struct version a = parse(row->words[i]), b = parse(row->words[j]);
            if (i != j && !version_coexists(&a, &b))
                together = false;
            if (version_coexists(&a, &b) != version_coexists(&b, &a))
                fail_row(row, "it depends on which comes first");
        }
    }
    if (strcmp(together ? "yes" : "no", row->words[2]) != 0)
        fail_row(row, together ? "yes" : "no");
}

static void split(struct appendix_row *row)
{
    row->count = 0;
    memcpy(row->copy, row->line, sizeof row->copy);
    for (char *word = row->copy; *(word += strspn(word, " \n")) != '\0' && row->count < APPENDIX_WORDS;) {
        row->words[row->count++] = word;
        word += strcspn(word, " \n");
        if (*word != '\0')
            *word++ = '\0';
    }
}

static void every_example_of_the_appendix_is_as_the_guide_says(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        void (*check)(const struct appendix_row *row);
    } checks[] = {{"read", check_read},
                  {"refuse", check_refused},
                  {"compare", check_compared},
                  {"match", check_matched},
                  {"coexist", check_coexistence}};
    enum { CHECKS = sizeof checks / sizeof checks[0] };
    struct appendix_row row;
    int done[CHECKS] = {0};
    FILE *table = fopen("tests/golden/appendix_versions.txt", "r");
    assert_non_null(table);
    while (fgets(row.line, sizeof row.line, table) != NULL) {
        size_t kind = 0;
        if (row.line[0] == '#')
            continue;
        split(&row);
        assert_true(row.count >= 4);
        while (kind < CHECKS && strcmp(checks[kind].what, row.words[1]) != 0)
            kind++;
        if (kind == CHECKS)
            fail_row(&row, "nobody knows what is asked");
        checks[kind].check(&row);
        done[kind]++;
    }
    fclose(table);
    for (int kind = 0; kind < CHECKS; kind++)
        assert_true(done[kind] > 0);
}

/* --- further ------------------------------------------------------------------------------------------- */

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
        bool online, local, fota;
    } cases[] = {{"v1.0.3t1(o)", true, false, true},
                 {"v1.0.3t1(l)", false, true, true},
                 {"v1.0.3t1(a)", true, true, true},
                 {"v1.0.3t1(n)", false, false, false}};
    for (size_t i = 0; i < 4; i++) {
        struct version version = parse(cases[i].text);
        assert_int_equal(version_is_online(&version), cases[i].online);
        assert_int_equal(version_is_local(&version), cases[i].local);
        assert_int_equal(version_is_fota(&version), cases[i].fota);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_of_the_appendix_is_as_the_guide_says),
        cmocka_unit_test(what_is_not_a_version_is_refused_at_the_character_at_fault),
        cmocka_unit_test(nothing_near_a_version_is_read_wrongly),
        cmocka_unit_test(the_order_is_total_and_betas_come_first),
        cmocka_unit_test(class_and_ptype_do_not_count_in_the_order),
        cmocka_unit_test(the_class_says_how_a_version_is_upgraded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
