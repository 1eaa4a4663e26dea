/* What PostgreSQL counts: reports and signs of life must write no index (HOT updates). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "ingest.h"
#include "services.h"

enum { DEVICES = 600, BATCH = 100 };

#define ALL_AT_ONCE                                                                                          \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE                                  \
    "}],'rate':{'per_minute':600000},'in_flight':100000,'timeouts':{'offer_seconds':30,'download_seconds':"  \
    "60,'confirm_seconds':40},'offline':{'wait_seconds':100,'then':'skip'}}"

/* Rows updated so far, and those of them whose indexes were left alone. */
struct updates {
    int64_t all, hot;
};

/* The counters of a session reach the others when it says so; those of this table only. */
static struct updates updates_of(struct fixture *fixture, const char *table)
{
    char sql[160];
    struct error error = {0};
    static const struct store_statement flush = {0, "flush", "SELECT pg_stat_force_next_flush()"};
    if (store_run(fixture->store, &flush, NULL, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    struct updates updates;
    snprintf(sql, sizeof sql, "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = '%s'", table);
    updates.all = fixture_integer(fixture, sql);
    snprintf(sql, sizeof sql, "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = '%s'", table);
    updates.hot = fixture_integer(fixture, sql);
    return updates;
}

static void nine_of_ten_are_hot(struct fixture *fixture, const char *table, struct updates before,
                                int64_t expected)
{
    struct updates after = updates_of(fixture, table);
    int64_t all = after.all - before.all, hot = after.hot - before.hot;
    if (all < expected)
        fail_msg("only %lld rows of %s were updated, not %lld", (long long)all, table, (long long)expected);
    if (hot * 10 < all * 9)
        fail_msg("only %lld of %lld updates of %s were HOT", (long long)hot, (long long)all, table);
}

/* Every device says it, in batches of devices that are neighbours nowhere: as a fleet does. */
static void all_say(struct fixture *fixture, const char *format)
{
    static struct report reports[BATCH];
    struct ingest_summary summary;
    struct error error = {0};
    for (int first = 0; first < DEVICES / BATCH; first++) {
        for (int i = 0; i < BATCH; i++) {
            char topic[128], json[200];
            snprintf(topic, sizeof topic, "fota/v1/lamp-%d/report", 1 + first + i * (DEVICES / BATCH));
            snprintf(json, sizeof json, "%s", format);
            report_parse(topic, json, strlen(json), &reports[i]);
        }
        if (ingest_batch(&fixture->engine, fixture->store, reports, BATCH, &summary, &error) != STATUS_OK)
            fail_msg("%s: %s", error.field, error.message);
        assert_int_equal(summary.rejected, 0);
    }
}

static void reports_of_devices_at_work_write_no_index(void **state)
{
    (void)state;
    static const char *const way[] = {
        "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":1}",
        "{\"report\":\"downloading\",\"campaign\":1,\"attempt\":1,\"progress\":0}",
        "{\"report\":\"downloading\",\"campaign\":1,\"attempt\":1,\"progress\":50}",
        "{\"report\":\"installed\",\"campaign\":1,\"attempt\":1}",
        "{\"report\":\"trial\",\"campaign\":1,\"attempt\":1,\"reset_reason\":\"software\"}",
    };
    struct fixture *fixture = fixture_make(DEVICES);
    fixture_campaign(fixture, "wide", ALL_AT_ONCE);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "offered"), DEVICES);
    fixture_sql(fixture, "VACUUM targets");
    struct updates targets = updates_of(fixture, "targets");
    for (size_t i = 0; i < sizeof way / sizeof way[0]; i++)
        all_say(fixture, way[i]);
    assert_int_equal(fixture_targets(fixture, "trial"), DEVICES);
    nine_of_ten_are_hot(fixture, "targets", targets, 5 * DEVICES);
    fixture_release(fixture);
}

static void signs_of_life_write_no_index_and_not_more_than_one_in_ten_seconds(void **state)
{
    (void)state;
    static const char online[] = "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":1}";
    struct fixture *fixture = fixture_make(DEVICES);
    fixture_campaign(fixture, "wide", ALL_AT_ONCE);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE presence SET last_seen = now() - interval '1 minute'");
    fixture_sql(fixture, "VACUUM presence");
    struct updates presence = updates_of(fixture, "presence");
    all_say(fixture, online);
    nine_of_ten_are_hot(fixture, "presence", presence, DEVICES);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM presence WHERE last_seen > now() - interval '50 s'"),
        DEVICES);

    /* The clock of the next ones is moved: the last sign of life lies ahead, whatever time the test takes. */
    fixture_sql(fixture, "UPDATE presence SET last_seen = now() + interval '1 minute'");
    presence = updates_of(fixture, "presence");
    all_say(fixture, "{\"report\":\"downloading\",\"campaign\":1,\"attempt\":1,\"progress\":5}");
    assert_int_equal(updates_of(fixture, "presence").all, presence.all);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_of_devices_at_work_write_no_index),
        cmocka_unit_test(signs_of_life_write_no_index_and_not_more_than_one_in_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
