/* What devices say of themselves beside their campaigns: their first contact, and their flash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "ingest.h"
#include "services.h"

#define HELLO(more)                                                                                          \
    "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"   \
    "'sha256':'5555555555555555555555555555555555555555555555555555555555555555'" more "}"
#define FLASH(kb, map) ",'flash_kb':" #kb ",'flash_map':'" map "'"

static struct fixture *fixture;

static int set_up(void **state)
{
    (void)state;
    services_start();
    fixture = fixture_make(4);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_release(fixture);
    return 0;
}

static void say_presence(const char *topic, const char *payload)
{
    struct report report;
    struct ingest_summary summary;
    struct error error = {0};
    report_parse(topic, payload, strlen(payload), &report);
    if (ingest_batch(&fixture->engine, fixture->store, &report, 1, &summary, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

static int64_t activated(const char *device)
{
    char query[128];
    snprintf(query, sizeof query, "SELECT count(activated_at) FROM devices WHERE device_id = '%s'", device);
    return fixture_integer(fixture, query);
}

static void the_first_contact_activates_a_device(void **state)
{
    (void)state;
    assert_int_equal(activated("lamp-1"), 0);
    fixture_report(fixture, "lamp-1", HELLO(""));
    assert_int_equal(activated("lamp-1"), 1);
    say_presence("fota/v1/lamp-2/presence", "{\"online\":false}");
    fixture_report(fixture, "lamp-2", "{'report':'accepted','campaign':1,'attempt':1}");
    assert_int_equal(activated("lamp-2"), 0); /* no connection stands behind either */
    say_presence("fota/v1/lamp-2/presence", "{\"online\":true}");
    assert_int_equal(activated("lamp-2"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(activated_at) FROM devices"), 2);
}

static void only_the_first_one_does(void **state)
{
    (void)state;
    fixture_report(fixture, "lamp-1", HELLO(""));
    fixture_sql(fixture, "UPDATE devices SET activated_at = '2020-01-01' WHERE device_id = 'lamp-1'");
    fixture_report(fixture, "lamp-1", HELLO(""));
    say_presence("fota/v1/lamp-1/presence", "{\"online\":true}");
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM devices WHERE activated_at = '2020-01-01'"), 1);
}

/* It restarted so quickly that both messages are of one batch. */
static void a_device_that_went_and_came_back_has_changed(void **state)
{
    (void)state;
    struct report reports[2];
    struct ingest_summary summary;
    struct error error = {0};
    fixture_sql(fixture, "UPDATE presence SET online = true, last_seen = now(), changed_at = '2020-01-01'");
    say_presence("fota/v1/lamp-1/presence", "{\"online\":true}");
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM presence WHERE changed_at > '2020-01-02'"), 0);
    report_parse("fota/v1/lamp-1/presence", "{\"online\":false}", 16, &reports[0]);
    report_parse("fota/v1/lamp-1/presence", "{\"online\":true}", 15, &reports[1]);
    assert_int_equal(ingest_batch(&fixture->engine, fixture->store, reports, 2, &summary, &error), STATUS_OK);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM presence WHERE online AND device_id = "
                                              "'lamp-1' AND changed_at > '2020-01-02'"),
                     1);
}

static int64_t has_flash(const char *device, const char *flash)
{
    char query[200];
    snprintf(query, sizeof query,
             "SELECT count(*) FROM devices WHERE device_id = '%s' AND flash_kb || ' ' || flash_map || ' ' || "
             "image_max = '%s'",
             device, flash);
    return fixture_integer(fixture, query);
}

static void a_hello_says_how_the_flash_is_divided(void **state)
{
    (void)state;
    fixture_report(fixture, "lamp-1", HELLO(FLASH(1024, "512+512")));
    assert_int_equal(has_flash("lamp-1", "1024 512+512 434176"), 1);
    fixture_report(fixture, "lamp-1", HELLO(""));
    assert_int_equal(has_flash("lamp-1", "1024 512+512 434176"), 1);
    fixture_report(fixture, "lamp-1", HELLO(FLASH(4096, "1024+1024")));
    assert_int_equal(has_flash("lamp-1", "4096 1024+1024 917504"), 1);
    fixture_report(fixture, "lamp-1", HELLO(FLASH(4096, "512+512")));
    assert_int_equal(has_flash("lamp-1", "4096 512+512 434176"), 1);
    fixture_report(fixture, "lamp-1", HELLO(FLASH(512, "512+512")));
    assert_int_equal(fixture_rejected(fixture, "bad_member"), 1);
    assert_int_equal(has_flash("lamp-1", "4096 512+512 434176"), 1);
}

/* A hello after every connect must not write what is there already. */
static void the_same_flash_map_is_not_written_again(void **state)
{
    (void)state;
    fixture_sql(fixture, "CREATE TABLE flash_writes (device_id text)");
    fixture_sql(
        fixture,
        "CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO flash_writes "
        "VALUES (NEW.device_id); RETURN NEW; END $$");
    fixture_sql(fixture,
                "CREATE TRIGGER note_write AFTER UPDATE OF flash_kb, flash_map, image_max, activated_at ON "
                "devices FOR EACH ROW EXECUTE FUNCTION note_write()");
    for (int i = 0; i < 3; i++)
        fixture_report(fixture, "lamp-1", HELLO(FLASH(1024, "512+512")));
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM flash_writes"), 2); /* one of each kind */
}

static void nothing_that_reports_change_is_indexed(void **state)
{
    (void)state;
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND "
                        "a.attnum = ANY (i.indkey) WHERE i.indrelid IN ('devices'::regclass, "
                        "'presence'::regclass) AND a.attname NOT IN ('device_id', 'ptype')"),
        0);
}

/* The firmware's images have 3 bytes here. */
static void a_firmware_that_does_not_fit_is_not_offered(void **state)
{
    (void)state;
    fixture_sql(fixture, "UPDATE devices SET image_max = 2 WHERE device_id = 'lamp-1'");
    fixture_sql(fixture, "UPDATE devices SET image_max = 3 WHERE device_id = 'lamp-2'");
    fixture_campaign(fixture, "june", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets"), 3);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE device_id = 'lamp-1'"), 0);
}

/* Deleted by hand in the middle of its update: its target ends, its place is given back, and it is no
 * failure. */
static void a_device_that_is_not_registered_any_more_ends(void **state)
{
    (void)state;
    static const char *const until[] = {"", "accepted", "downloading", "installed", "trial"};
    for (size_t i = 0; i < sizeof until / sizeof until[0]; i++) {
        fixture = fixture_make(4);
        char sql[200], first[65], second[65];
        fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
        fixture_tick(fixture);
        fixture_canary_devices(fixture, first, second);
        if (until[i][0] != '\0')
            fixture_reports(fixture, first, until[i]);
        snprintf(sql, sizeof sql,
                 "DELETE FROM devices WHERE device_id IN ('%s', (SELECT min(device_id) FROM "
                 "targets WHERE wave = 1))",
                 first);
        fixture_sql(fixture, sql);
        fixture_later(fixture, 20);
        assert_int_equal(fixture_targets(fixture, "cancelled"), 1);
        assert_int_equal(fixture_targets(fixture, "skipped"), 1);
        assert_int_equal(
            fixture_integer(fixture, "SELECT count(*) FROM targets WHERE reason = 'not_registered'"), 2);
        fixture_updates_itself(fixture, second);
        fixture_tick(fixture);
        fixture_everybody_updates(fixture);
        fixture_state_is(fixture, "c", "completed");
        assert_int_equal(
            fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE tick_error IS NOT NULL"), 0);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_failures"), 0);
        fixture_release(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_contact_activates_a_device, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_first_one_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_went_and_came_back_has_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hello_says_how_the_flash_is_divided, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_flash_map_is_not_written_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_that_reports_change_is_indexed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_firmware_that_does_not_fit_is_not_offered, set_up, tear_down),
        cmocka_unit_test(a_device_that_is_not_registered_any_more_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
