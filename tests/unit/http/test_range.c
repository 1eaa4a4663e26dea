#include "range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void ranges_are_read(void **state)
{
    (void)state;
    const struct {
        const char *header;
        enum range_kind kind;
        uint64_t first, length;
    } cases[] = {
        {NULL, RANGE_WHOLE, 0, 1000},
        {"bytes=0-0", RANGE_PART, 0, 1},
        {"bytes=0-499", RANGE_PART, 0, 500},
        {"bytes=500-999", RANGE_PART, 500, 500},
        {"bytes=500-", RANGE_PART, 500, 500},
        {"bytes=999-", RANGE_PART, 999, 1},
        {"bytes=990-5000", RANGE_PART, 990, 10},
        {"bytes=0-99999999999999999999999", RANGE_PART, 0, 1000},
        {"bytes=-1", RANGE_PART, 999, 1},
        {"bytes=-500", RANGE_PART, 500, 500},
        {"bytes=-1000", RANGE_PART, 0, 1000},
        {"bytes=-5000", RANGE_PART, 0, 1000},
        {"Bytes=1-2", RANGE_PART, 1, 2},
        {"bytes= 1-2 ", RANGE_PART, 1, 2},
        {"bytes=1000-", RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=1000-2000", RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=99999999999999999999999-", RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=-0", RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=5-2", RANGE_WHOLE, 0, 1000},
        {"bytes=-", RANGE_WHOLE, 0, 1000},
        {"bytes=", RANGE_WHOLE, 0, 1000},
        {"bytes", RANGE_WHOLE, 0, 1000},
        {"", RANGE_WHOLE, 0, 1000},
        {"bytes=a-b", RANGE_WHOLE, 0, 1000},
        {"bytes=1-2x", RANGE_WHOLE, 0, 1000},
        {"bytes=+1-2", RANGE_WHOLE, 0, 1000},
        {"bytes=1--2", RANGE_WHOLE, 0, 1000},
        {"bytes=0-1,5-6", RANGE_WHOLE, 0, 1000},
        {"lines=0-1", RANGE_WHOLE, 0, 1000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct range range = range_parse(cases[i].header, 1000);
        if (range.kind != cases[i].kind || range.first != cases[i].first || range.length != cases[i].length)
            fail_msg("%s gave %d %llu %llu", cases[i].header, (int)range.kind,
                     (unsigned long long)range.first, (unsigned long long)range.length);
    }
}

static void nothing_can_be_taken_of_nothing(void **state)
{
    (void)state;
    assert_int_equal(range_parse("bytes=0-", 0).kind, RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=-1", 0).kind, RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse(NULL, 0).kind, RANGE_WHOLE);
}

static void entity_tags_are_compared(void **state)
{
    (void)state;
    assert_true(etag_matches("\"abc\"", "\"abc\"", true));
    assert_true(etag_matches("\"x\", \"abc\"", "\"abc\"", true));
    assert_true(etag_matches("*", "\"abc\"", true));
    assert_true(etag_matches("W/\"abc\"", "\"abc\"", true));
    assert_false(etag_matches("W/\"abc\"", "\"abc\"", false));
    assert_false(etag_matches("\"abcd\"", "\"abc\"", true));
    assert_false(etag_matches("abc", "\"abc\"", true));
    assert_false(etag_matches("", "\"abc\"", true));
    assert_false(etag_matches("\"abc", "\"abc\"", true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read),
        cmocka_unit_test(nothing_can_be_taken_of_nothing),
        cmocka_unit_test(entity_tags_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
