#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void characters_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t characters;
    } cases[] = {{"", 0},
                 {"plain", 5},
                 {"\x7f", 1},
                 {"gr\xc3\xbcn", 4},
                 {"\xe2\x82\xac\xed\x9f\xbf", 2},
                 {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count = 99;
        assert_true(utf8_count(cases[i].text, &count));
        assert_int_equal(count, cases[i].characters);
    }
}

static void what_is_not_utf8_is_found(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\x80",             /* continues nothing */
        "\xc3",             /* cut off */
        "\xe2\x82",         /* cut off */
        "a\xc0\x80",        /* longer than it need be */
        "\xe0\x9f\xbf",     /* the same */
        "\xf0\x8f\xbf\xbf", /* the same */
        "\xed\xa0\x80",     /* half of a surrogate pair */
        "\xf4\x90\x80\x80", /* past the last character */
        "\xff",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count;
        assert_false(utf8_count(cases[i], &count));
    }
}

static void a_byte_order_mark_is_found_at_the_beginning_only(void **state)
{
    (void)state;
    assert_int_equal(utf8_mark("\xEF\xBB\xBF{}", 5), 3);
    assert_int_equal(utf8_mark("\xEF\xBB\xBF", 3), 3);
    assert_int_equal(utf8_mark("\xEF\xBB\xBF", 2), 0);
    assert_int_equal(utf8_mark("{\xEF\xBB\xBF", 4), 0);
    assert_int_equal(utf8_mark("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_counted),
        cmocka_unit_test(what_is_not_utf8_is_found),
        cmocka_unit_test(a_byte_order_mark_is_found_at_the_beginning_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
