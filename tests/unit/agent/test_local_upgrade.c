/* The push over the LAN: the requests byte by byte, the whole agent behind them, every refusal, broken
 * connections. */
#include "agent_world.h"
#include "local_upgrade.h"

static struct local_upgrade local;
static char answer[512];
static uint32_t piece; /* bytes handed over at a time */

static bool local_http_start(void *context, enum fota_http_method method, const char *url,
                             uint32_t first_byte)
{
    return local_upgrade_http_start(&local, method) || port_http_start(context, method, url, first_byte);
}

static void local_http_stop(void *context)
{
    if (!local_upgrade_http_stop(&local))
        port_http_stop(context);
}

static void local_reboot(void *context)
{
    if (!local_upgrade_reboot(&local))
        port_reboot(context);
}

static struct fota_port local_port;

static int local_setup(void **state)
{
    (void)setup(state);
    local_port = port;
    local_port.http_start = local_http_start;
    local_port.http_stop = local_http_stop;
    local_port.reboot = local_reboot;
    world.platform.port = &local_port;
    boot(RESET_POWER_ON);
    local_upgrade_start(&local, &world.agent);
    world.reports[0] = '\0';
    piece = 1000;
    return 0;
}

/* What happens by itself, as in a port's loop: erasing, and what the unit waits for. */
static void settle(void)
{
    for (int i = 0; i < 100 && !world.reboot_wanted; i++) {
        if (fota_agent_wake_at(&world.agent) > world.now)
            break;
        step((struct fota_event){.type = FOTA_EVENT_TIME});
        local_upgrade_continue(&local, world.now);
    }
}

static void send_bytes(const char *bytes, size_t length)
{
    for (size_t done = 0; done < length; done += piece) {
        size_t count = length - done < piece ? length - done : piece;
        local_upgrade_on_data(&local, world.now, bytes + done, (uint32_t)count);
        settle();
    }
}

static void send_text(const char *text)
{
    send_bytes(text, strlen(text));
}

/* Takes the answer, and closes. */
static const char *hang_up(void)
{
    uint32_t length = 0;
    const char *bytes = local_upgrade_answer(&local, &length);

    (void)snprintf(answer, sizeof answer, "%.*s", bytes == NULL ? 0 : (int)length,
                   bytes == NULL ? "" : bytes);
    local_upgrade_on_close(&local, world.now);
    return answer;
}

static const char *request(const char *line, const char *body, size_t length)
{
    char head[256];

    assert_true(local_upgrade_on_open(&local, world.now));
    (void)snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: %zu\r\n\r\n", line, length);
    send_text(head);
    send_bytes(body, length);
    return hang_up();
}

static const char *start_as(const char *version)
{
    char text[FOTA_MESSAGE_SIZE];

    (void)snprintf(
        text, sizeof text,
        "{\"command\":\"update\",\"campaign\":5,\"attempt\":1,\"nonce\":\"0123456789abcdef\",\"version\":\"%s\","
        "\"images\":{\"2\":{\"size\":%u,\"sha256\":\"%s\"}}%s,\"download_seconds\":600,"
        "\"confirm_seconds\":60}",
        version, world.length, world.sha256[1], world.manifest);
    return request("POST /upgrade?command=start", text, strlen(text));
}

static const char *push_image(void)
{
    return request("POST /upgrade", (const char *)world.image[1], world.length);
}

static void restarted(void)
{
    assert_true(world.reboot_wanted);
    boot(RESET_SOFTWARE);
    local_upgrade_start(&local, &world.agent);
}

static void assert_answer(const char *given, const char *status, const char *text)
{
    if (strncmp(given, status, strlen(status)) != 0 || strstr(given, text) == NULL)
        fail_msg("expected %s ... %s, not %s", status, text, given);
}

#define OK "HTTP/1.1 200 OK\r\n"

static void nothing_was_flagged(void)
{
    assert_false(world.reboot_wanted);
    assert_int_equal(world.agent.journal.record.state, BOOT_STEADY);
}

static void a_push_ends_confirmed_whatever_the_pieces(void **state)
{
    static const uint32_t pieces[] = {1, 7, 1000, 100000};
    for (unsigned i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        if (i > 0)
            (void)local_setup(state);
        piece = pieces[i];
        assert_answer(request("GET /upgrade?command=getuser", "", 0), OK,
                      "\r\n\r\n{\"user_info\":{\"status\":\"200\",\"user_bin\":\"user1.bin\"}}");
        assert_answer(start_as("v1.1.0t45772(l)"), OK, "\"200\"");
        assert_answer(push_image(), OK, "\"200\"");
        assert_false(world.reboot_wanted); /* only when told */
        assert_answer(request("POST /upgrade?command=reset", "", 0), OK, "\"200\"");
        restarted();
        assert_int_equal(world.agent.state, AGENT_TRIAL);
        run(1);
        assert_int_equal(world.agent.state, AGENT_IDLE);
        assert_string_equal(world.agent.running.version, "v1.1.0t45772(l)");
        assert_answer(request("GET /upgrade?command=getuser", "", 0), OK, "user2.bin");
        /* No campaign knows of it: nothing but hello is said. */
        assert_null(strstr(world.reports, "campaign"));
        assert_non_null(strstr(world.reports, "\"boot\":\"confirmed\""));
        if (i < 3)
            (void)teardown(state);
    }
}

static void a_sick_image_goes_back(void **state)
{
    (void)state;
    world.healthy = false;
    (void)start_as("v1.1.0t45772(a)");
    assert_answer(push_image(), OK, "");
    (void)request("POST /upgrade?command=reset", "", 0);
    restarted();
    run(5);
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    assert_null(strstr(world.reports, "campaign"));
}

static void without_reset_it_restarts_by_itself(void **state)
{
    (void)state;
    (void)start_as("v1.1.0t45772(a)");
    assert_answer(push_image(), OK, "");
    assert_int_equal(local_upgrade_wake_at(&local), world.now + LOCAL_STEP_MILLISECONDS);
    world.now += LOCAL_STEP_MILLISECONDS;
    local_upgrade_continue(&local, world.now);
    restarted();
    assert_int_equal(world.agent.running_slot, 2);
}

static void what_is_in_flash_needs_no_image(void **state)
{
    (void)state;
    for (uint32_t done = 0; done < world.length; done += 4)
        assert_true(
            flash_program(&world.flash, fota_map_512.slot_address[1] + done, world.image[1] + done, 4));
    assert_answer(start_as("v1.1.0t45772(a)"), OK, "");
    assert_answer(push_image(), OK, ""); /* read away */
    (void)request("POST /upgrade?command=reset", "", 0);
    restarted();
    assert_int_equal(world.agent.running_slot, 2);
}

static void releases_that_break_the_rules_are_refused(void **state)
{
    static const struct {
        const char *version, *reason;
    } rows[] = {{"v1.1.0t45772(o)", "not_fota"},
                {"v1.1.0t45772(n)", "not_fota"},
                {"v1.1.0t45773(a)", "wrong_ptype"},
                {"v1.0.5t45772(a)", "not_newer"},
                {"v1.0.4t45772(l)", "not_newer"}};
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_answer(start_as(rows[i].version), "HTTP/1.1 403 ", rows[i].reason);
    world.permission = FOTA_BATTERY_LOW;
    assert_answer(start_as("v1.1.0t45772(a)"), "HTTP/1.1 503 ", "battery_low");
    world.permission = FOTA_MAY_UPDATE;
    (void)snprintf(world.agent.running.version, sizeof world.agent.running.version, "v1.0.5t45772(o)");
    assert_answer(start_as("v1.1.0t45772(a)"), "HTTP/1.1 403 ", "not_fota");
    (void)snprintf(world.agent.running.version, sizeof world.agent.running.version, "v1.0.5t45772(a)");
    static const struct fota_public_key key;
    world.agent.keys = &key;
    world.agent.key_count = 1;
    assert_answer(start_as("v1.1.0t45772(a)"), "HTTP/1.1 403 ", "bad_signature");
    assert_answer(push_image(), "HTTP/1.1 409 ", "after start");
    nothing_was_flagged();
    assert_string_equal(world.reports, "");
}

static void bad_requests_are_told_why(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", "known: "},
        {"POST /upgrade?command=getuser HTTP/1.1\r\n\r\n", "known: "},
        {"POST /upgrade?command=start HTTP/1.1\r\n\r\n", "Content-Length is missing"},
        {"POST /upgrade HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "one number"},
        {"POST /upgrade HTTP/1.1\r\nContent-Length: 5x\r\n\r\n", "one number"},
        {"POST /upgrade HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "one number"},
        {"POST /upgrade HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "one number"},
        {"POST /upgrade HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "chunks"},
        {"POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 2049\r\n\r\n", "at most 2048"},
        {"POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "an update command"},
        {"POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "an update command"},
    };
    char text[8192];
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(local_upgrade_on_open(&local, world.now));
        send_text(rows[i].text);
        assert_answer(hang_up(), "HTTP/1.1 400 ", rows[i].why);
    }
    (void)snprintf(text, sizeof text, "GET /upgrade?command=getuser HTTP/1.1\r\nX: %0200d\r\n\r\n", 1);
    assert_true(local_upgrade_on_open(&local, world.now));
    send_text(text);
    assert_answer(hang_up(), "HTTP/1.1 400 ", "32 lines of at most 126");
    (void)snprintf(text, sizeof text, "GET /upgrade?command=getuser HTTP/1.1\r\n");
    for (int i = 0; i < 32; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "X: y\r\n");
    assert_true(local_upgrade_on_open(&local, world.now));
    send_text(text);
    assert_answer(hang_up(), "HTTP/1.1 400 ", "32 lines");
    nothing_was_flagged();
    assert_answer(request("GET /upgrade?command=getuser", "", 0), OK, "user1.bin");
}

static void images_other_than_announced_are_not_flagged(void **state)
{
    (void)state;
    (void)start_as("v1.1.0t45772(a)");
    assert_answer(request("POST /upgrade", (const char *)world.image[1], world.length - 1), "HTTP/1.1 400 ",
                  "as long as");
    assert_answer(request("POST /upgrade", (const char *)world.image[1], world.length + 1), "HTTP/1.1 400 ",
                  "as long as");
    world.image[1][5000] ^= 1;
    assert_answer(push_image(), "HTTP/1.1 422 ", "hash_mismatch");
    nothing_was_flagged();
    world.image[1][5000] ^= 1;
    assert_answer(push_image(), "HTTP/1.1 409 ", "after start");
    assert_answer(start_as("v1.1.0t45772(a)"), OK, "");
    assert_answer(push_image(), OK, "");
}

static void a_broken_push_can_be_made_again(void **state)
{
    (void)state;
    (void)start_as("v1.1.0t45772(a)");
    assert_true(local_upgrade_on_open(&local, world.now));
    assert_false(local_upgrade_on_open(&local, world.now)); /* one at a time */
    char head[100];
    (void)snprintf(head, sizeof head, "POST /upgrade HTTP/1.1\r\nContent-Length: %u\r\n\r\n", world.length);
    send_text(head);
    send_bytes((const char *)world.image[1], 6000);
    offer(1, "v1.1.0t45772(a)"); /* by MQTT meanwhile */
    assert_non_null(strstr(world.reports, "\"busy\""));
    assert_string_equal(hang_up(), ""); /* the client has broken off */
    assert_int_equal(world.agent.state, AGENT_IDLE);
    nothing_was_flagged();
    /* It stalls. */
    (void)start_as("v1.1.0t45772(a)");
    assert_true(local_upgrade_on_open(&local, world.now));
    send_text(head);
    world.now = local_upgrade_wake_at(&local);
    local_upgrade_continue(&local, world.now);
    assert_answer(hang_up(), "HTTP/1.1 408 ", "too long");
    assert_int_equal(world.agent.state, AGENT_IDLE);
    /* No image comes at all. */
    (void)start_as("v1.1.0t45772(a)");
    world.now = local_upgrade_wake_at(&local);
    local_upgrade_continue(&local, world.now);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    nothing_was_flagged();
    assert_answer(start_as("v1.1.0t45772(a)"), OK, "");
    assert_answer(push_image(), OK, "");
    (void)request("POST /upgrade?command=reset", "", 0);
    restarted();
    assert_int_equal(world.agent.running_slot, 2);
}

static void a_device_at_work_is_busy(void **state)
{
    (void)state;
    offer(1, "v1.1.0t45772(a)");
    assert_answer(start_as("v1.2.0t45772(a)"), "HTTP/1.1 503 ", "busy");
    assert_answer(request("POST /upgrade?command=reset", "", 0), "HTTP/1.1 503 ", "busy");
    assert_int_equal(world.agent.work.attempt.campaign, 5);
    run(1);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}

static void reset_alone_restarts(void **state)
{
    (void)state;
    assert_answer(request("POST /upgrade?command=reset", "", 0), OK, "");
    restarted();
    assert_int_equal(world.agent.running_slot, 1);
    (void)start_as("v1.1.0t45772(a)");
    assert_answer(request("POST /upgrade?command=reset", "", 0), OK,
                  ""); /* no image has come: the push is over */
    restarted();
    assert_int_equal(world.agent.running_slot, 1);
    nothing_was_flagged();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_push_ends_confirmed_whatever_the_pieces, local_setup, teardown),
        cmocka_unit_test_setup_teardown(a_sick_image_goes_back, local_setup, teardown),
        cmocka_unit_test_setup_teardown(without_reset_it_restarts_by_itself, local_setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_in_flash_needs_no_image, local_setup, teardown),
        cmocka_unit_test_setup_teardown(releases_that_break_the_rules_are_refused, local_setup, teardown),
        cmocka_unit_test_setup_teardown(bad_requests_are_told_why, local_setup, teardown),
        cmocka_unit_test_setup_teardown(images_other_than_announced_are_not_flagged, local_setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_push_can_be_made_again, local_setup, teardown),
        cmocka_unit_test_setup_teardown(a_device_at_work_is_busy, local_setup, teardown),
        cmocka_unit_test_setup_teardown(reset_alone_restarts, local_setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
