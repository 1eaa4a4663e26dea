/* Array parameters: quoting that PostgreSQL reads back as what was put (tests/integration/test_store.c asks
 * it). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "array.h"

static void items_are_quoted(void **state)
{
    (void)state;
    struct array array = {0};
    assert_string_equal(array_text(&array), "{}");
    array_put_text(&array, "plain");
    array_put_text(&array, "with \"quotes\", a comma and a back\\slash");
    array_put_text(&array, NULL);
    array_put_text(&array, "NULL");
    array_put_text(&array, "}");
    array_put_integer(&array, -42);
    array_put_boolean(&array, true);
    assert_int_equal(array.count, 7);
    assert_string_equal(
        array_text(&array),
        "{\"plain\",\"with \\\"quotes\\\", a comma and a back\\\\slash\",NULL,\"NULL\",\"}\",-42,t}");
    assert_string_equal(array_text(&array) + strlen(array_text(&array)) - 3, ",t}"); /* closed once only */
    array_reset(&array);
    assert_string_equal(array_text(&array), "{}");
    array_release(&array);
}

static void it_grows(void **state)
{
    (void)state;
    struct array array = {0};
    for (int i = 0; i < 10000; i++)
        array_put_integer(&array, i);
    assert_int_equal(strlen(array_text(&array)), 10 + 180 + 2700 + 36000 + 9999 + 2);
    array_release(&array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_quoted),
        cmocka_unit_test(it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
