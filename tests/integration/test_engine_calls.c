/* Calls on their way: sent once, by one ticker, answered once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "call.h"
#include "engine_fixture.h"
#include "services.h"

static struct error error;

static void call(struct fixture *fixture, const char *device, char nonce[NONCE_SIZE])
{
    int64_t number;
    assert_int_equal(
        operate_device_reboot(fixture->store, &fixture->actor, device, "why", 10, &number, nonce, &error),
        STATUS_OK);
}

static void answer(struct fixture *fixture, const char *device, const char *nonce, const char *status)
{
    char json[128];
    snprintf(json, sizeof json, "{'report':'answered','nonce':'%s','status':'%s'}", nonce, status);
    fixture_report(fixture, device, json);
}

static void a_call_is_sent_once_and_answered_once(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    char nonce[NONCE_SIZE], expected[64];
    call(fixture, "lamp-1", nonce);
    fixture_tick(fixture);
    snprintf(expected, sizeof expected, "{\"command\":\"reboot\",\"nonce\":\"%s\"}", nonce);
    assert_string_equal(fixture->last_topic, "fota/v1/lamp-1/command");
    assert_string_equal(fixture->last_payload, expected);
    fixture->last_payload[0] = '\0';
    fixture_tick(fixture);
    assert_string_equal(fixture->last_payload, "");

    answer(fixture, "lamp-2", nonce, "rebooting"); /* not its call */
    assert_int_equal(fixture_rejected(fixture, "nonce_mismatch"), 1);
    answer(fixture, "lamp-1", "0000000000000000", "rebooting");
    assert_int_equal(fixture_rejected(fixture, "nonce_mismatch"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_calls WHERE answered_at IS NULL"),
                     1);
    answer(fixture, "lamp-1", nonce, "busy");
    answer(fixture, "lamp-1", nonce, "rebooting"); /* a copy from the broker would be the same */
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_calls WHERE answer = 'busy'"), 1);
    assert_int_equal(fixture_rejected(fixture, "nonce_mismatch"), 2);
    fixture_release(fixture);
}

static void what_nobody_waits_for_any_more_is_not_sent(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    char nonce[NONCE_SIZE];
    call(fixture, "lamp-1", nonce);
    fixture_sql(fixture, "UPDATE device_calls SET deadline = now() - interval '1 second'");
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_calls WHERE sent_at IS NULL"), 1);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    int64_t number;
    assert_int_equal(
        operate_device_reboot(fixture->store, &fixture->actor, "lamp-1", NULL, 10, &number, nonce, &error),
        STATUS_CONFLICT);
    fixture_release(fixture);
}

static void an_upgrade_is_a_campaign_of_the_device_alone(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    struct device_upgrade upgrade;
    assert_int_equal(
        operate_device_upgrade(fixture->store, &fixture->actor, "lamp-2", NULL, &upgrade, &error),
        STATUS_CONFLICT); /* nothing is current */
    assert_int_equal(
        operate_device_upgrade(fixture->store, &fixture->actor, "lamp-2", FIXTURE_VERSION, &upgrade, &error),
        STATUS_OK);
    assert_int_equal(strncmp(upgrade.name, "upgrade-lamp-2-110-", 19), 0);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    assert_string_equal(fixture->last_topic, "fota/v1/lamp-2/command");
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, upgrade.name, "completed");
    assert_int_equal(
        operate_device_upgrade(fixture->store, &fixture->actor, "lamp-2", FIXTURE_VERSION, &upgrade, &error),
        STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "is not newer"));
    assert_int_equal(
        operate_device_upgrade(fixture->store, &fixture->actor, "lamp-3", "v1.1.0t1(a)", &upgrade, &error),
        STATUS_CONFLICT);
    assert_int_equal(
        operate_device_upgrade(fixture->store, &fixture->actor, "lamp-3", "1.1", &upgrade, &error),
        STATUS_INVALID);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_sent_once_and_answered_once),
        cmocka_unit_test(what_nobody_waits_for_any_more_is_not_sent),
        cmocka_unit_test(an_upgrade_is_a_campaign_of_the_device_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
