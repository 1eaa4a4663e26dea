/* Which devices may download what: the image server's memory of live attempts, against a campaign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "live_attempts.h"
#include "services.h"

static struct fixture *fixture;
static struct live_attempts *live;
static char images[2][65];
static int64_t long_ago; /* a URL that was signed then is none of an attempt that is just being made */

static void read_image(int slot)
{
    char query[80];
    snprintf(query, sizeof query, "SELECT sha256 FROM images WHERE slot = %d", slot);
    char *text = services_query(fixture->url, query);
    snprintf(images[slot - 1], sizeof images[0], "%s", text);
    free(text);
}

static int set_up(void **state)
{
    (void)state;
    fixture = fixture_make(3);
    live = live_attempts_create();
    read_image(1);
    read_image(2);
    long_ago = fixture_integer(fixture, "SELECT extract(epoch FROM now())::bigint") - 300;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    live_attempts_destroy(live);
    fixture_release(fixture);
    return 0;
}

static void load(void)
{
    struct error error;
    if (live_attempts_load(live, fixture->store, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

static enum status check(const char *device, int64_t signed_at)
{
    struct error error = {0};
    enum status first = live_attempts_check(live, device, images[0], signed_at, &error);
    assert_int_equal(live_attempts_check(live, device, images[1], signed_at, &error), first);
    return first;
}

static void is_live(const char *device)
{
    load();
    assert_int_equal(check(device, long_ago), STATUS_OK);
}

static void has_ended(const char *device)
{
    load();
    assert_int_equal(check(device, long_ago), STATUS_DENIED);
}

/* All three devices download. */
static void all_download(void)
{
    char device[16];
    fixture_campaign(fixture, "spring",
                     "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"
                     "'min_sample':1}}],'rate':{'per_minute':600000}}");
    fixture_tick(fixture);
    for (int i = 1; i <= 3; i++) {
        snprintf(device, sizeof device, "lamp-%d", i);
        fixture_reports(fixture, device, "downloading");
    }
}

static void before_anything_was_read_nobody_knows(void **state)
{
    (void)state;
    assert_int_equal(check("lamp-1", long_ago), STATUS_UNAVAILABLE);
    has_ended("lamp-1");
}

static void an_attempt_is_live_from_its_offer_to_its_end(void **state)
{
    (void)state;
    struct error error;
    static const char *const ends[] = {"failed", "reverted", "confirmed"};
    char device[16];
    all_download();
    is_live("lamp-1");
    assert_int_equal(live_attempts_check(live, "lamp-4", images[0], long_ago, &error), STATUS_DENIED);
    assert_int_equal(live_attempts_check(live, "lamp-", images[0], long_ago, &error), STATUS_DENIED);
    assert_int_equal(live_attempts_check(live, "lamp-1", "lamp-1", long_ago, &error), STATUS_DENIED);
    for (int i = 0; i < 3; i++) {
        snprintf(device, sizeof device, "lamp-%d", i + 1);
        if (i > 0) {
            fixture_reports(fixture, device, "installed");
            fixture_reports(fixture, device, "trial");
        }
        is_live(device);
        fixture_reports(fixture, device, ends[i]);
        has_ended(device);
    }
}

static void a_silent_attempt_has_ended(void **state)
{
    (void)state;
    all_download();
    is_live("lamp-2");
    fixture_later(fixture, 100000);
    has_ended("lamp-2");
}

static void a_cancelled_campaign_ends_its_attempts(void **state)
{
    (void)state;
    all_download();
    is_live("lamp-1");
    fixture_command(fixture, "spring", CAMPAIGN_CANCEL);
    has_ended("lamp-1");
}

/* docs/policies.md: what has been accepted goes on, what has not is withdrawn. */
static void a_pause_lets_downloads_go_on(void **state)
{
    (void)state;
    fixture_campaign(fixture, "spring",
                     "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"
                     "'min_sample':1}}],'rate':{'per_minute':600000}}");
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "downloading");
    fixture_reports(fixture, "lamp-2", "accepted");
    is_live("lamp-3");
    fixture_command(fixture, "spring", CAMPAIGN_PAUSE);
    is_live("lamp-1");
    is_live("lamp-2");
    has_ended("lamp-3");
}

static void a_device_whose_key_was_revoked_downloads_nothing(void **state)
{
    (void)state;
    all_download();
    fixture_sql(
        fixture,
        "INSERT INTO device_keys (key_sha256, device_id, kind) SELECT encode(sha256((n || 'm')::bytea), 'hex'), "
        "'lamp-' || n, 'master' FROM generate_series(1, 2) n");
    fixture_sql(
        fixture,
        "INSERT INTO device_keys (key_sha256, device_id, kind, revoked_at) VALUES (repeat('a', 64), 'lamp-1', 'owner', now())");
    is_live("lamp-1");
    fixture_sql(fixture, "UPDATE device_keys SET revoked_at = now() WHERE kind = 'master'");
    has_ended("lamp-1");
    has_ended("lamp-2");
    is_live("lamp-3"); /* never had one */
    /* a new one in its place */
    fixture_sql(
        fixture,
        "INSERT INTO device_keys (key_sha256, device_id, kind) VALUES (repeat('b', 64), 'lamp-1', 'master')");
    is_live("lamp-1");
}

/* It is younger than what was read last. */
static void a_fresh_offer_is_not_refused(void **state)
{
    (void)state;
    load();
    int64_t now = fixture_integer(fixture, "SELECT extract(epoch FROM now())::bigint");
    assert_int_equal(check("lamp-1", now), STATUS_OK);
    assert_int_equal(check("lamp-1", now + 30), STATUS_OK);
    assert_int_equal(check("lamp-1", now - 5), STATUS_DENIED);
}

/* However long its transaction takes. */
static void an_offer_that_is_not_committed_yet_is_not_refused(void **state)
{
    (void)state;
    struct error error;
    struct store *ticker = store_create(fixture->url, "orchestratord ticker");
    assert_int_equal(store_run_script(ticker, "BEGIN; SELECT 1", &error), STATUS_OK);
    int64_t now = fixture_integer(fixture, "SELECT extract(epoch FROM now())::bigint");
    sleep(3);
    load();
    assert_int_equal(check("lamp-1", now), STATUS_OK);
    assert_int_equal(check("lamp-1", now - 5), STATUS_DENIED);
    assert_int_equal(store_run_script(ticker, "COMMIT", &error), STATUS_OK);
    load();
    assert_int_equal(check("lamp-1", now), STATUS_DENIED);
    store_destroy(ticker);
}

static void what_was_live_stays_live_while_the_database_is_away(void **state)
{
    (void)state;
    struct error error;
    all_download();
    is_live("lamp-1");
    services_kill("postgres");
    for (int i = 0; i < 200 && live_attempts_load(live, fixture->store, &error) == STATUS_OK; i++)
        ; /* its backends outlive the postmaster for a moment */
    assert_int_equal(check("lamp-1", long_ago), STATUS_OK);
    assert_int_equal(live_attempts_check(live, "lamp-9", images[0], long_ago, &error), STATUS_DENIED);
    services_revive();
}

/* It has to stop, and says it in the only way that it knows: that is no failure of the release. */
static void a_download_that_was_cut_off_is_no_failure(void **state)
{
    (void)state;
    all_download();
    fixture_command(fixture, "spring", CAMPAIGN_CANCEL);
    fixture_report(fixture, "lamp-1",
                   "{'report':'failed','campaign':1,'attempt':1,'nonce':'%NONCE','reason':'http_status'}");
    fixture_report(fixture, "lamp-2",
                   "{'report':'failed','campaign':1,'attempt':1,'nonce':'%NONCE','reason':'flash_error'}");
    assert_int_equal(fixture_targets(fixture, "cancelled"), 1);
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(before_anything_was_read_nobody_knows),
        TEST(an_attempt_is_live_from_its_offer_to_its_end),
        TEST(a_silent_attempt_has_ended),
        TEST(a_cancelled_campaign_ends_its_attempts),
        TEST(a_pause_lets_downloads_go_on),
        TEST(a_device_whose_key_was_revoked_downloads_nothing),
        TEST(a_fresh_offer_is_not_refused),
        TEST(an_offer_that_is_not_committed_yet_is_not_refused),
        TEST(a_download_that_was_cut_off_is_no_failure),
        TEST(what_was_live_stays_live_while_the_database_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
