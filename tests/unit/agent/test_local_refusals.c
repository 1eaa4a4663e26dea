/* What the endpoint for pushes refuses, and what nobody on the LAN can do to a device. */
#include "lan_world.h"

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
        TEST(what_must_not_run_is_refused_at_the_start),
        TEST(other_commands_do_not_come_this_way),
        TEST(bad_requests_get_one_answer),
        TEST(one_connection_at_a_time_and_none_for_ever),
        TEST(what_is_at_work_is_not_disturbed),
        TEST(nobody_wears_flash_out_or_keeps_the_device_from_restarting),
        TEST(wrong_bytes_are_never_flagged),
        TEST(a_client_that_expects_to_be_told_to_go_on_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
