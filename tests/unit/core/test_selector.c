/* Selectors: what is read, what is refused, and that the form they are kept in means what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "selector.h"

static struct selector selector;
static struct error error;

static void every_term_is_read(void **state)
{
    (void)state;
    assert_int_equal(
        selector_parse("tag:eu/west and product:lamp and map:1024+1024 and flash:4096 and online and "
                       "seen<12h and hash<2.5%",
                       &selector, &error),
        STATUS_OK);
    assert_int_equal(selector.group_count, 1);
    assert_int_equal(selector.term_count, 7);
    assert_int_equal(selector.groups[0], 127);
    const struct selector_term *terms = selector.terms;
    assert_string_equal(terms[0].text, "eu/west");
    assert_string_equal(terms[1].text, "lamp");
    assert_string_equal(terms[2].text, "1024+1024");
    assert_int_equal(terms[3].number, 4096);
    assert_int_equal(terms[4].kind, SELECT_ONLINE);
    assert_int_equal(terms[5].number, 43200);
    assert_int_equal(terms[6].number, 250);
    static const struct {
        const char *text;
        int64_t number;
    } numbers[] = {{"seen<30s", 30}, {"seen<15m", 900},    {"seen<3660d", 316224000}, {"seen<0s", 0},
                   {"hash<0%", 0},   {"hash<100%", 10000}, {"hash<0.01%", 1},         {"hash<7.5%", 750}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_int_equal(selector_parse(numbers[i].text, &selector, &error), STATUS_OK);
        assert_int_equal(selector.terms[0].number, numbers[i].number);
    }
}

static void nothing_selects_everything(void **state)
{
    (void)state;
    assert_int_equal(selector_parse("  ", &selector, &error), STATUS_OK);
    assert_int_equal(selector.group_count, 0);
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"tag:", "ends at character 5"},
        {"tag:a b", "\"b\" at character 7: allowed are and, or and the end"},
        {"tag:a and", "ends at character 10"},
        {"tag:a and or tag:b", "\"or tag:b\" at character 11"},
        {"(tag:a", "ends at character 7; allowed are and, or and )"},
        {"tag:a)", "\")\" at character 6"},
        {"()", "\")\" at character 2"},
        {"nottag:a", "character 1"},
        {"onlinex", "character 1"},
        {"color:red", "\"color:red\" at character 1: allowed are tag:T"},
        {"seen<7", "ends at character 7"},
        {"seen<7w", "\"w\" at character 7"},
        {"seen<-1d", "character 6"},
        {"seen<99999d", "character"},
        {"hash<101%", "character 6"},
        {"hash<100.01%", "character"},
        {"hash<1.234%", "character 8"},
        {"hash<5", "ends at character 7"},
        {"flash:big", "character 7"},
        {"tag:'; DROP TABLE devices; --", "\"'; DROP TABL\" at character 5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(selector_parse(cases[i][0], &selector, &error), STATUS_INVALID);
        if (strstr(error.message, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], error.message);
    }
}

static void what_is_too_large_is_refused(void **state)
{
    (void)state;
    char text[2000] = "tag:a";
    for (int i = 0; i < SELECTOR_TERMS_MAX; i++)
        strncat(text, " or tag:a", sizeof text - strlen(text) - 1);
    assert_int_equal(selector_parse(text, &selector, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "too many terms"));

    snprintf(text, sizeof text, "online");
    for (int i = 0; i < 7; i++) /* two to the seventh alternatives */
        strncat(text, " and (tag:a or tag:b)", sizeof text - strlen(text) - 1);
    assert_int_equal(selector_parse(text, &selector, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "more than 64"));

    memset(text, '(', 40);
    text[40] = '\0';
    assert_int_equal(selector_parse(text, &selector, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "nested too deep"));
    memset(text, '!', 400);
    text[400] = '\0';
    assert_int_equal(selector_parse(text, &selector, &error), STATUS_INVALID);
    memset(text, ' ', 1001);
    text[1001] = '\0';
    assert_int_equal(selector_parse(text, &selector, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "too long"));
}

/* --- what was written and what is kept, for every device ---------------------------------------------- */

/* A random selector over the tags a to f; writes its text and says for which devices it holds: bit D for the
 * device whose tags are the bits of D. */
static uint64_t random_selector(char *text, size_t size, int depth)
{
    size_t used = strlen(text);
    int choice = depth == 0 ? 0 : rand() % 5;
    if (choice <= 1) {
        int tag = rand() % 6;
        snprintf(text + used, size - used, "tag:%c", 'a' + tag);
        uint64_t holds = 0;
        for (int device = 0; device < 64; device++)
            holds |= (uint64_t)(device >> tag & 1) << device;
        return holds;
    }
    if (choice == 2) {
        snprintf(text + used, size - used, rand() % 2 ? "not " : "! ");
        return ~random_selector(text, size, depth - 1);
    }
    snprintf(text + used, size - used, "(");
    uint64_t left = random_selector(text, size, depth - 1);
    used = strlen(text);
    snprintf(text + used, size - used, "%s", choice == 3 ? " and " : " || ");
    uint64_t right = random_selector(text, size, depth - 1);
    used = strlen(text);
    snprintf(text + used, size - used, ")");
    return choice == 3 ? left & right : left | right;
}

static bool kept_form_holds(int device)
{
    for (int group = 0; group < selector.group_count; group++) {
        bool holds = true;
        for (int i = 0; i < selector.term_count; i++) {
            const struct selector_term *term = &selector.terms[i];
            bool has = (device >> (term->text[0] - 'a') & 1) != 0;
            if ((selector.groups[group] >> i & 1) != 0 && has == term->negated)
                holds = false;
        }
        if (holds)
            return true;
    }
    return false;
}

static void the_kept_form_means_what_was_written(void **state)
{
    (void)state;
    int read = 0;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        char text[4000] = "";
        uint64_t expected = random_selector(text, sizeof text, 4);
        if (selector_parse(text, &selector, &error) != STATUS_OK)
            continue; /* too large */
        read++;
        for (int device = 0; device < 64; device++) {
            if (kept_form_holds(device) != ((expected >> device & 1) != 0))
                fail_msg("%s: device %d", text, device);
        }
    }
    assert_true(read > 15000);
}

static void and_binds_closer_than_or(void **state)
{
    (void)state;
    assert_int_equal(selector_parse("tag:a or tag:b and tag:c", &selector, &error), STATUS_OK);
    assert_int_equal(selector.group_count, 2);
    assert_int_equal(selector.groups[0], 1);
    assert_int_equal(selector.groups[1], 6);
    assert_int_equal(selector_parse("not tag:a and tag:b", &selector, &error), STATUS_OK);
    assert_int_equal(selector.group_count, 1);
    assert_true(selector.terms[0].negated);
    assert_false(selector.terms[1].negated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_term_is_read),
        cmocka_unit_test(nothing_selects_everything),
        cmocka_unit_test(what_is_wrong_is_named_with_its_place),
        cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(the_kept_form_means_what_was_written),
        cmocka_unit_test(and_binds_closer_than_or),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
