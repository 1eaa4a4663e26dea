/* Firmware that is pushed over the LAN: the endpoint with a whole agent behind it, fed in pieces of any size.
 */
#include "agent_world.h"

#include "local_upgrade.h"

#define GETUSER "GET /upgrade?command=getuser HTTP/1.1\r\nHost: lamp\r\n\r\n"
#define RESET "POST /upgrade?command=reset HTTP/1.0\r\n\r\n"

static struct {
    struct local_upgrade upgrade;
    struct fota_port port;
    char answer[4096];
    bool is_closed;
    bool is_rebooted;
    uint32_t piece; /* bytes at a time */
} lan;

static bool lan_http_start(void *context, enum fota_http_method method, const char *url, uint32_t first_byte)
{
    return local_upgrade_http_start(&lan.upgrade, method) ||
           port_http_start(context, method, url, first_byte);
}

static void lan_http_stop(void *context)
{
    if (!local_upgrade_http_stop(&lan.upgrade))
        port_http_stop(context);
}

static void lan_send(void *context, const char *bytes, uint32_t length)
{
    (void)context;
    assert_false(lan.is_closed);
    size_t used = strlen(lan.answer);
    assert_true(used + length < sizeof lan.answer);
    memcpy(lan.answer + used, bytes, length);
    lan.answer[used + length] = '\0';
}

static void lan_close(void *context)
{
    (void)context;
    lan.is_closed = true;
}

static void lan_step(void *context, const struct fota_event *event)
{
    (void)context;
    step(*event);
}

static void lan_reboot_now(void *context)
{
    (void)context;
    lan.is_rebooted = true;
}

static const struct local_port lan_port = {
    .send = lan_send, .close = lan_close, .step = lan_step, .reboot_now = lan_reboot_now};

static void power_up(void)
{
    local_upgrade_start(&lan.upgrade, &world.agent, &lan_port, NULL);
    boot(RESET_SOFTWARE);
}

static int lan_setup(void **state)
{
    (void)setup(state);
    memset(&lan, 0, sizeof lan);
    lan.piece = 100000;
    lan.port = port;
    lan.port.http_start = lan_http_start;
    lan.port.http_stop = lan_http_stop;
    world.platform.port = &lan.port;
    power_up();
    world.reports[0] = '\0';
    return 0;
}

/* What happens by itself within so many seconds. */
static void wait(uint32_t seconds)
{
    uint64_t end = world.now + (uint64_t)seconds * 1000;

    for (;;) {
        uint64_t wake = fota_agent_wake_at(&world.agent), lan_wake = local_upgrade_wake_at(&lan.upgrade);
        if (lan_wake < wake)
            wake = lan_wake;
        if (wake > end)
            break;
        world.now = wake > world.now ? wake : world.now;
        step((struct fota_event){.type = FOTA_EVENT_TIME});
        local_upgrade_on_time(&lan.upgrade, world.now);
    }
    world.now = end;
}

static void connect_to_it(void)
{
    lan.answer[0] = '\0';
    lan.is_closed = false;
    assert_true(local_upgrade_opened(&lan.upgrade, world.now));
}

static void disconnect(void)
{
    local_upgrade_closed(&lan.upgrade, world.now);
}

/* Sends bytes in pieces, as fast as they are taken. */
static void send(const char *bytes, uint32_t length)
{
    uint32_t done = 0;
    for (int tries = 0; done < length && !lan.is_closed && tries < 100000; tries++) {
        uint32_t piece = length - done < lan.piece ? length - done : lan.piece;
        uint32_t taken = local_upgrade_take(&lan.upgrade, world.now, bytes + done, piece);
        done += taken;
        if (taken == 0)
            wait(1);
    }
}

static void request(const char *head, const void *body, uint32_t length)
{
    connect_to_it();
    send(head, (uint32_t)strlen(head));
    send(body, length);
}

static void then_answer(const char *status, const char *words)
{
    size_t length = strlen(status);
    if (!lan.is_closed || strncmp(lan.answer, "HTTP/1.1 ", 9) != 0 ||
        strncmp(lan.answer + 9, status, length) != 0 || strstr(lan.answer, words) == NULL)
        fail_msg("not %s with %s: %s", status, words, lan.answer);
    disconnect();
}

static void start_text(const char *version, uint32_t seconds, const char *manifest)
{
    char body[FOTA_MESSAGE_SIZE], head[200];
    int length = snprintf(
        body, sizeof body,
        "{\"command\":\"update\",\"campaign\":1,\"attempt\":1,\"nonce\":\"0123456789abcdef\",\"version\":\"%s\","
        "\"images\":{\"1\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"},"
        "\"2\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"}}%s,\"download_seconds\":%u,\"confirm_seconds\":60}",
        version, world.length, world.sha256[0], world.length, world.sha256[1], manifest, seconds);
    (void)snprintf(head, sizeof head, "POST /upgrade?command=start HTTP/1.1\r\ncontent-length: %d\r\n\r\n",
                   length);
    request(head, body, (uint32_t)length);
}

static void start(const char *version)
{
    start_text(version, 60, "");
}

/* `target` is "/upgrade?command=image" or the bare path; so many bytes of the image for `slot` are sent. */
static void push(const char *target, int slot, uint32_t bytes)
{
    char head[200];
    (void)snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: lamp\r\nContent-Length: %u\r\n\r\n", target,
                   world.length);
    request(head, world.image[slot - 1], bytes);
}

#define IMAGE "/upgrade?command=image"

static void then_it_confirms(int slot)
{
    assert_true(world.reboot_wanted);
    power_up();
    assert_int_equal(world.agent.running_slot, slot);
    run(1);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    assert_int_equal(world.agent.journal.record.good_slot, slot);
    assert_int_equal(world.agent.journal.record.state, BOOT_STEADY);
}

/* --- */

static void a_push_is_tried_and_confirmed_and_told_by_hello(void **state)
{
    static const uint32_t pieces[] = {1, 3, 64, 511, 1460, 100000};
    (void)state;
    for (unsigned i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        char version[] = "v1.1.0t45772(l)";
        int slot = 1 + (int)(i + 1) % 2;
        version[3] = (char)('1' + i);
        serve(10 + i);
        lan.piece = pieces[i];
        request(GETUSER, "", 0);
        then_answer("200 OK", slot == 2 ? "{\"user_info\":{\"status\":\"200\",\"user_bin\":\"user1.bin\"}}"
                                        : "\"user2.bin\"");
        start(version);
        then_answer("200 OK", "{\"status\":\"200\"}");
        push(i % 2 == 0 ? IMAGE : "/upgrade", slot, world.length);
        then_answer("200 OK", "{\"status\":\"200\"}");
        assert_true(local_upgrade_reboot_delay(&lan.upgrade) > 0);
        lan.is_rebooted = false;
        request(RESET, "", 0);
        then_answer("200 OK", "");
        assert_true(lan.is_rebooted);
        then_it_confirms(slot);
        assert_int_equal(local_upgrade_reboot_delay(&lan.upgrade), 0);
    }
    /* The orchestrator hears what runs, and of no attempt that it has not made. */
    assert_int_equal(count("\"report\":\"confirmed\""), 0);
    assert_int_equal(count("\"report\":\"trial\""), 0);
    assert_true(count("\"report\":\"hello\",\"version\":\"v1.6.0t45772(l)\",\"slot\":1") >=
                2); /* on trial, and confirmed */
    assert_true(count("\"boot\":\"confirmed\"") >= 6);
    assert_int_equal(world.agent.journal.record.results[0].kind, 0);
}

static void a_push_that_fails_its_check_reverts(void **state)
{
    (void)state;
    world.healthy = false;
    start_text("v1.1.0t45772(a)", 60,
               ",\"manifest\":{\"sequence\":1,\"requires\":\"v1.0.5t45772(a)\",\"signatures\":[]}");
    then_answer("200 OK", "");
    push(IMAGE, 2, world.length);
    then_answer("200 OK", "");
    power_up();
    assert_int_equal(world.agent.running_slot, 2);
    run(1); /* its check, the revert and the restart */
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(world.agent.journal.record.state, BOOT_STEADY);
    assert_int_equal(count("\"report\":\"reverted\""), 0);
    assert_int_equal(world.agent.journal.record.results[0].kind, 0);
}

static void what_must_not_run_is_refused_at_the_start(void **state)
{
    (void)state;
    start("v1.1.0t45772(o)");
    then_answer("409", "not_fota");
    start("v1.1.0t45772(n)");
    then_answer("409", "not_fota");
    start("v1.0.5t45772(a)");
    then_answer("409", "not_newer");
    start("v1.1.0t1(a)");
    then_answer("409", "wrong_ptype");
    start("v1.1.0");
    then_answer("409", "bad_command");
    start_text("v1.1.0t45772(a)", 60,
               ",\"manifest\":{\"sequence\":1,\"requires\":\"v1.0.6t45772(a)\",\"signatures\":[]}");
    then_answer("409", "step_missing");
    world.permission = FOTA_BATTERY_LOW;
    start("v1.1.0t45772(a)");
    then_answer("409", "battery_low");
    world.permission = FOTA_MAY_UPDATE;
    world.key_count = 1;
    power_up();
    start("v1.1.0t45772(a)");
    then_answer("409", "bad_signature");
    assert_int_equal(world.images_written, 0);
    assert_string_equal(strstr(world.reports, "rejected") == NULL ? "" : world.reports, "");
}

static void other_commands_do_not_come_this_way(void **state)
{
    static const char reboot[] = "{\"command\":\"reboot\"}";
    char head[100];
    (void)state;
    (void)snprintf(head, sizeof head, "POST /upgrade?command=start HTTP/1.1\r\nContent-Length: %u\r\n\r\n",
                   (unsigned)strlen(reboot));
    request(head, reboot, (uint32_t)strlen(reboot));
    then_answer("409", "bad_command");
    assert_false(world.reboot_wanted);
}

static void bad_requests_get_one_answer(void **state)
{
    static const struct {
        const char *head, *status, *words;
    } table[] = {
        {"GET / HTTP/1.1\r\n\r\n", "404", "allowed"},
        {"GET /upgrade?command=start HTTP/1.1\r\n\r\n", "404", "allowed"},
        {"POST /upgrade?command=getuser HTTP/1.1\r\n\r\n", "404", "allowed"},
        {"DELETE /upgrade?command=getuser HTTP/1.1\r\n\r\n", "404", "allowed"},
        {"\r\n\r\n", "404", "allowed"},
        {"\n\n", "404", "allowed"},
        {"POST /upgrade?command=start HTTP/1.1\r\n\r\n", "411", "Content-Length"},
        {"POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "411", "Content-Length"},
        {"POST /upgrade?command=start HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "411", "Content-Length"},
        {"POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 4294967297\r\n\r\n", "411",
         "Content-Length"},
        {"POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "411",
         "Content-Length"},
        {"POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 12x\r\n\r\n", "411", "Content-Length"},
        {"POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 2049\r\n\r\n", "413", "2048"},
        {"POST /upgrade?command=image HTTP/1.1\r\nContent-Length: 9\r\n\r\n", "409", "say start first"},
        {"POST /upgrade HTTP/1.1\r\nContent-Length: 9\r\n\r\n", "409", "say start first"},
        {RESET, "409", "nothing_to_start"},
    };
    char longest[700];
    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (lan.piece = 1; lan.piece < 100; lan.piece += 32) {
            request(table[i].head, "", 0);
            then_answer(table[i].status, table[i].words);
        }
    }
    memset(longest, 'a', sizeof longest);
    connect_to_it();
    send(longest, sizeof longest);
    then_answer("431", "511");
    assert_false(world.reboot_wanted);
}

static void one_connection_at_a_time_and_none_for_ever(void **state)
{
    (void)state;
    connect_to_it();
    assert_false(local_upgrade_opened(&lan.upgrade, world.now));
    send("GET /upg", 8);
    wait(29);
    assert_false(lan.is_closed);
    wait(2);
    then_answer("408", "30 seconds");
    request(GETUSER, "", 0);
    then_answer("200", "user1.bin");
}

static void a_push_that_breaks_off_may_come_once_more(void **state)
{
    (void)state;
    start("v1.1.0t45772(a)");
    then_answer("200 OK", "");
    push(IMAGE, 2, 5000);
    disconnect();
    assert_int_equal(world.agent.journal.record.state, BOOT_STEADY);
    push(IMAGE, 2, 7000);
    wait(31); /* stalls */
    then_answer("408", "");
    push(IMAGE, 2, world.length);
    then_answer("200 OK", "");
    assert_int_equal(world.images_written, 1);
    then_it_confirms(2);
}

/* As long as it is at work nothing else begins; a push that never comes is forgotten. */
static void what_is_at_work_is_not_disturbed(void **state)
{
    (void)state;
    start_text("v1.1.0t45772(a)", 86400, "");
    then_answer("200 OK", "");
    start("v1.2.0t45772(a)");
    then_answer("503", "busy");
    request(RESET, "", 0);
    then_answer("409", "nothing_to_start");
    wait(FOTA_LOCAL_SECONDS_MAX + 1);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    push(IMAGE, 2, world.length);
    then_answer("409", "say start first");
    /* And the other way round. */
    offer(2, "v1.2.0t45772(a)");
    assert_int_equal(world.agent.state, AGENT_ACCEPTED);
    start("v1.3.0t45772(a)");
    then_answer("503", "busy");
    run(30);
    assert_true(count(ATTEMPT("confirmed", 2)) > 0);
}

/* The orchestrator's offer comes first, until the flip. */
static void an_offer_ends_a_push(void **state)
{
    (void)state;
    start("v1.1.0t45772(a)");
    then_answer("200 OK", "");
    push(IMAGE, 2, 5000);
    offer(1, "v1.2.0t45772(a)");
    assert_int_equal(count(ATTEMPT("accepted", 1)), 1);
    local_upgrade_on_time(&lan.upgrade, world.now);
    then_answer("503", "busy");
    push(IMAGE, 2, world.length);
    then_answer("409", "say start first");
    run(30);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}

/* An offer that is taken between the head of a start and its body is not the endpoint's. */
static void a_start_does_not_take_an_offer_over(void **state)
{
    (void)state;
    connect_to_it();
    send("POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 5\r\n\r\n", 59);
    offer(1, "v1.2.0t45772(a)");
    send("hello", 5);
    then_answer("503", "busy");
    run(30);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}

/* Ended by its deadline, and nobody has looked since. */
static void an_offer_after_a_push_that_never_came_goes_to_its_server(void **state)
{
    (void)state;
    start_text("v1.1.0t45772(a)", 1, "");
    then_answer("200 OK", "");
    world.now += 5000;
    step((struct fota_event){.type = FOTA_EVENT_TIME});
    assert_int_equal(world.agent.state, AGENT_IDLE);
    offer(1, "v1.2.0t45772(a)");
    assert_true(world.http_wanted);
    push(IMAGE, 2, world.length);
    then_answer("409", "say start first");
    run(30);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}

static void nobody_wears_flash_out_or_keeps_the_device_from_restarting(void **state)
{
    (void)state;
    uint32_t sequence = world.agent.journal.record.sequence;
    for (int i = 0; i < 20; i++) {
        start_text("v1.1.0t45772(a)", 1, "");
        then_answer("200 OK", "");
        wait(3);
        assert_int_equal(world.agent.state, AGENT_IDLE);
    }
    assert_in_range(world.agent.journal.record.sequence - sequence, 0, 2);
    start_text("v1.1.0t45772(a)", 60, "");
    then_answer("200 OK", "");
    push(IMAGE, 2, world.length);
    then_answer("200 OK", "");
    for (int i = 0; i < 3; i++) {
        lan.is_rebooted = false;
        request(RESET, "", 0);
        then_answer("200 OK", "");
        assert_int_equal(lan.is_rebooted, i == 0);
    }
}

static void wrong_bytes_are_never_flagged(void **state)
{
    (void)state;
    start("v1.1.0t45772(a)");
    then_answer("200 OK", "");
    request("POST /upgrade HTTP/1.1\r\nContent-Length: 77\r\n\r\n", "", 0);
    then_answer("409", "length_mismatch");
    world.image[1][world.length - 1] ^= 1;
    push(IMAGE, 2, world.length);
    then_answer("409", "hash_mismatch");
    assert_int_equal(world.agent.journal.record.state, BOOT_STEADY);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    assert_false(world.reboot_wanted);
    world.image[1][world.length - 1] ^= 1;
    start("v1.1.0t45772(a)");
    then_answer("200 OK", "");
    push(IMAGE, 1, world.length); /* that of the other slot */
    then_answer("409", "hash_mismatch");
    assert_false(world.reboot_wanted);
}

/* A reboot in the middle: the next push goes on where flash was. */
static void a_reboot_in_the_middle_is_gone_on_from(void **state)
{
    (void)state;
    start("v1.1.0t45772(a)");
    then_answer("200 OK", "");
    push(IMAGE, 2, 9000);
    power_up();
    assert_int_equal(world.agent.running_slot, 1);
    request(GETUSER, "", 0);
    then_answer("200", "user1.bin");
    start("v1.1.0t45772(a)");
    then_answer("200 OK", "");
    wait(1);
    assert_int_equal(world.agent.download.received, 8192);
    push(IMAGE, 2, world.length);
    then_answer("200 OK", "");
    then_it_confirms(2);
}

/* All of it was in flash at the last reboot: the flag is flipped at the start, and the push is taken all the
 * same. */
static void an_image_that_is_there_already_is_not_written_again(void **state)
{
    (void)state;
    start("v1.1.0t45772(a)");
    then_answer("200 OK", "");
    push(IMAGE, 2, world.length);
    then_answer("200 OK", "");
    world.healthy = false;
    power_up();
    run(1);
    assert_int_equal(world.agent.running_slot, 1);
    world.healthy = true;
    start("v1.1.0t45772(a)");
    then_answer("200 OK", "");
    push(IMAGE, 2, world.length);
    then_answer("200 OK", "");
    assert_int_equal(world.images_written, 1);
    then_it_confirms(2);
}

static void a_client_that_expects_to_be_told_to_go_on_is(void **state)
{
    (void)state;
    connect_to_it();
    const char head[] =
        "POST /upgrade?command=start HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    send(head, sizeof head - 1);
    assert_string_equal(lan.answer, "HTTP/1.1 100 Continue\r\n\r\n");
    send("hello", 5);
    assert_non_null(strstr(lan.answer, "bad_command"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lan_setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_push_is_tried_and_confirmed_and_told_by_hello),
        TEST(a_push_that_fails_its_check_reverts),
        TEST(what_must_not_run_is_refused_at_the_start),
        TEST(other_commands_do_not_come_this_way),
        TEST(bad_requests_get_one_answer),
        TEST(one_connection_at_a_time_and_none_for_ever),
        TEST(a_push_that_breaks_off_may_come_once_more),
        TEST(what_is_at_work_is_not_disturbed),
        TEST(an_offer_ends_a_push),
        TEST(a_start_does_not_take_an_offer_over),
        TEST(an_offer_after_a_push_that_never_came_goes_to_its_server),
        TEST(nobody_wears_flash_out_or_keeps_the_device_from_restarting),
        TEST(wrong_bytes_are_never_flagged),
        TEST(a_reboot_in_the_middle_is_gone_on_from),
        TEST(an_image_that_is_there_already_is_not_written_again),
        TEST(a_client_that_expects_to_be_told_to_go_on_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
