/* A server that lies: whatever it sends, no image is flagged but the one that was offered, and each attempt
 * ends with a reason, by its deadline at the latest. */
#include "agent_world.h"

#define VERSION "v1.1.0t45772(a)"

static void headers(uint32_t status, int64_t length)
{
    step((struct fota_event){
        .type = FOTA_EVENT_HTTP_HEADERS,
        .http = {.status = status, .content_length = length, .range_first = -1, .range_total = -1}});
}

static void data(const void *bytes, uint32_t length)
{
    step((struct fota_event){.type = FOTA_EVENT_HTTP_DATA, .bytes = bytes, .length = length});
}

static void end(void)
{
    world.http_wanted = false;
    step((struct fota_event){.type = FOTA_EVENT_HTTP_END});
}

/* An offer, its HEAD answered as it should be: the GET is open. */
static void given_an_open_get(void)
{
    offer(1, VERSION);
    assert_int_equal(world.method, FOTA_HTTP_HEAD);
    headers(200, world.length);
    end();
    while (!world.http_wanted)
        step((struct fota_event){.type = FOTA_EVENT_TIME});
    assert_int_equal(world.method, FOTA_HTTP_GET);
}

static void then_failed(const char *reason)
{
    char wanted[160];
    (void)snprintf(wanted, sizeof wanted, "\n" RESULT("failed", 1) ",\"reason\":\"%s\"", reason);
    if (count(wanted) != 1)
        fail_msg("not %s:\n%s", wanted, world.reports);
    assert_false(world.http_wanted); /* the request is given up */
    assert_false(world.reboot_wanted);
    boot(RESET_POWER_ON);
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(world.agent.journal.record.state, BOOT_STEADY);
}

static void a_wrong_length_is_refused(void **state)
{
    (void)state;
    offer(1, VERSION);
    headers(200, world.length + 4);
    then_failed("length_mismatch");
}

static void a_length_that_changes_is_refused(void **state)
{
    (void)state;
    given_an_open_get();
    headers(200, world.length + 4);
    then_failed("length_mismatch");
}

static void a_body_without_end_is_cut_off(void **state)
{
    (void)state;
    uint32_t programmed = 0;
    given_an_open_get();
    headers(200, -1);
    while (world.http_wanted) {
        data(world.image[1], 1000);
        programmed += 1000;
        assert_true(programmed < world.length + 2000);
    }
    then_failed("length_mismatch");
}

static void one_byte_more_is_too_much(void **state)
{
    (void)state;
    given_an_open_get();
    headers(200, -1);
    data(world.image[1], world.length);
    data("x", 1);
    then_failed("length_mismatch");
}

static void wrong_bytes_at_the_end_are_found(void **state)
{
    (void)state;
    given_an_open_get();
    world.image[1][world.length - 1] ^= 1;
    headers(200, world.length);
    data(world.image[1], world.length);
    end();
    then_failed("hash_mismatch");
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    static const uint32_t codes[] = {301, 302, 307, 308};
    headers(302, 0); /* without a request it is nothing */
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        (void)teardown(state);
        (void)setup(state);
        offer(1, VERSION);
        headers(codes[i], world.length);
        then_failed("http_status");
    }
}

static void a_body_before_its_headers_is_nothing(void **state)
{
    (void)state;
    given_an_open_get();
    data(world.image[1], world.length);
    assert_int_equal(world.agent.download.received, 0);
    headers(404, 10);
    then_failed("http_status");
}

/* A byte a second goes on for ever, for all that any silence says; the deadline is what ends it. */
static void a_slow_drip_ends_at_the_deadline(void **state)
{
    (void)state;
    given_an_open_get();
    headers(200, world.length);
    uint32_t seconds = 0;
    for (; world.http_wanted; seconds++) {
        world.now += 1000;
        data(world.image[1] + seconds, 1);
    }
    assert_int_equal(seconds, 600);
    then_failed("download_timeout");
}

/* The same range for ever, or one that was not asked for. */
static void a_range_that_was_not_asked_for_is_refused(void **state)
{
    (void)state;
    given_an_open_get();
    headers(200, world.length);
    data(world.image[1], 5000);
    end();
    while (!world.http_wanted) {
        world.now += 1000;
        step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
    assert_int_equal(world.first_byte, 5000);
    step((struct fota_event){.type = FOTA_EVENT_HTTP_HEADERS,
                             .http = {.status = 206,
                                      .content_length = world.length - 4000,
                                      .range_first = 4000,
                                      .range_total = world.length}});
    then_failed("length_mismatch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_wrong_length_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_length_that_changes_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_body_without_end_is_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(one_byte_more_is_too_much, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_bytes_at_the_end_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_is_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_body_before_its_headers_is_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_drip_ends_at_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(a_range_that_was_not_asked_for_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
