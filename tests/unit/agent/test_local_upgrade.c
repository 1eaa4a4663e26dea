/* Firmware that is pushed over the LAN: tried, confirmed, broken off, overtaken by an offer. */
#include "lan_world.h"

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

/* Up to the old image, connected, after a trial that ended without a connection. */
static void given_a_push_to_be_tried_again(void)
{
    start("v1.1.0t45772(a)");
    then_answer("200 OK", "");
    push(IMAGE, 2, world.length);
    then_answer("200 OK", "");
    boot_offline(RESET_SOFTWARE);
    assert_int_equal(world.agent.state, AGENT_TRIAL);
    run_to_reboot();
    power_up();
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(world.agent.state, AGENT_RETRIAL);
    assert_int_equal(count("\"activity\":{\"campaign\":0,\"attempt\":0,\"nonce\":\"0123456789abcdef\","
                           "\"state\":\"retrial\"}"),
                     1);
}

static void a_push_whose_trial_ends_without_a_connection_is_tried_again(void **state)
{
    (void)state;
    given_a_push_to_be_tried_again();
    start("v1.2.0t45772(a)");
    then_answer("503", "busy");
    wait(3);
    assert_int_equal(world.images_written, 1);
    then_it_confirms(2);
    assert_int_equal(world.agent.journal.record.results[BOOT_RESULTS - 1].kind, 0);
}

static void a_push_that_never_connects_ends_without_a_result(void **state)
{
    (void)state;
    given_a_push_to_be_tried_again();
    run_to_reboot();
    boot_offline(RESET_SOFTWARE);
    run_to_reboot();
    power_up();
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    assert_int_equal(world.agent.journal.record.state, BOOT_STEADY);
    assert_int_equal(world.agent.journal.record.results[BOOT_RESULTS - 1].kind, 0);
}

static void an_offer_ends_a_push_between_two_trials(void **state)
{
    (void)state;
    given_a_push_to_be_tried_again();
    serve(20);
    offer(1, "v1.2.0t45772(a)");
    assert_int_equal(count(ATTEMPT("accepted", 1)), 1);
    assert_int_equal(world.agent.journal.record.state, BOOT_STEADY);
    assert_int_equal(world.agent.journal.record.results[BOOT_RESULTS - 1].kind, 0);
    run(30);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
    assert_string_equal(world.agent.running.version, "v1.2.0t45772(a)");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lan_setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_push_is_tried_and_confirmed_and_told_by_hello),
        TEST(a_push_that_fails_its_check_reverts),
        TEST(a_push_that_breaks_off_may_come_once_more),
        TEST(an_offer_ends_a_push),
        TEST(a_start_does_not_take_an_offer_over),
        TEST(an_offer_after_a_push_that_never_came_goes_to_its_server),
        TEST(a_reboot_in_the_middle_is_gone_on_from),
        TEST(an_image_that_is_there_already_is_not_written_again),
        TEST(a_push_whose_trial_ends_without_a_connection_is_tried_again),
        TEST(a_push_that_never_connects_ends_without_a_result),
        TEST(an_offer_ends_a_push_between_two_trials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
