/* Trying again: which outcomes, and after how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "retry.h"

static void only_named_outcomes_are_tried_again(void **state)
{
    (void)state;
    for (int bits = 0; bits < 16; bits++) {
        const struct retry_policy retry = {.on_rejected = bits & 1,
                                           .on_failed = bits >> 1 & 1,
                                           .on_reverted = bits >> 2 & 1,
                                           .on_silent = bits >> 3 & 1};
        for (int outcome = 0; outcome < TARGET_STATE_COUNT; outcome++) {
            bool expected = (outcome == TARGET_REJECTED && retry.on_rejected) ||
                            (outcome == TARGET_FAILED && retry.on_failed) ||
                            (outcome == TARGET_REVERTED && retry.on_reverted) ||
                            (outcome == TARGET_SILENT && retry.on_silent);
            assert_int_equal(retry_is_for(&retry, (enum target_state)outcome), expected);
            /* and where it is so, the table has an edge for it */
            if (expected)
                assert_non_null(target_edge_find((enum target_state)outcome, TARGET_EVENT_RETRY));
        }
    }
}

static void the_wait_grows_to_its_maximum(void **state)
{
    (void)state;
    const struct retry_policy retry = {
        .backoff_seconds = 10, .backoff_factor = 3, .backoff_max_seconds = 100};
    static const double expected[] = {10, 30, 90, 100, 100};
    for (int i = 0; i < 5; i++)
        assert_true(retry_delay(&retry, i + 1) == expected[i]);
    const struct retry_policy steep = {
        .backoff_seconds = 604800, .backoff_factor = 100, .backoff_max_seconds = 604800};
    assert_true(retry_delay(&steep, 100) == 604800);
    const struct retry_policy none = {.backoff_factor = 100, .backoff_max_seconds = 0};
    assert_true(retry_delay(&none, 100) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_named_outcomes_are_tried_again),
        cmocka_unit_test(the_wait_grows_to_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
