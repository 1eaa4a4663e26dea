/* Talking to a device over the LAN, against a server of this test in the place of the device. */
#include "local_device.h"

#include "http_script.h"

static struct error error;
static struct script script;
static struct local_device *device;

static void given(const char *const *answers)
{
    char address[64];
    start(&script, answers);
    snprintf(address, sizeof address, "%.*s", (int)strcspn(script.url + 7, "/"), script.url + 7);
    device = local_device_create(address);
}

static void then_all_was_asked(void)
{
    stop(&script);
    local_device_destroy(device);
}

static void addresses_are_host_and_port(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1:80", "lamp-7.lan:8080", "[fe80::1]:80", "a:65535", "a_b:1"};
    static const char *const bad[] = {"",          "127.0.0.1", ":80",    "a:",     "a:0",
                                      "a:65536",   "a:+1",      "a:1 ",   "a:80/x", "http://a:80",
                                      "u@a:80",    "[::1:80",   "[::1]",  "[g]:80", "[]:80",
                                      "a:0000080", "fe80::1:8", "a b:80", "a?:80"};
    char longest[300];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!local_device_address_is_valid(good[i]))
            fail_msg("\"%s\" is refused", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (local_device_address_is_valid(bad[i]))
            fail_msg("\"%s\" is taken", bad[i]);
    }
    for (int length = 253; length <= 254; length++) {
        snprintf(longest, sizeof longest, "%0*d:80", length, 0);
        assert_int_equal(local_device_address_is_valid(longest), length == 253);
    }
}

static void a_push_is_four_requests(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "200 {\"user_info\":{\"status\":\"200\",\"user_bin\":\"user2.bin\"}}", "200 {\"status\":\"200\"}",
        "200 {\"status\":\"200\"}", "200 {\"status\":\"200\"}", NULL};
    int slot;
    given(answers);
    assert_int_equal(local_device_slot(device, &slot, &error), STATUS_OK);
    assert_int_equal(slot, 2);
    assert_int_equal(local_device_start(device, "{\"command\":\"update\"}", &error), STATUS_OK);
    assert_int_equal(local_device_image(device, (const unsigned char *)"IMAGE", 5, NULL, &error), STATUS_OK);
    assert_int_equal(local_device_reset(device, &error), STATUS_OK);
    assert_false(local_device_unreachable(device));
    then_all_was_asked();
    assert_int_equal(strncmp(script.requests[0], "GET /upgrade?command=getuser HTTP/1.1\r\n", 39), 0);
    assert_int_equal(strncmp(script.requests[1], "POST /upgrade?command=start HTTP/1.1\r\n", 38), 0);
    assert_non_null(strstr(script.requests[1], "\r\n\r\n{\"command\":\"update\"}"));
    assert_int_equal(strncmp(script.requests[2], "POST /upgrade?command=image HTTP/1.1\r\n", 38), 0);
    assert_non_null(strstr(script.requests[2], "\r\nContent-Length: 5\r\n"));
    assert_non_null(strstr(script.requests[2], "\r\n\r\nIMAGE"));
    assert_int_equal(strncmp(script.requests[3], "POST /upgrade?command=reset HTTP/1.1\r\n", 38), 0);
    assert_non_null(strstr(script.requests[3], "\r\nContent-Length: 0\r\n"));
    for (int i = 0; i < 4; i++) {
        assert_null(strstr(script.requests[i], "Authorization"));
        assert_null(strstr(script.requests[i], "Expect"));
    }
}

static void reasons_become_sentences(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "409 {\"status\":\"409\",\"reason\":\"bad_signature\"}",
        "503 {\"status\":\"503\",\"reason\":\"busy\"}",
        "408 {\"status\":\"408\",\"reason\":\"nothing came for 30 seconds\"}", NULL};
    given(answers);
    assert_int_equal(local_device_start(device, "{}", &error), STATUS_CONFLICT);
    assert_string_equal(error.message, "no key that it knows has signed the release (bad_signature)");
    assert_int_equal(local_device_start(device, "{}", &error), STATUS_UNAVAILABLE);
    assert_string_equal(error.message, "it is at work on something else (busy)");
    assert_int_equal(local_device_start(device, "{}", &error), STATUS_CONFLICT);
    assert_string_equal(error.message, "nothing came for 30 seconds");
    assert_false(local_device_unreachable(device));
    then_all_was_asked();
}

static void what_is_no_such_device_is_said(void **state)
{
    (void)state;
    static const char *const answers[] = {"404 <html>", "200 rubbish",
                                          "200 []",     "200 {\"user_info\":{\"user_bin\":\"user3.bin\"}}",
                                          "200 {}",     NULL};
    int slot;
    given(answers);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(local_device_slot(device, &slot, &error), STATUS_INTERNAL);
        assert_non_null(strstr(error.message, "as a device that can be upgraded over the LAN would"));
        assert_true(local_device_unreachable(device));
    }
    then_all_was_asked();
}

/* Whatever is there, it does not fill the memory. */
static void a_long_answer_is_none(void **state)
{
    (void)state;
    static char longest[4 + 4097 + 1];
    static const char *const answers[] = {longest, longest, NULL};
    memset(longest, ' ', sizeof longest - 1);
    memcpy(longest, "200 {}", 6);
    given(answers);
    assert_int_equal(local_device_reset(device, &error), STATUS_UNAVAILABLE);
    assert_true(local_device_unreachable(device));
    longest[sizeof longest - 2] = '\0'; /* one less */
    assert_int_equal(local_device_reset(device, &error), STATUS_OK);
    assert_false(local_device_unreachable(device));
    then_all_was_asked();
}

static void an_image_is_sent_three_times_at_most(void **state)
{
    (void)state;
    static const char *const twice[] = {"", "", "200 {\"status\":\"200\"}", NULL};
    static const char *const never[] = {"", "", "", NULL};
    static const char *const refused[] = {"409 {\"status\":\"409\",\"reason\":\"hash_mismatch\"}", NULL};
    const unsigned char *image = (const unsigned char *)"IMAGE";
    given(twice);
    assert_int_equal(local_device_image(device, image, 5, NULL, &error), STATUS_OK);
    then_all_was_asked();
    assert_non_null(strstr(script.requests[2], "\r\n\r\nIMAGE"));
    given(never);
    assert_int_equal(local_device_image(device, image, 5, NULL, &error), STATUS_UNAVAILABLE);
    assert_true(local_device_unreachable(device));
    assert_non_null(strstr(error.message, "no answer from 127.0.0.1:"));
    then_all_was_asked();
    given(refused);
    assert_int_equal(local_device_image(device, image, 5, NULL, &error), STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "(hash_mismatch)"));
    then_all_was_asked();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_host_and_port), cmocka_unit_test(a_push_is_four_requests),
        cmocka_unit_test(reasons_become_sentences),    cmocka_unit_test(what_is_no_such_device_is_said),
        cmocka_unit_test(a_long_answer_is_none),       cmocka_unit_test(an_image_is_sent_three_times_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
