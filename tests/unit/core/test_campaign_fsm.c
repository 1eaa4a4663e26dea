/* The campaign's table: the same as its golden dump, and with no way out of an end but the rollback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "campaign_fsm.h"

#define GOLDEN "tests/golden/campaign_fsm.txt"

static void table_is_the_golden_dump(void **state)
{
    (void)state;
    FILE *golden = fopen(GOLDEN, "r");
    assert_non_null(golden);
    for (int i = 0; i < campaign_edge_count; i++) {
        const struct campaign_edge *edge = &campaign_edges[i];
        char expected[256], line[256];
        assert_int_equal(edge->number, i + 1);
        snprintf(expected, sizeof expected, "%d %s --%s--> %s: %s\n", edge->number,
                 campaign_state_name(edge->from), campaign_event_name(edge->event),
                 campaign_state_name(edge->to), edge->why);
        assert_non_null(fgets(line, sizeof line, golden));
        assert_string_equal(line, expected);
    }
    assert_int_equal(fgetc(golden), EOF);
    fclose(golden);
}

static void ends_are_final_but_for_a_rollback(void **state)
{
    (void)state;
    for (int i = 0; i < campaign_edge_count; i++) {
        if (campaign_state_ended(campaign_edges[i].from))
            assert_int_equal(campaign_edges[i].event, CAMPAIGN_EVENT_ROLLBACK);
    }
}

static void every_state_but_the_first_is_reached(void **state)
{
    (void)state;
    for (int s = 0; s < CAMPAIGN_STATE_COUNT; s++) {
        bool reached = s == CAMPAIGN_DRAFT || s == CAMPAIGN_AWAITING_APPROVAL; /* approval has no edge yet */
        for (int i = 0; i < campaign_edge_count; i++)
            reached = reached || (int)campaign_edges[i].to == s;
        assert_true(reached);
    }
}

static void names_are_parsed_back(void **state)
{
    (void)state;
    for (int i = 0; i < CAMPAIGN_STATE_COUNT; i++) {
        enum campaign_state parsed;
        assert_true(campaign_state_parse(campaign_state_name((enum campaign_state)i), &parsed));
        assert_int_equal(parsed, i);
    }
    for (int i = 0; i < WAVE_STATE_COUNT; i++) {
        enum wave_state parsed;
        assert_true(wave_state_parse(wave_state_name((enum wave_state)i), &parsed));
        assert_int_equal(parsed, i);
    }
    enum campaign_state unused;
    assert_false(campaign_state_parse("done", &unused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_the_golden_dump),
        cmocka_unit_test(ends_are_final_but_for_a_rollback),
        cmocka_unit_test(every_state_but_the_first_is_reached),
        cmocka_unit_test(names_are_parsed_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
