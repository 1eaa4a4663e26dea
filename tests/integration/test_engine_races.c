/* Reports and others who change the same target at the same moment: a batch reads without locks, finds out
 * that it was too slow, and begins again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "engine_fixture.h"
#include "ingest.h"

struct said {
    struct fixture *fixture;
    const char *json, *then; /* NULL when it is one report only */
    enum status status;
    struct ingest_summary summary;
};

/* Reports of lamp-1, stored on a connection of its own. */
static void *ingest_on_its_own(void *context)
{
    struct said *said = context;
    struct store *store = store_create(said->fixture->url, "ingest");
    struct report reports[2];
    struct error error;
    size_t count = said->then != NULL ? 2 : 1;
    report_parse("fota/v1/lamp-1/report", said->json, strlen(said->json), &reports[0]);
    if (said->then != NULL)
        report_parse("fota/v1/lamp-1/report", said->then, strlen(said->then), &reports[1]);
    said->status = ingest_batch(&said->fixture->engine, store, reports, count, &said->summary, &error);
    store_destroy(store);
    return NULL;
}

/* The reports have been read against the row as it was before `change`, and are written after it. */
static struct said race_of_two(struct fixture *fixture, const char *change, const char *json,
                               const char *then)
{
    struct said said = {.fixture = fixture, .json = json, .then = then};
    struct store *other = store_create(fixture->url, "other");
    struct error error = {0};
    pthread_t ingest;
    assert_int_equal(store_begin(other, &error), STATUS_OK);
    assert_int_equal(store_run_script(other, change, &error), STATUS_OK);
    assert_int_equal(pthread_create(&ingest, NULL, ingest_on_its_own, &said), 0);
    while (fixture_integer(fixture, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingest' "
                                    "AND wait_event_type = 'Lock' AND datname = current_database()") == 0)
        continue;
    assert_int_equal(store_commit(other, &error), STATUS_OK);
    pthread_join(ingest, NULL);
    store_destroy(other);
    assert_int_equal(said.status, STATUS_OK);
    return said;
}

static struct said race(struct fixture *fixture, const char *change, const char *json)
{
    return race_of_two(fixture, change, json, NULL);
}

static struct fixture *with_an_offer(void)
{
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    return fixture;
}

static void what_another_wrote_meanwhile_stays(void **state)
{
    (void)state;
    struct fixture *fixture = with_an_offer();
    struct said said = race(fixture, "UPDATE targets SET withdrawn = true, sent_at = NULL",
                            "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":1}");
    assert_int_equal(said.summary.moved, 1);
    assert_int_equal(fixture_targets(fixture, "accepted"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE withdrawn"), 1);
    /* Once, and not for each try. */
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM events WHERE to_state = 'accepted'"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT accepted FROM waves WHERE accepted + offered = 1"), 1);
    fixture_release(fixture);
}

static void a_report_that_comes_too_late_moves_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = with_an_offer();
    struct said said = race(fixture, "UPDATE targets SET attempt = 2",
                            "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":1}");
    assert_int_equal(said.summary.moved, 0);
    assert_int_equal(said.summary.rejected, 1);
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM events WHERE to_state = 'accepted'"), 0);
    fixture_release(fixture);
}

static int occurrences(const char *text, const char *part)
{
    int count = 0;
    while ((text = strstr(text, part)) != NULL) {
        text += strlen(part);
        count++;
    }
    return count;
}

/* Each try rejects it; the operator is told once. */
static void what_a_repeated_batch_rejects_is_logged_once(void **state)
{
    (void)state;
    struct fixture *fixture = with_an_offer();
    char text[4000] = "";
    FILE *log = tmpfile();
    assert_non_null(log);
    int standard_error = dup(STDERR_FILENO);
    dup2(fileno(log), STDERR_FILENO);
    struct said said = race_of_two(fixture, "UPDATE targets SET progress = 1",
                                   "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":1}", "no JSON");
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    assert_true(pread(fileno(log), text, sizeof text - 1, 0) > 0);
    fclose(log);
    assert_int_equal(said.summary.moved, 1);
    assert_int_equal(said.summary.rejected, 1);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(count) FROM rejected_reports"), 1);
    assert_int_equal(occurrences(text, "report_rejected"), 1);
    fixture_release(fixture);
}

/* The version that was read is gone: rewritten twice, pruned, and its place taken by a later one. */
static void a_version_that_is_gone_is_not_taken_for_another(void **state)
{
    (void)state;
    struct fixture *fixture = with_an_offer();
    struct said said = race(fixture,
                            "UPDATE targets SET progress = 1; UPDATE targets SET progress = 2; "
                            "UPDATE targets SET progress = 3",
                            "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":1}");
    assert_int_equal(said.summary.moved, 1);
    assert_int_equal(fixture_integer(fixture, "SELECT progress FROM targets WHERE state = 'accepted'"), 3);
    fixture_release(fixture);
}

#define ON_TRIAL                                                                                             \
    "{'report':'hello','version':'" FIXTURE_VERSION "','slot':2,'boot':'trial','sha256':'%SHA',"             \
    "'reset_reason':'software','activity':{'campaign':1,'attempt':1,'state':'trial'}}"
#define REVERTED                                                                                                  \
    "{'report':'reverted','campaign':1,'attempt':1,'reason':'health_check','version':'v1.0.5t45772(a)','slot':1," \
    "'sha256':'5555555555555555555555555555555555555555555555555555555555555555'}"

static int64_t runs(struct fixture *fixture, const char *version, const char *boot)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM devices WHERE version = '%s' AND boot = '%s'", version,
             boot);
    return fixture_integer(fixture, sql);
}

/* Two orchestrators have stored them the other way round. */
static void the_hello_of_a_trial_that_is_over_is_no_news(void **state)
{
    (void)state;
    struct fixture *fixture = with_an_offer();
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_report(fixture, "lamp-1", ON_TRIAL);
    assert_int_equal(runs(fixture, FIXTURE_VERSION, "trial"), 1);
    fixture_report(fixture, "lamp-1", REVERTED);
    assert_int_equal(runs(fixture, "v1.0.5t45772(a)", "confirmed"), 1);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_report(fixture, "lamp-1", ON_TRIAL);
    assert_int_equal(runs(fixture, "v1.0.5t45772(a)", "confirmed"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM presence WHERE online"), 1);
    fixture_release(fixture);
}

static void nor_is_it_after_the_confirmation(void **state)
{
    (void)state;
    struct fixture *fixture = with_an_offer();
    fixture_updates_itself(fixture, "lamp-1");
    fixture_report(fixture, "lamp-1", ON_TRIAL);
    assert_int_equal(runs(fixture, FIXTURE_VERSION, "confirmed"), 1);
    fixture_release(fixture);
}

/* The policy has tried again; the device had no ack, and says it once more. */
static void an_outcome_said_again_after_the_retry_counts_once(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    char policy[1200];
    snprintf(policy, sizeof policy,
             "{'retry':{'attempts':3,'backoff_seconds':600,'on':['failed','reverted']},%s",
             &FIXTURE_TWO_WAVES[1]);
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_report(fixture, "lamp-1", REVERTED);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture->acks = 0;
    fixture_report(fixture, "lamp-1", REVERTED);
    assert_int_equal(fixture->acks, 1);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    assert_int_equal(fixture_rejected(fixture, "out_of_order"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM events WHERE to_state = 'reverted'"), 1);
    fixture_release(fixture);
}

/* Dashboards order the steps of a device by their time only. */
static void the_steps_of_one_batch_are_told_apart_by_their_time(void **state)
{
    (void)state;
    static const char *const said[] = {"accepted", "installed", "trial"};
    struct fixture *fixture = with_an_offer();
    struct report reports[3];
    struct ingest_summary summary;
    struct error error;
    for (int i = 0; i < 3; i++) {
        char json[200];
        snprintf(json, sizeof json,
                 "{\"report\":\"%s\",\"campaign\":1,\"attempt\":1,\"reset_reason\":\"software\"}", said[i]);
        report_parse("fota/v1/lamp-1/report", json, strlen(json), &reports[i]);
    }
    assert_int_equal(ingest_batch(&fixture->engine, fixture->store, reports, 3, &summary, &error), STATUS_OK);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM (SELECT string_agg(to_state, ' ' ORDER BY at) s, "
                                     "count(DISTINCT at) n FROM ops.device_timeline) t "
                                     "WHERE s = 'offered accepted installed trial' AND n = 4"),
                     1);
    fixture_release(fixture);
}

static int64_t running(struct fixture *fixture, const char *version)
{
    char query[100];
    snprintf(query, sizeof query, "SELECT count(*) FROM devices WHERE version = '%s'", version);
    return fixture_integer(fixture, query);
}

static const char OLD_HELLO[] =
    "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','sha256':"
    "'5555555555555555555555555555555555555555555555555555555555555555',"
    "'reset_reason':'power_on'}";
static const char NEW_HELLO[] = "{'report':'hello','version':'" FIXTURE_VERSION
                                "','slot':2,'boot':'confirmed','sha256':'%SHA','reset_reason':'power_on'}";

/* It has waited while this orchestrator could not reach the database, and the other one could. */
static void what_has_waited_does_not_say_what_runs_now(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_later(fixture, 10000); /* given up: another campaign could have had it meanwhile */
    fixture_state_is(fixture, "c", "halted");
    int64_t asks = fixture->asks;
    fixture->report_age = 6000;
    fixture_reports(fixture, "lamp-1", "confirmed"); /* what became of the attempt is stored, */
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    assert_int_equal(running(fixture, FIXTURE_VERSION), 0);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asks + 1); /* and the device is asked what it runs */
    fixture_report(fixture, "lamp-1", NEW_HELLO);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asks + 2); /* that one has waited as well */
    fixture->report_age = 4000;
    fixture_report(fixture, "lamp-1", NEW_HELLO);
    assert_int_equal(running(fixture, FIXTURE_VERSION), 1);
    fixture_tick(fixture);
    asks = fixture->asks;
    fixture->report_age = 6000;
    fixture_report(fixture, "lamp-1", OLD_HELLO);
    assert_int_equal(running(fixture, FIXTURE_VERSION), 1);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asks + 1);
    fixture_release(fixture);
}

/* As long as the attempt is open nothing younger can be stored. */
static void an_outcome_that_has_waited_says_what_runs(void **state)
{
    (void)state;
    static const struct {
        const char *outcome, *version;
    } cases[] = {{"confirmed", FIXTURE_VERSION}, {"reverted", "v1.0.5t45772(a)"}};
    for (int i = 0; i < 2; i++) {
        struct fixture *fixture = fixture_make(1);
        fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
        fixture_tick(fixture);
        fixture_reports(fixture, "lamp-1", "trial");
        fixture_sql(fixture, "UPDATE devices SET version = NULL, version_order = NULL, fota_class = NULL");
        int64_t asks = fixture->asks;
        fixture->report_age = 6000;
        fixture_reports(fixture, "lamp-1", cases[i].outcome);
        assert_int_equal(fixture_targets(fixture, cases[i].outcome), 1);
        assert_int_equal(running(fixture, cases[i].version), 1);
        fixture_tick(fixture);
        assert_int_equal(fixture->asks, asks + 1);
        fixture_release(fixture);
    }
}

/* It waited in the network, on its way to an orchestrator that the broker did not reach: nothing tells its
 * age. */
static void a_hello_that_no_attempt_explains_is_asked_for_once_more(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-1");
    fixture_tick(fixture);
    int64_t asks = fixture->asks;
    fixture_report(fixture, "lamp-1", OLD_HELLO);
    assert_int_equal(running(fixture, FIXTURE_VERSION), 0); /* it may have been flashed by hand */
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asks + 1);
    fixture_report(fixture, "lamp-1", NEW_HELLO);
    assert_int_equal(running(fixture, FIXTURE_VERSION), 1);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asks + 2); /* which of the two was older is not known yet */
    fixture_report(fixture, "lamp-1", NEW_HELLO);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asks + 2);
    fixture_later(fixture, 110);
    assert_int_equal(fixture->asks, asks + 2);
    fixture_later(fixture, 11); /* its answer could have been lost */
    assert_int_equal(fixture->asks, asks + 3);
    fixture_later(fixture, 1000);
    assert_int_equal(fixture->asks, asks + 3);
    fixture_release(fixture);
}

/* Trial and revert explain what runs. */
static void who_has_reverted_is_not_asked(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_sql(fixture, "UPDATE devices SET image_sha256 = repeat('5', 64), boot = 'confirmed'");
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    int64_t asks = fixture->asks;
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_report(fixture, "lamp-1",
                   "{'report':'hello','version':'" FIXTURE_VERSION
                   "','slot':2,'boot':'trial','reset_reason':'software',"
                   "'sha256':'%SHA','activity':{'campaign':1,'attempt':1,'state':'trial'}}");
    assert_int_equal(running(fixture, FIXTURE_VERSION), 1);
    fixture_reports(fixture, "lamp-1", "reverted");
    fixture_report(fixture, "lamp-1", OLD_HELLO);
    assert_int_equal(running(fixture, FIXTURE_VERSION), 0);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asks);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_another_wrote_meanwhile_stays),
        cmocka_unit_test(a_report_that_comes_too_late_moves_nothing),
        cmocka_unit_test(what_a_repeated_batch_rejects_is_logged_once),
        cmocka_unit_test(a_version_that_is_gone_is_not_taken_for_another),
        cmocka_unit_test(what_has_waited_does_not_say_what_runs_now),
        cmocka_unit_test(an_outcome_that_has_waited_says_what_runs),
        cmocka_unit_test(a_hello_that_no_attempt_explains_is_asked_for_once_more),
        cmocka_unit_test(who_has_reverted_is_not_asked),
        cmocka_unit_test(the_hello_of_a_trial_that_is_over_is_no_news),
        cmocka_unit_test(nor_is_it_after_the_confirmation),
        cmocka_unit_test(an_outcome_said_again_after_the_retry_counts_once),
        cmocka_unit_test(the_steps_of_one_batch_are_told_apart_by_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
