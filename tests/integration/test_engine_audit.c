/* The audit on a real database: every command and every verdict has a row that says who, what, why and by
 * which numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "services.h"

/* The latest row of an action: actor, and whether its reason is `reason` (LIKE) and its detail has `detail`.
 */
static void audited(struct fixture *fixture, const char *action, const char *actor, const char *reason,
                    const char *detail)
{
    char sql[900];
    snprintf(sql, sizeof sql,
             "SELECT actor || '|' || reason || '|' || detail FROM audit WHERE action = '%s' ORDER BY "
             "audit_id DESC LIMIT 1",
             action);
    char *row = services_query(fixture->url, sql);
    if (row == NULL)
        fail_msg("no row says %s", action);
    snprintf(
        sql, sizeof sql,
        "SELECT (actor = '%s' AND reason LIKE '%s' AND detail @> '%s')::integer FROM audit WHERE action = '%s' "
        "ORDER BY audit_id DESC LIMIT 1",
        actor, reason, detail, action);
    if (fixture_integer(fixture, sql) != 1)
        fail_msg("%s: %s", action, row);
    free(row);
}

static void a_campaign_that_goes_well(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    char policy[1200], first[65], second[65];
    snprintf(policy, sizeof policy, "%s", FIXTURE_TWO_WAVES);
    memcpy(strstr(policy, "'min_sample':1"), "'min_sample':2", 14);
    fixture_campaign(fixture, "c", policy);
    audited(fixture, "start", "tester", "%", "{\"eligible\": 6}");
    fixture_tick(fixture);
    audited(fixture, "planned", "orchestrator", "6 members", "{\"members\": 6}");
    audited(
        fixture, "open_wave", "orchestrator", "%",
        "{\"wave\": \"canary\", \"members\": 2, \"finished\": 0, \"failure_percent\": 20, \"min_sample\": 2}");
    fixture_canary_devices(fixture, first, second);
    fixture_updates_itself(fixture, first);
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    audited(fixture, "pause", "tester", "test",
            "{\"members\": 6, \"in_flight\": 1, \"pending\": 4, \"confirmed\": 1, \"failed\": 0}");
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    audited(fixture, "resume", "tester", "test", "{\"members\": 6, \"confirmed\": 1}");
    fixture_updates_itself(fixture, second);
    fixture_tick(fixture);
    audited(fixture, "pass_wave", "orchestrator", "promote%",
            "{\"wave\": \"canary\", \"members\": 2, \"finished\": 2, \"confirmed\": 2, \"failures\": 0, "
            "\"success_percent\": 90, \"finished_percent\": 100}");
    audited(fixture, "open_wave", "orchestrator", "%", "{\"wave\": \"wide\", \"members\": 4}");
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    audited(
        fixture, "complete", "orchestrator", "every gate passed%",
        "{\"members\": 6, \"in_flight\": 0, \"pending\": 0, \"confirmed\": 6, \"failed\": 0, \"reverted\": 0, "
        "\"silent\": 0, \"rejected\": 0, \"cancelled\": 0, \"skipped\": 0}");
    fixture_release(fixture);
}

static void a_campaign_that_soaks_and_is_halted(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    char first[65], second[65];
    fixture_campaign(
        fixture, "c",
        "{'name':'p','waves':[{'name':'canary','soak_seconds':600,'size':{'count':2},'gate':{'type':"
        "'threshold','success_percent':40,'finished_percent':50,'failure_percent':50}},{'name':'wide',"
        "'size':{'rest':true}}]}");
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    fixture_updates_itself(fixture, first);
    fixture_tick(fixture);
    audited(fixture, "soak_wave", "orchestrator", "%soaks until%",
            "{\"wave\": \"canary\", \"members\": 2, \"finished\": 1, \"confirmed\": 1, \"failures\": 0}");
    fixture_reports(fixture, second, "reverted");
    fixture_tick(fixture);
    audited(fixture, "halt", "orchestrator", "wave canary: halt: 1 of 2 members failed%",
            "{\"wave\": \"canary\", \"members\": 2, \"finished\": 2, \"confirmed\": 1, \"failures\": 1, "
            "\"excused\": 0, \"failure_percent\": 50}");
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    audited(fixture, "resume", "tester", "test", "{\"members\": 6, \"reverted\": 1, \"excused\": 1}");
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    audited(fixture, "cancel", "tester", "test", "{\"members\": 6, \"reverted\": 1, \"confirmed\": 1}");
    fixture_release(fixture);
}

static void a_sequential_gate_says_its_rates(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c",
                     "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'sequential',"
                     "'acceptable_percent':5,'unacceptable_percent':50,'alpha':0.1,'beta':0.1}}]}");
    fixture_tick(fixture);
    audited(
        fixture, "open_wave", "orchestrator", "%",
        "{\"wave\": \"all\", \"members\": 2, \"acceptable_percent\": 5, \"unacceptable_percent\": 50, \"alpha\": "
        "0.1, \"beta\": 0.1}");
    fixture_release(fixture);
}

static void the_end_time_is_the_orchestrators_verdict(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE campaigns SET end_at = now() - interval '1 second', at_end = 'pause'");
    fixture_tick(fixture);
    audited(fixture, "pause", "orchestrator", "its end time has come", "{\"members\": 2, \"in_flight\": 2}");
    fixture_sql(fixture, "UPDATE campaigns SET at_end = 'cancel'");
    fixture_tick(fixture);
    audited(fixture, "cancel", "orchestrator", "its end time has come", "{\"members\": 2, \"in_flight\": 2}");
    fixture_release(fixture);
}

static void a_quarantine_says_after_how_many_failures(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", "{'name':'p','flapping':{'failures':1}}");
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "failed");
    audited(fixture, "quarantine_device", "orchestrator", "failed attempts: 1",
            "{\"campaign\": \"c\", \"failures\": 1}");
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaign_that_goes_well),
        cmocka_unit_test(a_campaign_that_soaks_and_is_halted),
        cmocka_unit_test(a_sequential_gate_says_its_rates),
        cmocka_unit_test(a_quarantine_says_after_how_many_failures),
        cmocka_unit_test(the_end_time_is_the_orchestrators_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
