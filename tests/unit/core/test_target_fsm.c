/* The target's table: complete, forward only, and the same as its golden dump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "target_fsm.h"

#define GOLDEN "tests/golden/target_fsm.txt"

static void table_is_the_golden_dump(void **state)
{
    (void)state;
    FILE *golden = fopen(GOLDEN, "r");
    assert_non_null(golden);
    for (int i = 0; i < target_edge_count; i++) {
        const struct target_edge *edge = &target_edges[i];
        char expected[256], line[256];
        snprintf(expected, sizeof expected, "%d %s --%s--> %s: %s\n", edge->number,
                 target_state_name(edge->from), target_event_name(edge->event), target_state_name(edge->to),
                 edge->why);
        assert_non_null(fgets(line, sizeof line, golden));
        assert_string_equal(line, expected);
    }
    assert_int_equal(fgetc(golden), EOF);
    fclose(golden);
}

static void edges_are_numbered_and_unique(void **state)
{
    (void)state;
    for (int i = 0; i < target_edge_count; i++) {
        assert_int_equal(target_edges[i].number, i + 1);
        assert_ptr_equal(target_edge_find(target_edges[i].from, target_edges[i].event), &target_edges[i]);
    }
}

static void reports_only_move_forward(void **state)
{
    (void)state;
    for (int i = 0; i < target_edge_count; i++) {
        const struct target_edge *edge = &target_edges[i];
        if (edge->event > TARGET_EVENT_REVERTED)
            continue;
        bool is_correction = edge->from == TARGET_SILENT || edge->from == TARGET_CANCELLED ||
                             edge->from == TARGET_SKIPPED || edge->from == TARGET_FAILED ||
                             edge->from == TARGET_REJECTED;
        assert_true(edge->to > edge->from || (is_correction && target_state_ended(edge->to)));
        if (edge->from == TARGET_PENDING) /* only what happened after the flip, where no cancel counts */
            assert_true(edge->event == TARGET_EVENT_CONFIRMED || edge->event == TARGET_EVENT_REVERTED);
    }
}

/* A success is for ever; a failure can only be tried again. Whoever was given up while offline (skipped, or
 * failed) has proven nothing: it may come back with the outcome of an earlier offer, or be tried again when
 * an operator resumes the campaign. Whoever says no to an attempt may be about to confirm an earlier one. */
static void nothing_leaves_a_proven_end(void **state)
{
    (void)state;
    static const enum target_state ends[] = {TARGET_CONFIRMED, TARGET_SKIPPED, TARGET_REJECTED, TARGET_FAILED,
                                             TARGET_REVERTED};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        for (int event = 0; event < TARGET_EVENT_COUNT; event++) {
            bool again = i >= 1 && event == TARGET_EVENT_RETRY;
            bool is_correction = ((ends[i] == TARGET_SKIPPED || ends[i] == TARGET_FAILED) &&
                                  (event == TARGET_EVENT_CONFIRMED || event == TARGET_EVENT_REVERTED)) ||
                                 (ends[i] == TARGET_REJECTED && event == TARGET_EVENT_CONFIRMED);
            assert_int_equal(target_edge_find(ends[i], (enum target_event)event) != NULL,
                             again || is_correction);
        }
    }
}

static void every_state_in_flight_can_end_in_silence(void **state)
{
    (void)state;
    for (int from = 0; from < TARGET_STATE_COUNT; from++) {
        const struct target_edge *edge = target_edge_find((enum target_state)from, TARGET_EVENT_SILENCE);
        assert_int_equal(edge != NULL, target_state_in_flight((enum target_state)from));
    }
}

static void only_an_offer_takes_a_pending_target_into_flight(void **state)
{
    (void)state;
    for (int event = 0; event < TARGET_EVENT_COUNT; event++) {
        const struct target_edge *edge = target_edge_find(TARGET_PENDING, (enum target_event)event);
        if (edge != NULL && target_state_in_flight(edge->to))
            assert_int_equal(event, TARGET_EVENT_OFFER);
    }
}

static void names_are_parsed_back(void **state)
{
    (void)state;
    for (int i = 0; i < TARGET_STATE_COUNT; i++) {
        enum target_state parsed;
        assert_true(target_state_parse(target_state_name((enum target_state)i), &parsed));
        assert_int_equal(parsed, i);
    }
    for (int i = 0; i < TARGET_EVENT_COUNT; i++) {
        enum target_event parsed;
        assert_true(target_event_parse(target_event_name((enum target_event)i), &parsed));
        assert_int_equal(parsed, i);
    }
    enum target_state unused;
    assert_false(target_state_parse("Pending", &unused));
    assert_false(target_state_parse("", &unused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_the_golden_dump),
        cmocka_unit_test(edges_are_numbered_and_unique),
        cmocka_unit_test(reports_only_move_forward),
        cmocka_unit_test(nothing_leaves_a_proven_end),
        cmocka_unit_test(every_state_in_flight_can_end_in_silence),
        cmocka_unit_test(only_an_offer_takes_a_pending_target_into_flight),
        cmocka_unit_test(names_are_parsed_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
