/* Plans and selectors on a real database: who takes part, in which wave, who does not and why; and that a
 * campaign does what its plan shows. */
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

#define WAVES                                                                                                \
    "{\"name\":\"p\",\"waves\":[{\"name\":\"canary\",\"size\":{\"percent\":10}},{\"name\":\"eu\",\"size\":{" \
    "\"tag\":\"region:eu\"}},{\"name\":\"rest\",\"size\":{\"rest\":true}}],\"rate\":{\"per_minute\":6}}"

static struct campaign_new asked(const char *select)
{
    return (struct campaign_new){
        .name = "c", .firmware = FIXTURE_VERSION, .tags = "", .select = select, .policy_json = WAVES};
}

static int64_t plan(struct fixture *fixture, const struct campaign_new *wanted)
{
    struct error error = {0};
    int64_t number = 0;
    if (operate_plan_create(fixture->store, &fixture->actor, wanted, &number, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    return number;
}

/* The ids that a plan takes, as a text. */
static char *planned(struct fixture *fixture, int64_t number)
{
    char sql[200];
    snprintf(
        sql, sizeof sql,
        "SELECT coalesce(string_agg(substr(device_id, 6), ' ' ORDER BY length(device_id), device_id), '') "
        "FROM plan_devices WHERE plan_id = %lld",
        (long long)number);
    return services_query(fixture->url, sql);
}

static void a_plan_says_who_and_why_not(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(30);
    fixture_sql(
        fixture,
        "UPDATE devices SET tags = '{region:eu}' WHERE substr(device_id, 6)::integer <= 12;"
        "UPDATE devices SET version = NULL, version_order = NULL, fota_class = NULL WHERE device_id = 'lamp-30';"
        "UPDATE devices SET version = 'v1.1.0t45772(a)', version_order = '110v' WHERE device_id = 'lamp-29';"
        "UPDATE devices SET image_max = 1 WHERE device_id = 'lamp-28';");
    struct campaign_new wanted = asked(NULL);
    int64_t number = plan(fixture, &wanted);
    char sql[400];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM plan_devices WHERE plan_id = %lld", (long long)number);
    assert_int_equal(fixture_integer(fixture, sql), 27);
    static const char *const reasons[][2] = {
        {"lamp-30", "version_not_known"}, {"lamp-29", "version"}, {"lamp-28", "too_large"}};
    for (int i = 0; i < 3; i++) {
        snprintf(
            sql, sizeof sql,
            "SELECT count(*) FROM plan_left_out WHERE plan_id = %lld AND device_id = '%s' AND reason = '%s'",
            (long long)number, reasons[i][0], reasons[i][1]);
        assert_int_equal(fixture_integer(fixture, sql), 1);
    }
    /* 10% of 27 are 3; then Europe, without those the canary has; then the others. Nobody twice. */
    snprintf(sql, sizeof sql, "SELECT count(*) FROM plan_devices WHERE plan_id = %lld AND wave = 0",
             (long long)number);
    assert_int_equal(fixture_integer(fixture, sql), 3);
    snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM plan_devices p JOIN devices d USING (device_id) WHERE plan_id = %lld AND (wave = 1) <> "
        "(d.tags @> '{region:eu}' AND wave <> 0)",
        (long long)number);
    assert_int_equal(fixture_integer(fixture, sql), 0);
    snprintf(sql, sizeof sql, "SELECT count(DISTINCT device_id) FROM plan_devices WHERE plan_id = %lld",
             (long long)number);
    assert_int_equal(fixture_integer(fixture, sql), 27);
    snprintf(sql, sizeof sql, "SELECT least_seconds FROM plans WHERE plan_id = %lld", (long long)number);
    assert_int_equal(fixture_integer(fixture, sql), 270); /* 27 devices, 6 a minute */
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets"), 0);
    fixture_release(fixture);
}

static void the_campaign_does_what_its_plan_shows(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(30);
    struct error error = {0};
    struct campaign_new wanted = asked("not tag:never");
    int64_t number = plan(fixture, &wanted);
    /* What changes afterwards changes nothing of it. */
    fixture_sql(fixture, "UPDATE devices SET tags = '{never,region:eu}'");
    struct campaign_new campaign = {.name = "c", .plan = number, .start = true};
    if (operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    fixture_tick(fixture);
    assert_int_equal(
        fixture_integer(
            fixture,
            "SELECT count(*) FROM (SELECT * FROM plan_devices WHERE plan_id = 1) p FULL JOIN targets t USING (device_id) "
            "WHERE (p.wave, p.position) IS DISTINCT FROM (t.wave, t.position)"),
        0);
    assert_int_equal(fixture_integer(fixture, "SELECT members FROM campaigns"), 30);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM campaigns WHERE selector = 'not tag:never' AND "
                                     "seed = (SELECT seed FROM plans)"),
                     1);
    fixture_release(fixture);
}

/* Every way to cut waves, of 30 devices of which 12 are in Europe: a plan notes the sizes it came out with,
 * and a campaign of the same seed has the very same waves. */
static void waves_come_out_as_the_policy_says(void **state)
{
    (void)state;
    static const struct {
        const char *waves, *sizes;
    } cases[] = {
        {"{'name':'all','size':{'rest':true}}", "{30}"},
        {"{'name':'a','size':{'count':3}},{'name':'b','size':{'percent':1,'min':2}},"
         "{'name':'c','size':{'percent':50}},{'name':'d','size':{'rest':true}}",
         "{3,2,15,10}"},
        {"{'name':'a','size':{'count':100}},{'name':'b','size':{'rest':true}}", "{30,0}"},
        {"{'name':'a','size':{'count':20}},{'name':'b','size':{'percent':50}},{'name':'c','size':{'rest':true}}",
         "{20,10,0}"},
        {"{'name':'a','size':{'tag':'region:eu'}},{'name':'b','size':{'count':4}},{'name':'c','size':{'rest':true}}",
         "{12,4,14}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture *fixture = fixture_make(30);
        struct error error = {0};
        char policy[800];
        snprintf(policy, sizeof policy, "{'name':'p','waves':[%s],'rate':{'per_minute':6}}", cases[i].waves);
        for (char *at = policy; (at = strchr(at, '\'')) != NULL;)
            *at = '"';
        fixture_sql(fixture,
                    "UPDATE devices SET tags = '{region:eu}' WHERE substr(device_id, 6)::integer <= 12");
        struct campaign_new wanted = asked(NULL);
        wanted.policy_json = policy;
        wanted.seed = 7;
        plan(fixture, &wanted);
        char *sizes = services_query(fixture->url, "SELECT wave_members FROM plans");
        assert_string_equal(sizes, cases[i].sizes);
        free(sizes);
        wanted.start = true;
        if (operate_campaign_create(fixture->store, &fixture->actor, &wanted, &error) != STATUS_OK)
            fail_msg("%s: %s", error.field, error.message);
        fixture_tick(fixture);
        assert_int_equal(
            fixture_integer(
                fixture,
                "SELECT count(*) FROM (SELECT * FROM plan_devices WHERE plan_id = 1) p FULL JOIN targets t USING (device_id) "
                "WHERE (p.wave, p.position) IS DISTINCT FROM (t.wave, t.position)"),
            0);
        sizes = services_query(
            fixture->url,
            "SELECT array_agg(coalesce(n, 0) ORDER BY w.wave) FROM waves w LEFT JOIN (SELECT wave, count(*) "
            "AS n FROM plan_devices WHERE plan_id = 1 GROUP BY wave) d USING (wave)");
        assert_string_equal(sizes, cases[i].sizes);
        free(sizes);
        /* Without tags they are cut one after the other in the campaign's order. */
        if (strstr(policy, "tag") == NULL)
            assert_int_equal(
                fixture_integer(fixture, "SELECT count(*) FROM targets a JOIN targets b ON a.wave < b.wave "
                                         "AND a.position > b.position"),
                0);
        fixture_release(fixture);
    }
}

/* Whoever runs slot 1 fetches the image of slot 2; of whom nothing is known the larger one. */
static void a_plan_notes_what_is_fetched_and_who_is_queued(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(30);
    fixture_sql(
        fixture,
        "INSERT INTO image_bytes SELECT encode(sha256(b), 'hex'), octet_length(b), b FROM (SELECT "
        "'longer'::bytea AS b) t;"
        "UPDATE images SET sha256 = encode(sha256('longer'::bytea), 'hex') WHERE slot = 2;"
        "UPDATE devices SET slot = CASE substr(device_id, 6)::integer % 3 WHEN 1 THEN 1 WHEN 2 THEN 2 END");
    fixture_campaign(fixture, "other", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE waves SET pending = 3, cancelled = members - 3 - offered WHERE wave = 1;"
                         "UPDATE targets SET state = 'cancelled' WHERE wave = 1 AND position > 5");
    struct campaign_new wanted = asked(NULL);
    wanted.overlap = OVERLAP_QUEUE;
    plan(fixture, &wanted);
    assert_int_equal(fixture_integer(fixture, "SELECT bytes FROM plans WHERE NOT of_campaign"),
                     10 * 6 + 10 * 3 + 10 * 6);
    assert_int_equal(fixture_integer(fixture, "SELECT queued FROM plans WHERE NOT of_campaign"), 5);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM plan_devices WHERE queued"), 5);
    fixture_release(fixture);
}

static void a_plan_whose_devices_were_taken_is_refused(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    struct error error = {0};
    struct campaign_new wanted = asked(NULL);
    int64_t number = plan(fixture, &wanted);
    fixture_campaign(fixture, "other", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    struct campaign_new campaign = {.name = "c", .plan = number, .start = true};
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error),
                     STATUS_CONFLICT);
    assert_string_equal(error.field, "plan");
    assert_non_null(strstr(error.message, "6 devices"));
    assert_non_null(strstr(error.message, "other"));
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns"), 1);
    campaign.plan = number + 1;
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error),
                     STATUS_NOT_FOUND);
    assert_string_equal(error.field, "plan");
    fixture_release(fixture);
}

/* Before the ticker has frozen the first one's membership. */
static void a_plan_is_run_once_at_a_time(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    struct error error = {0};
    struct campaign_new wanted = asked(NULL);
    int64_t number = plan(fixture, &wanted);
    struct campaign_new first = {.name = "c", .plan = number, .start = true},
                        second = {.name = "d", .plan = number, .start = true};
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &first, &error), STATUS_OK);
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &second, &error),
                     STATUS_CONFLICT);
    assert_string_equal(error.field, "plan");
    assert_non_null(strstr(error.message, "c is about to run plan"));
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT members FROM campaigns"), 6);
    fixture_release(fixture);
}

/* Of two that are started at once the second finds nobody: that is not a completed campaign. */
static void a_campaign_that_finds_nobody_is_not_completed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_campaign(fixture, "d", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "running");
    fixture_state_is(fixture, "d", "cancelled");
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM campaigns WHERE name = 'd' AND settled AND state_reason "
                        "LIKE 'no device was eligible when it was planned%'"),
        1);
    fixture_release(fixture);
}

static void every_term_selects(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    fixture_sql(
        fixture,
        "INSERT INTO products (name, ptype) VALUES ('other', 45772);"
        "UPDATE devices SET product_id = (SELECT product_id FROM products WHERE name = 'other') WHERE device_id = 'lamp-1';"
        "UPDATE devices SET tags = '{a}' WHERE device_id IN ('lamp-1', 'lamp-2');"
        "UPDATE devices SET tags = '{a,b}' WHERE device_id = 'lamp-3';"
        "UPDATE devices SET flash_kb = 4096, flash_map = '1024+1024' WHERE device_id = 'lamp-4';"
        "UPDATE devices SET flash_kb = 1024, flash_map = '512+512' WHERE device_id = 'lamp-5';"
        "UPDATE presence SET online = false, last_seen = now() - interval '2 days' WHERE device_id = 'lamp-6';"
        "UPDATE presence SET last_seen = NULL WHERE device_id = 'lamp-5';"
        "UPDATE presence SET last_seen = now() WHERE device_id < 'lamp-5'");
    static const char *const cases[][2] = {
        {"", "1 2 3 4 5 6"},
        {"tag:a", "1 2 3"},
        {"not tag:a", "4 5 6"},
        {"tag:a and tag:b", "3"},
        {"tag:a and not tag:b", "1 2"},
        {"tag:b or product:other", "1 3"},
        {"not (tag:b or product:other)", "2 4 5 6"},
        {"product:other and product:lamp", ""},
        {"map:1024+1024", "4"},
        {"not map:1024+1024", "1 2 3 5 6"},
        {"flash:1024 or flash:4096", "4 5"},
        {"not flash:4096", "1 2 3 5 6"},
        {"online", "1 2 3 4 5"},
        {"not online", "6"},
        {"online and not online", ""},
        {"seen<1d", "1 2 3 4"},
        {"seen<3d", "1 2 3 4 6"},
        {"not seen<1d", "5 6"},
        {"seen<3d and not seen<1d", "6"},
        {"hash<0%", ""},
        {"hash<100%", "1 2 3 4 5 6"},
        {"not hash<100%", ""},
        {"hash<40% or not hash<40%", "1 2 3 4 5 6"},
        {"hash<40% and not hash<40%", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct campaign_new wanted = asked(cases[i][0]);
        char *taken = planned(fixture, plan(fixture, &wanted));
        if (strcmp(taken, cases[i][1]) != 0)
            fail_msg("%s: %s", cases[i][0], taken);
        free(taken);
    }
    fixture_release(fixture);
}

/* hash<N% is about N percent, grows with N, and is the same part whatever the campaign. */
static void a_percentage_is_always_the_same_part(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1000);
    struct campaign_new ten = asked("hash<10%"), thirty = asked("hash<30%");
    int64_t first = plan(fixture, &ten), again = plan(fixture, &ten), more = plan(fixture, &thirty);
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM plan_devices WHERE plan_id = %lld", (long long)first);
    assert_in_range(fixture_integer(fixture, sql), 60, 140);
    snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM (SELECT device_id FROM plan_devices WHERE plan_id = %lld EXCEPT SELECT device_id FROM "
        "plan_devices WHERE plan_id = %lld) x",
        (long long)first, (long long)again);
    assert_int_equal(fixture_integer(fixture, sql), 0);
    snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM (SELECT device_id FROM plan_devices WHERE plan_id = %lld EXCEPT SELECT device_id FROM "
        "plan_devices WHERE plan_id = %lld) x",
        (long long)first, (long long)more);
    assert_int_equal(fixture_integer(fixture, sql), 0);
    fixture_release(fixture);
}

static void a_selector_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct error error = {0};
    int64_t number;
    struct campaign_new wanted = asked("tag:a and");
    assert_int_equal(operate_plan_create(fixture->store, &fixture->actor, &wanted, &number, &error),
                     STATUS_INVALID);
    assert_string_equal(error.field, "select");
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &wanted, &error),
                     STATUS_INVALID);
    assert_string_equal(error.field, "select");
    assert_int_equal(
        fixture_integer(fixture, "SELECT (SELECT count(*) FROM plans) + (SELECT count(*) FROM campaigns)"),
        0);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_says_who_and_why_not),
        cmocka_unit_test(the_campaign_does_what_its_plan_shows),
        cmocka_unit_test(waves_come_out_as_the_policy_says),
        cmocka_unit_test(a_plan_notes_what_is_fetched_and_who_is_queued),
        cmocka_unit_test(a_plan_whose_devices_were_taken_is_refused),
        cmocka_unit_test(a_plan_is_run_once_at_a_time),
        cmocka_unit_test(a_campaign_that_finds_nobody_is_not_completed),
        cmocka_unit_test(every_term_selects),
        cmocka_unit_test(a_percentage_is_always_the_same_part),
        cmocka_unit_test(a_selector_that_cannot_be_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
