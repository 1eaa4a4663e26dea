/* The table of states: every pair of state and event leads exactly where it should, or nowhere; and it is the
 * same as its golden dump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent_fsm.h"

#define NO (-1)
#define IDLE AGENT_IDLE
#define BUSY AGENT_DOWNLOADING
#define DONE AGENT_INSTALLED
#define BOOT AGENT_REBOOTING

/* One row per state; columns: offer, start download, image ready, flip, boot trial, boot retrial, confirm,
 * revert, fail, cancel, reboot */
static const int expected[AGENT_STATE_COUNT][AGENT_EVENT_COUNT] = {
    [AGENT_IDLE] = {AGENT_ACCEPTED, NO, NO, NO, AGENT_TRIAL, AGENT_RETRIAL, NO, NO, NO, NO, BOOT},
    [AGENT_ACCEPTED] = {NO, BUSY, DONE, NO, NO, NO, NO, NO, IDLE, IDLE, NO},
    [AGENT_DOWNLOADING] = {NO, NO, DONE, NO, NO, NO, NO, NO, IDLE, IDLE, NO},
    [AGENT_INSTALLED] = {NO, NO, NO, BOOT, NO, NO, NO, NO, IDLE, NO, NO},
    [AGENT_TRIAL] = {NO, NO, NO, NO, NO, NO, IDLE, BOOT, NO, NO, NO},
    [AGENT_RETRIAL] = {NO, NO, NO, BOOT, NO, NO, NO, NO, IDLE, IDLE, NO},
    [AGENT_REBOOTING] = {NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO},
};

static void every_state_and_event_is_decided(void **state)
{
    (void)state;
    for (unsigned from = 0; from < AGENT_STATE_COUNT; from++) {
        for (unsigned event = 0; event < AGENT_EVENT_COUNT; event++) {
            enum agent_state now = (enum agent_state)from;
            bool moved = agent_fsm_move(&now, (enum agent_event)event);
            int to = expected[from][event];
            if (moved != (to != NO) || (int)now != (to == NO ? (int)from : to))
                fail_msg("%s on %s leads to %s", agent_state_name((enum agent_state)from),
                         agent_event_name((enum agent_event)event), agent_state_name(now));
            assert_int_equal(agent_fsm_allows((enum agent_state)from, (enum agent_event)event), moved);
        }
    }
}

static void table_is_the_golden_dump(void **state)
{
    (void)state;
    FILE *golden = fopen("tests/golden/agent_fsm.txt", "r");
    assert_non_null(golden);
    for (unsigned i = 0; i < agent_edge_count; i++) {
        const struct agent_edge *edge = &agent_edges[i];
        char wanted[256], line[256];
        (void)snprintf(wanted, sizeof wanted, "%u %s --%s--> %s: %s\n", i + 1, agent_state_name(edge->from),
                       agent_event_name(edge->event), agent_state_name(edge->to), edge->why);
        assert_non_null(fgets(line, sizeof line, golden));
        assert_string_equal(line, wanted);
    }
    assert_int_equal(fgetc(golden), EOF);
    (void)fclose(golden);
}

static void edges_are_unique_and_say_why(void **state)
{
    (void)state;
    for (unsigned i = 0; i < agent_edge_count; i++) {
        assert_non_null(agent_edges[i].why);
        for (unsigned j = 0; j < i; j++)
            assert_false(agent_edges[i].from == agent_edges[j].from &&
                         agent_edges[i].event == agent_edges[j].event);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_and_event_is_decided),
        cmocka_unit_test(table_is_the_golden_dump),
        cmocka_unit_test(edges_are_unique_and_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
