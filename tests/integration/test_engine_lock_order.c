/* Batches lock devices, then targets, then presence, then waves (docs/architecture.md). The test is one of
 * two that meet, and holds what the other waits for: what comes later in the order must be free. Were it not,
 * the two would wait for each other until PostgreSQL ends one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "continuity.h"
#include "engine_fixture.h"
#include "ingest.h"

#define ACCEPTED "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":1}"
#define HELLO                                                                                                \
    "{\"report\":\"hello\",\"version\":\"v1.0.5t45772(a)\",\"slot\":1,\"boot\":\"confirmed\","               \
    "\"reset_reason\":\"power_on\",\"sha256\":"                                                              \
    "\"5555555555555555555555555555555555555555555555555555555555555555\"}"
#define REVERTED                                                                                             \
    "{\"report\":\"reverted\",\"campaign\":1,\"attempt\":1,\"reason\":\"health_check\","                     \
    "\"version\":\"v1.0.5t45772(a)\",\"slot\":1,\"sha256\":"                                                 \
    "\"5555555555555555555555555555555555555555555555555555555555555555\"}"

/* What runs in a thread of its own, on a connection of that name. */
struct other {
    struct fixture *fixture;
    struct store *store;
    const char *text; /* a report of lamp-1, or SQL */
    struct ingest_summary summary;
    pthread_t thread;
    enum status status;
};

static void *ingest_it(void *context)
{
    struct other *other = context;
    struct report report;
    struct error error;
    report_parse("fota/v1/lamp-1/report", other->text, strlen(other->text), &report);
    other->status = ingest_batch(&other->fixture->engine, other->store, &report, 1, &other->summary, &error);
    return NULL;
}

static void *run_it(void *context)
{
    struct other *other = context;
    struct error error;
    other->status = store_run_script(other->store, other->text, &error);
    return NULL;
}

static void *ask_the_fleet(void *context)
{
    struct other *other = context;
    struct error error;
    other->status = continuity_ask_fleet(other->store, &error);
    return NULL;
}

static void start(struct other *other, struct fixture *fixture, const char *name, const char *text,
                  void *(*body)(void *))
{
    *other = (struct other){.fixture = fixture, .store = store_create(fixture->url, name), .text = text};
    assert_int_equal(pthread_create(&other->thread, NULL, body, other), 0);
}

static void end(struct other *other)
{
    pthread_join(other->thread, NULL);
    store_destroy(other->store);
    assert_int_equal(other->status, STATUS_OK);
}

/* Until the connection waits for a row ("transactionid") or a table ("relation") of another. */
static void wait_until_it_waits(struct fixture *fixture, const char *name, const char *what)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s' AND "
             "wait_event_type = 'Lock' AND wait_event = '%s' AND datname = current_database()",
             name, what);
    while (fixture_integer(fixture, sql) == 0)
        continue;
}

static void run(struct store *store, const char *sql)
{
    struct error error = {0};
    if (store_run_script(store, sql, &error) != STATUS_OK)
        fail_msg("%s: %s", sql, error.message);
}

static struct store *begin(struct fixture *fixture, const char *sql)
{
    struct store *store = store_create(fixture->url, "test");
    struct error error;
    assert_int_equal(store_begin(store, &error), STATUS_OK);
    run(store, sql);
    return store;
}

static void commit(struct store *store)
{
    struct error error;
    assert_int_equal(store_commit(store, &error), STATUS_OK);
    store_destroy(store);
}

/* A batch that has lost a race locks its targets, and must have its devices by then. Its first try fails at
 * the target; at the beginning of the second it is held at a table that it reads before it locks anything. */
static void who_waits_for_a_device_the_second_time_holds_no_target(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct other batch, table;
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "trial");

    struct store *faster = begin(fixture, "UPDATE targets SET progress = 1");
    start(&batch, fixture, "ingest", REVERTED, ingest_it);
    wait_until_it_waits(fixture, "ingest", "transactionid");
    start(&table, fixture, "table", "BEGIN; LOCK TABLE images", run_it);
    wait_until_it_waits(fixture, "table", "relation");
    commit(faster);
    wait_until_it_waits(fixture, "ingest", "relation");

    struct store *store = begin(fixture, "SELECT FROM devices FOR NO KEY UPDATE");
    end(&table);
    wait_until_it_waits(fixture, "ingest", "transactionid");
    run(store, "SELECT FROM targets FOR UPDATE NOWAIT");
    commit(store);
    end(&batch);
    assert_int_equal(batch.summary.moved, 1);
    assert_int_equal(fixture_targets(fixture, "reverted"), 1);
    fixture_release(fixture);
}

/* A hello has its device's offer sent again, and is a sign of life like the report of what becomes of it. */
static void who_waits_for_a_target_holds_no_presence(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct other batch;
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    fixture_sql(fixture, "UPDATE presence SET online = false");

    struct store *store = begin(fixture, "UPDATE targets SET progress = 1");
    start(&batch, fixture, "ingest", HELLO, ingest_it);
    wait_until_it_waits(fixture, "ingest", "transactionid");
    run(store, "SELECT FROM presence FOR UPDATE NOWAIT");
    commit(store);
    end(&batch);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE sent_at IS NULL"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM presence WHERE online"), 1);
    fixture_release(fixture);
}

/* All who work on a campaign meet at its waves: nobody holds them for longer than the end of a transaction.
 */
static void who_waits_for_presence_holds_no_wave(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct other batch;
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE presence SET last_seen = now() - interval '1 hour'");

    struct store *store = begin(fixture, "SELECT FROM presence FOR UPDATE");
    start(&batch, fixture, "ingest", ACCEPTED, ingest_it);
    wait_until_it_waits(fixture, "ingest", "transactionid");
    run(store, "SELECT FROM waves FOR UPDATE NOWAIT");
    commit(store);
    end(&batch);
    assert_int_equal(fixture_targets(fixture, "accepted"), 1);
    fixture_release(fixture);
}

/* Every beat of every orchestrator needs the service's row: a batch that stands still, and has put down an
 * ask, must not keep it from them. */
static void who_waits_for_an_ask_lets_beats_go_on(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    struct other fleet;
    fixture_sql(fixture, "UPDATE service SET fleet_asked_to = '', discontinued_at = now()");
    struct store *holder = begin(fixture, "INSERT INTO asks (device_id) VALUES ('lamp-1')");
    start(&fleet, fixture, "fleet", NULL, ask_the_fleet);
    wait_until_it_waits(fixture, "fleet", "transactionid");
    run(fixture->store, "SET lock_timeout = '1s'; UPDATE service SET served_until = now()");
    commit(holder);
    end(&fleet);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM asks"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM service WHERE fleet_asked_to IS NULL"),
                     1);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_for_an_ask_lets_beats_go_on),
        cmocka_unit_test(who_waits_for_a_device_the_second_time_holds_no_target),
        cmocka_unit_test(who_waits_for_a_target_holds_no_presence),
        cmocka_unit_test(who_waits_for_presence_holds_no_wave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
