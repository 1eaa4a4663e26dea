/* The watch and what it records, on a real database. Clock and broker are the test's: beats are answered,
 * late or never, as a test wants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services.h"
#include "store.h"
#include "watch.h"

/* An orchestrator whose broker and queues are numbers. */
struct orchestrator {
    char url[256];
    struct store *store;
    struct watch watch;
    long long clock;
    bool is_connected, is_held, is_idle, answers, stores;
    unsigned connections;
    int64_t published, acknowledged, stored;
    char evicted[200];
    bool refuses_evictions;
    long long lease;
    int looks_until_jump; /* looks at the clock, until 90 s have gone by at once; 0: it does not jump */
    bool has_jumped;
    int64_t moment; /* the database's time as last told, and when that was */
    long long moment_from, moment_to;
};

static long long read_clock(void *context)
{
    struct orchestrator *orchestrator = context;
    if (orchestrator->looks_until_jump > 0 && --orchestrator->looks_until_jump == 0) {
        orchestrator->has_jumped = true;
        orchestrator->clock += 90000;
    }
    return orchestrator->clock += 5; /* each look takes a little, so that waiting ends */
}

static bool connected(void *context, unsigned *times)
{
    const struct orchestrator *orchestrator = context;
    *times = orchestrator->connections;
    return orchestrator->is_connected && !orchestrator->is_held;
}

static bool reachable(void *context)
{
    return ((const struct orchestrator *)context)->is_connected;
}

static void publish(void *context, int64_t moment)
{
    struct orchestrator *orchestrator = context;
    orchestrator->published = moment;
    if (orchestrator->answers)
        orchestrator->acknowledged = moment;
    if (orchestrator->answers && orchestrator->stores)
        orchestrator->stored = moment;
}

static int64_t acknowledged(void *context)
{
    return ((const struct orchestrator *)context)->acknowledged;
}

static int64_t stored(void *context)
{
    return ((const struct orchestrator *)context)->stored;
}

static void hold(void *context, bool held)
{
    struct orchestrator *orchestrator = context;
    if (orchestrator->is_held && !held)
        orchestrator->connections++;
    orchestrator->is_held = held;
}

static void lease(void *context, long long until)
{
    struct orchestrator *orchestrator = context;
    assert_true((until > orchestrator->clock || orchestrator->has_jumped) &&
                until < orchestrator->clock + 15000);
    orchestrator->lease = until;
}

static bool idle(void *context)
{
    return ((const struct orchestrator *)context)->is_idle;
}

static void note_time(void *context, int64_t moment, long long from, long long to)
{
    struct orchestrator *orchestrator = context;
    orchestrator->moment = moment;
    orchestrator->moment_from = from;
    orchestrator->moment_to = to;
}

static bool evict(void *context, const char *client_id)
{
    struct orchestrator *orchestrator = context;
    snprintf(orchestrator->evicted, sizeof orchestrator->evicted, "%s", client_id);
    return !orchestrator->refuses_evictions;
}

static struct orchestrator *make(const char *url, const char *id)
{
    struct orchestrator *orchestrator = calloc(1, sizeof *orchestrator);
    const char *client_ids[] = {id};
    const struct watch_ports ports = {orchestrator, read_clock, connected, reachable, publish,   acknowledged,
                                      stored,       hold,       lease,     idle,      note_time, evict};
    assert_non_null(orchestrator);
    snprintf(orchestrator->url, sizeof orchestrator->url, "%s", url);
    orchestrator->store = store_create(url, "test");
    orchestrator->clock = 1000000;
    orchestrator->is_connected = orchestrator->is_idle = orchestrator->answers = orchestrator->stores = true;
    orchestrator->is_held = true;
    watch_start(&orchestrator->watch, &ports, id, client_ids, 1, 0);
    return orchestrator;
}

static void release(struct orchestrator *orchestrator)
{
    store_destroy(orchestrator->store);
    free(orchestrator);
}

static void beat(struct orchestrator *orchestrator)
{
    struct error error;
    if (watch_beat(&orchestrator->watch, orchestrator->store, 20, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

static void shift_moment(int64_t *moment, int seconds)
{
    if (*moment > 0)
        *moment -= seconds * 1000000LL;
}

/* So many seconds go by for this orchestrator: what it remembers is older by them. */
static void pass_for(struct orchestrator *orchestrator, int seconds)
{
    struct watch *watch = &orchestrator->watch;
    int64_t *const moments[] = {&watch->answered,
                                &watch->noted,
                                &watch->asked,
                                &watch->stored,
                                &watch->marks_from,
                                &orchestrator->published,
                                &orchestrator->acknowledged,
                                &orchestrator->stored};
    orchestrator->clock += seconds * 1000LL;
    watch->looked_at += seconds * 1000LL; /* it was not itself that stood still */
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
        shift_moment(moments[i], seconds);
}

/* So many seconds go by for it, and for the database. */
static void pass(struct orchestrator *orchestrator, int seconds)
{
    char sql[600];
    struct error error;
    pass_for(orchestrator, seconds);
    snprintf(
        sql, sizeof sql,
        "UPDATE orchestrators SET lease_until = lease_until - make_interval(secs => %d), watermark = "
        "watermark - make_interval(secs => %d), connected_since = connected_since - make_interval(secs => "
        "%d), beat_at = beat_at - make_interval(secs => %d);"
        "UPDATE service SET served_until = served_until - make_interval(secs => %d);"
        "UPDATE outages SET began = began - make_interval(secs => %d), ended = ended - make_interval(secs "
        "=> %d)",
        seconds, seconds, seconds, seconds, seconds, seconds, seconds);
    assert_int_equal(store_run_script(orchestrator->store, sql, &error), STATUS_OK);
}

static int64_t number(const struct orchestrator *orchestrator, const char *sql)
{
    return services_query_integer(orchestrator->url, sql);
}

static int64_t outages(const struct orchestrator *orchestrator)
{
    return number(orchestrator, "SELECT count(*) FROM outages WHERE clock_stood_still");
}

static int64_t gaps(const struct orchestrator *orchestrator)
{
    return number(orchestrator, "SELECT count(*) FROM outages WHERE NOT clock_stood_still");
}

static int64_t watermark_age(const struct orchestrator *orchestrator)
{
    return number(orchestrator,
                  "SELECT extract(epoch FROM clock_timestamp() - min(watermark))::bigint FROM orchestrators");
}

static struct orchestrator *first(const char *id)
{
    char url[256];
    services_new_database(url);
    return make(url, id);
}

/* Another one on its database; both have been served. */
static struct orchestrator *second_to(struct orchestrator *one)
{
    struct orchestrator *two = make(one->url, "2222222222222222");
    beat(one);
    beat(one);
    beat(two);
    beat(two);
    return two;
}

static void the_watermark_follows_what_is_stored(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    beat(one);
    assert_false(one->is_held); /* its row stands before it connects */
    beat(one);
    pass(one, 1);
    beat(one);
    assert_int_equal(watermark_age(one), 0);
    one->stores = false; /* what comes back waits behind reports that are not stored */
    for (int i = 0; i < 5; i++) {
        pass(one, 1);
        beat(one);
    }
    assert_in_range(watermark_age(one), 4, 6);
    one->stored = one->published;
    beat(one);
    assert_in_range(watermark_age(one), 0, 1);
    assert_int_equal(outages(one), 0); /* the broker answered all the time */
    release(one);
}

static void each_beat_tells_the_time_of_the_database(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    for (int i = 0; i < 2; i++) {
        int64_t before = number(one, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
        long long began = one->clock;
        one->answers = i == 0; /* also while the broker is away */
        beat(one);
        assert_in_range(one->moment, before,
                        number(one, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"));
        assert_true(began < one->moment_from && one->moment_from < one->moment_to &&
                    one->moment_to < one->clock);
    }
    release(one);
}

static void a_database_that_stands_still_is_an_outage(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    beat(one);
    beat(one);
    pass(one, 12);
    watch_note_database(&one->watch);
    beat(one);
    assert_int_equal(outages(one), 1);
    assert_int_equal(number(one, "SELECT away::bigint FROM service"), 12);
    assert_int_equal(number(one, "SELECT count(*) FROM outages WHERE part = 'database' AND asked_at IS NULL"),
                     1);
    assert_int_equal(watermark_age(one), 0);
    pass(one, 1);
    beat(one);
    assert_int_equal(outages(one), 1);
    release(one);
}

static void a_broker_that_does_not_answer_is_an_outage(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    beat(one);
    beat(one);
    one->answers = false;
    for (int i = 0; i < 12; i++) {
        pass(one, 1);
        beat(one);
    }
    assert_in_range(watermark_age(one), 11, 20);
    assert_int_equal(outages(one), 0);
    one->answers = true;
    one->acknowledged = one->stored = one->published; /* at last */
    beat(one);
    pass(one, 1);
    beat(one);
    assert_int_equal(outages(one), 1);
    assert_in_range(number(one, "SELECT round(away) FROM service"), 12, 20);
    assert_int_equal(number(one, "SELECT count(*) FROM outages WHERE part = 'broker'"), 1);
    release(one);
}

/* However short: every device was cut off, and connects again in its own time. */
static void a_connection_that_breaks_is_an_outage_however_short(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    beat(one);
    beat(one);
    pass(one, 1);
    one->connections++;
    beat(one);
    assert_int_equal(outages(one), 1);
    assert_int_equal(gaps(one), 0);
    assert_int_equal(
        number(one, "SELECT count(*) FROM outages WHERE part = 'broker' AND ended - began < interval '2 s'"),
        1);
    release(one);
}

/* A marker that the broker took before the connection broke says nothing of what was lost with it. */
static void what_comes_back_on_another_connection_counts_from_its_first_beat(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    beat(one);
    beat(one);
    one->answers = false;
    pass(one, 1);
    beat(one);
    int64_t old = one->published;
    one->connections++;
    one->acknowledged = one->stored = old;
    pass(one, 1);
    beat(one); /* a new beat is out, and not answered */
    assert_true(one->published > old);
    assert_in_range(watermark_age(one), 2, 3);
    release(one);
}

/* One that begins when the only other one has been gone for 25 seconds. */
static struct orchestrator *start_after_all_were_away(struct orchestrator **one)
{
    *one = first("1111111111111111");
    beat(*one);
    beat(*one);
    pass(*one, 25);
    return make((*one)->url, "2222222222222222");
}

static void a_start_after_all_were_away_is_an_outage(void **state)
{
    (void)state;
    struct orchestrator *one, *two = start_after_all_were_away(&one);
    beat(two);
    /* The dead one's watermark holds the judgement back until its place is taken. */
    beat(two);
    assert_int_equal(
        number(two,
               "SELECT count(*) FROM outages WHERE clock_stood_still AND ended - began > interval '20 s'"),
        1);
    assert_int_equal(number(two, "SELECT round(away) FROM service"), 25);
    assert_int_equal(
        number(
            two,
            "SELECT count(*) FROM outages WHERE part = 'orchestrator' AND clock_stood_still AND ended - began > interval '20 s'"),
        1);
    assert_string_equal(two->evicted, "1111111111111111");
    assert_int_equal(number(two, "SELECT count(*) FROM orchestrators"), 1);
    assert_int_equal(watermark_age(two), 0);
    release(one);
    release(two);
}

/* It cannot know what was in the way before it began. */
static void a_start_with_a_slow_database_blames_nothing_else(void **state)
{
    (void)state;
    struct orchestrator *one, *two = start_after_all_were_away(&one);
    watch_note_database(&two->watch);
    for (int i = 0; i < 3; i++)
        beat(two);
    assert_true(outages(two) > 0);
    assert_int_equal(number(two, "SELECT count(*) FROM outages WHERE part <> 'orchestrator'"), 0);
    release(one);
    release(two);
}

static void one_of_two_that_loses_its_connection_is_a_gap(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111"), *two = second_to(one);
    pass(one, 1);
    pass_for(two, 1);
    beat(two);
    beat(one);
    int64_t before = gaps(one), outages_before = outages(one);
    for (int i = 0; i < 6; i++) { /* `one` is cut off for six seconds */
        one->is_connected = i >= 5;
        one->connections += i == 5;
        pass(one, 1);
        pass_for(two, 1);
        beat(two);
        beat(one);
        if (i == 4)
            assert_in_range(watermark_age(one), 5, 6); /* `two` alone does not know what `one` was given */
    }
    beat(one);
    assert_int_equal(outages(one), outages_before);
    assert_int_equal(gaps(one), before + 1);
    assert_int_equal(watermark_age(one), 0);
    assert_int_equal(number(one, "SELECT away::bigint FROM service"), 0);
    release(one);
    release(two);
}

static void a_frozen_one_is_replaced_and_joins_anew(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111"), *two = second_to(one);
    two->refuses_evictions = true;
    for (int i = 0; i < 20; i++) {
        pass(one, 1);
        pass_for(two, 1);
        beat(two);
    }
    assert_int_equal(number(one, "SELECT count(*) FROM orchestrators"), 2); /* it may still be connected */
    assert_in_range(watermark_age(one), 20, 21);
    two->refuses_evictions = false;
    beat(two);
    assert_int_equal(number(one, "SELECT count(*) FROM orchestrators"), 1);
    assert_int_equal(watermark_age(one), 0);
    assert_in_range(
        number(
            one,
            "SELECT extract(epoch FROM max(ended - began))::bigint FROM outages WHERE NOT clock_stood_still"),
        20, 21);
    /* It goes on where it stood still. */
    one->is_idle = false;
    beat(one);
    assert_true(one->is_held);
    beat(one);
    assert_int_equal(number(one, "SELECT count(*) FROM orchestrators"),
                     1); /* not before its workers are idle */
    one->is_idle = true;
    beat(one);
    assert_false(one->is_held);
    beat(one);
    beat(one);
    assert_int_equal(number(one, "SELECT count(*) FROM orchestrators WHERE connected_since IS NOT NULL"), 2);
    assert_int_equal(number(one, "SELECT away::bigint FROM service"), 0); /* `two` was there all the time */
    assert_int_equal(number(one, "SELECT count(*) FROM service WHERE identity = 'lost'"), 0);
    release(one);
    release(two);
}

/* Its place was taken while the database kept it waiting; and the broker was away meanwhile. */
static void who_finds_its_place_taken_blames_not_the_database_alone(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111"), *two = second_to(one);
    for (int i = 0; i < 20; i++) {
        pass(one, 1);
        pass_for(two, 1);
        beat(two);
    }
    assert_int_equal(number(one, "SELECT count(*) FROM orchestrators"), 1);
    pass(one, 60);
    watch_note_database(&one->watch);
    one->connections++;
    beat(one);
    assert_int_equal(outages(one), 1);
    assert_int_equal(
        number(one, "SELECT count(*) FROM outages WHERE clock_stood_still AND part = 'database'"), 0);
    release(one);
    release(two);
}

static void one_that_is_a_minute_behind_leaves(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111"), *two = second_to(one);
    one->stores = one->is_idle = false;
    for (int i = 0; i < 62; i++) {
        pass(one, 1);
        pass_for(two, 1);
        beat(two);
        beat(one);
    }
    assert_true(one->is_held);
    assert_int_equal(watermark_age(one), 0); /* the others go on */
    assert_int_equal(number(one, "SELECT count(*) FROM orchestrators"), 2);
    assert_int_equal(outages(one), 0);
    one->stores = one->is_idle = true;
    beat(one);
    assert_false(one->is_held);
    beat(one);
    assert_int_equal(number(one, "SELECT count(*) FROM orchestrators WHERE watermark IS NOT NULL"), 2);
    release(one);
    release(two);
}

/* While the database is away nobody stores anything: nobody is behind. */
static void nobody_leaves_since_the_database_was_away(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    beat(one);
    beat(one);
    for (int i = 0; i < 10; i++) {
        pass(one, 30);
        watch_note_database(&one->watch);
    }
    beat(one);
    assert_false(one->is_held);
    assert_in_range(number(one, "SELECT round(away) FROM service"), 300, 301);
    release(one);
}

static void leaving_gives_the_place_up(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    struct error error;
    beat(one);
    beat(one);
    assert_int_equal(evidence_leave(one->store, one->watch.id, false, &error), STATUS_OK);
    assert_int_equal(number(one, "SELECT count(*) FROM orchestrators"), 0);
    assert_int_equal(gaps(one), 1);
    release(one);
}

/* Nobody's row is left to hold the judgement back: the one that comes next records it before it judges. */
static void a_start_after_a_stop_is_an_outage_before_anything_is_judged(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    struct error error;
    beat(one);
    beat(one);
    assert_int_equal(evidence_leave(one->store, one->watch.id, false, &error), STATUS_OK);
    pass(one, 25);
    struct orchestrator *two = make(one->url, "2222222222222222");
    two->is_connected = false;
    beat(two); /* it has its row, and has heard nothing yet */
    assert_int_equal(number(two, "SELECT round(away) FROM service"), 25);
    assert_int_equal(number(two, "SELECT count(*) FROM outages WHERE clock_stood_still AND asked_at IS NULL"),
                     1);
    release(one);
    release(two);
}

/* An orchestrator that cannot renew its lease makes no new connection: another one may have its place. */
static void the_lease_counts_from_before_the_beat(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    beat(one);
    long long lease = one->lease;
    pass(one, 5);
    beat(one);
    assert_in_range(one->lease - lease, 4900, 5300);
    release(one);
}

/* Whichever statement of the beat it is that the database does not answer, or should the process stand still.
 */
static void who_loses_the_broker_and_the_database_blames_not_the_broker_alone(void **state)
{
    (void)state;
    static const int looks[] = {1, 2, 5}; /* after the pause, and after each of the statements */
    for (int i = 0; i < 3; i++) {
        struct orchestrator *one = first("1111111111111111");
        beat(one);
        beat(one);
        beat(one);
        one->is_connected = false;
        one->looks_until_jump = looks[i];
        beat(one);
        pass(one, 90); /* what has gone by in that beat */
        one->clock -= 90000;
        one->watch.looked_at -= 90000;
        assert_true(one->has_jumped);
        one->is_connected = true;
        one->connections++;
        beat(one);
        beat(one);
        assert_true(outages(one) > 0);
        assert_int_equal(number(one, "SELECT count(*) FROM outages WHERE part = 'broker'"), 0);
        release(one);
    }
}

/* At whichever place of the beat that is. */
static void who_stands_still_blames_not_the_broker(void **state)
{
    (void)state;
    for (int looks = 1;; looks++) {
        struct orchestrator *one = first("1111111111111111");
        for (int i = 0; i < 3; i++)
            beat(one);
        one->answers = false;
        one->looks_until_jump = looks;
        beat(one);
        if (!one->has_jumped) {
            assert_true(looks > 8); /* a beat does not look more often */
            release(one);
            break;
        }
        pass(one, 90);
        one->clock -= 90000;
        one->watch.looked_at -= 90000;
        one->answers = true;
        for (int i = 0; i < 3; i++)
            beat(one);
        assert_true(outages(one) > 0);
        if (number(one, "SELECT count(*) FROM outages WHERE part = 'broker'") != 0)
            fail_msg("look %d", looks);
        release(one);
    }
}

static int64_t discontinuities(const struct orchestrator *one)
{
    return number(one, "SELECT count(*) FROM outages WHERE part = 'database' AND orchestrator_id = ''");
}

/* A crash without synchronous commits, or a snapshot of the machine: the database is the same, and older. */
static void a_database_that_has_lost_a_beat_is_another_one(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    beat(one);
    beat(one);
    beat(one);
    assert_int_equal(discontinuities(one), 0);
    number(one,
           "WITH u AS (UPDATE orchestrators SET beat_at = beat_at - interval '1 ms' RETURNING 1) SELECT 0");
    beat(one);
    assert_int_equal(discontinuities(one), 1);
    beat(one);
    beat(one);
    assert_int_equal(discontinuities(one), 1);
    release(one);
}

/* From before it was there. Each of them finds it out, and it is one discontinuity. */
static void a_database_that_does_not_know_its_orchestrator_is_another_one(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111"), *two = second_to(one);
    number(one, "WITH d AS (DELETE FROM orchestrators RETURNING 1) SELECT 0");
    beat(two); /* it may be the only one */
    assert_int_equal(discontinuities(one), 1);
    for (int i = 0; i < 3; i++) {
        beat(one);
        beat(two);
    }
    assert_int_equal(discontinuities(one), 1);
    assert_int_equal(number(one, "SELECT count(*) FROM service WHERE identity = database_identity()"), 1);
    release(one);
    release(two);
}

/* No time has gone by for the orchestrator: none has for the devices either. */
static void a_database_whose_clock_is_set_forward_is_an_outage(void **state)
{
    (void)state;
    struct orchestrator *one = first("1111111111111111");
    for (int i = 0; i < 3; i++)
        beat(one);
    pass(one, 3600);
    one->clock -= 3600 * 1000LL;
    one->watch.looked_at -= 3600 * 1000LL;
    beat(one);
    assert_int_equal(outages(one), 1);
    assert_in_range(number(one, "SELECT round(away) FROM service"), 3599, 3601);
    assert_int_equal(number(one, "SELECT count(*) FROM outages WHERE part = 'database'"), 1);
    for (int i = 0; i < 3; i++)
        beat(one);
    assert_int_equal(outages(one), 1);
    release(one);
}

/* Restored, or behind a standby that was promoted: nothing is noted in it before it is taken, or the time
 * from its last service to now would not be found any more. Whoever meets it takes it. */
static void another_database_is_taken_before_anything_is_noted(void **state)
{
    (void)state;
    for (int joins = 0; joins < 2; joins++) {
        struct orchestrator *one = first("1111111111111111");
        beat(one);
        beat(one);
        number(one,
               "WITH u AS (UPDATE service SET identity = 'another', served_until = served_until - interval "
               "'150 s' RETURNING 1) SELECT 0");
        if (joins == 1)
            number(one, "WITH d AS (DELETE FROM orchestrators RETURNING 1) SELECT 0");
        for (int i = 0; i < 4; i++) {
            struct error error;
            if (watch_beat(&one->watch, one->store, 20, &error) != STATUS_OK)
                assert_int_equal(error.status, STATUS_UNAVAILABLE);
        }
        assert_int_equal(number(one, "SELECT count(*) FROM service WHERE identity = database_identity()"), 1);
        assert_in_range(number(one, "SELECT round(seconds) FROM ops.outages WHERE part = 'database' AND "
                                    "clock_stood_still"),
                        149, 152);
        assert_in_range(number(one, "SELECT round(away) FROM service"), 149, 152);
        assert_in_range(number(one, "SELECT round(extract(epoch FROM now() - served_until)) FROM service"), 0,
                        1);
        release(one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_loses_the_broker_and_the_database_blames_not_the_broker_alone),
        cmocka_unit_test(who_stands_still_blames_not_the_broker),
        cmocka_unit_test(another_database_is_taken_before_anything_is_noted),
        cmocka_unit_test(a_database_whose_clock_is_set_forward_is_an_outage),
        cmocka_unit_test(a_database_that_has_lost_a_beat_is_another_one),
        cmocka_unit_test(a_database_that_does_not_know_its_orchestrator_is_another_one),
        cmocka_unit_test(the_watermark_follows_what_is_stored),
        cmocka_unit_test(each_beat_tells_the_time_of_the_database),
        cmocka_unit_test(a_database_that_stands_still_is_an_outage),
        cmocka_unit_test(a_broker_that_does_not_answer_is_an_outage),
        cmocka_unit_test(a_connection_that_breaks_is_an_outage_however_short),
        cmocka_unit_test(what_comes_back_on_another_connection_counts_from_its_first_beat),
        cmocka_unit_test(a_start_after_all_were_away_is_an_outage),
        cmocka_unit_test(a_start_with_a_slow_database_blames_nothing_else),
        cmocka_unit_test(one_of_two_that_loses_its_connection_is_a_gap),
        cmocka_unit_test(a_frozen_one_is_replaced_and_joins_anew),
        cmocka_unit_test(who_finds_its_place_taken_blames_not_the_database_alone),
        cmocka_unit_test(one_that_is_a_minute_behind_leaves),
        cmocka_unit_test(nobody_leaves_since_the_database_was_away),
        cmocka_unit_test(a_start_after_a_stop_is_an_outage_before_anything_is_judged),
        cmocka_unit_test(the_lease_counts_from_before_the_beat),
        cmocka_unit_test(leaving_gives_the_place_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
