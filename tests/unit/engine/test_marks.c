#include "marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_mark_with_nothing_before_it_passes_at_once(void **state)
{
    (void)state;
    struct marks marks = {0};
    assert_int_equal(marks.passed, 0);
    for (int64_t mark = 1; mark < 3 * MARKS_EPOCHS; mark++) {
        marks_add(&marks, mark);
        assert_int_equal(marks.passed, mark);
    }
}

static void a_mark_waits_for_what_was_put_before_it_and_for_nothing_else(void **state)
{
    (void)state;
    struct marks marks = {0};
    unsigned before = marks_put(&marks);
    marks_add(&marks, 10);
    unsigned after = marks_put(&marks);
    marks_add(&marks, 20);
    marks_settle(&marks, after, 1); /* out of order */
    assert_int_equal(marks.passed, 0);
    marks_settle(&marks, before, 1);
    assert_int_equal(marks.passed, 20);
}

static void more_marks_than_epochs_are_merged_and_never_early(void **state)
{
    (void)state;
    struct marks marks = {0};
    unsigned epochs[3 * MARKS_EPOCHS];
    int count = 3 * MARKS_EPOCHS;
    for (int i = 0; i < count; i++) {
        epochs[i] = marks_put(&marks);
        marks_add(&marks, i + 1);
    }
    for (int i = 0; i < count - 1; i++) {
        marks_settle(&marks, epochs[i], 1);
        assert_true(marks.passed <= i + 1);
        if (i < MARKS_EPOCHS - 1)
            assert_int_equal(marks.passed, i + 1);
    }
    marks_settle(&marks, epochs[count - 1], 1);
    assert_int_equal(marks.passed, count);
}

/* Against the definition: a list of what was put, and of the marks with how much was put before them. */
static void marks_pass_as_defined_in_any_order(void **state)
{
    (void)state;
    enum { STEPS = 200000, ITEMS = 64 };
    struct marks marks = {0};
    struct {
        unsigned epoch;
        int64_t number;
    } items[ITEMS];
    int count = 0;
    int64_t put = 0, newest = 0;
    static int64_t put_before[STEPS + 1]; /* by mark */
    srandom(1);
    for (int step = 0; step < STEPS; step++) {
        long dice = random() % 10;
        if (dice < 5 && count < ITEMS) {
            items[count].epoch = marks_put(&marks);
            items[count++].number = ++put;
        } else if (dice < 9 && count > 0) {
            int chosen = (int)(random() % count);
            marks_settle(&marks, items[chosen].epoch, 1);
            items[chosen] = items[--count];
        } else if (dice == 9) {
            put_before[++newest] = put;
            marks_add(&marks, newest);
        }
        for (int i = 0; i < count; i++)
            assert_true(marks.passed == 0 || items[i].number > put_before[marks.passed]);
        if (count == 0)
            assert_int_equal(marks.passed, newest);
    }
    assert_true(newest > STEPS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_with_nothing_before_it_passes_at_once),
        cmocka_unit_test(a_mark_waits_for_what_was_put_before_it_and_for_nothing_else),
        cmocka_unit_test(more_marks_than_epochs_are_merged_and_never_early),
        cmocka_unit_test(marks_pass_as_defined_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
