/* The whole agent on simulated flash with a scripted server: updates, downloads that break, results that are
 * kept, calls. */
#include "agent_world.h"

static void an_update_ends_confirmed_and_is_done_once(void **state)
{
    (void)state;
    offer(1, "v1.1.0t45772(a)");
    run(1);
    assert_int_equal(count("\n" ATTEMPT("confirmed", 1)), 1);
    assert_non_null(
        strstr(world.reports, "\"nonce\":\"0123456789abcdef\",\"version\":\"v1.1.0t45772(a)\",\"slot\":2"));
    offer(1, "v1.1.0t45772(a)"); /* late copy: the result again, nothing else */
    boot(RESET_POWER_ON);
    offer(1, "v1.1.0t45772(a)"); /* and again after a reboot */
    run(0);
    assert_int_equal(count("\n" ATTEMPT("accepted", 1)), 1);
    assert_int_equal(world.images_written, 1);
    assert_int_equal(world.agent.running_slot, 2);
    run(30);
    unsigned before = count(ATTEMPT("confirmed", 1));
    assert_true(before >= 5); /* hello, and again at 2, 4, 8... seconds */
    command("{\"command\":\"ack\",\"campaign\":5,\"attempt\":1}");
    run(1000);
    boot(RESET_POWER_ON);
    assert_int_equal(count(ATTEMPT("confirmed", 1)), before + 1); /* as the last one, in hello */
    assert_int_equal(count("\"last\":" ATTEMPT("confirmed", 1)), 1);
}

static void a_broken_download_is_resumed(void **state)
{
    (void)state;
    world.break_after = 5000;
    offer(1, "v1.1.0t45772(a)");
    run(30);
    assert_int_equal(world.gets, 3);
    assert_int_equal(world.resumed_at, 10000);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}

static void a_server_without_range_is_good_enough(void **state)
{
    (void)state;
    world.break_after = 9000;
    world.ignores_range = true;
    offer(1, "v1.1.0t45772(a)");
    run(2);
    world.break_after = 0;
    run(40);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}

static void bad_downloads_fail_with_their_reason(void **state)
{
    (void)state;
    world.advertised--;
    offer(1, "v1.1.0t45772(a)");
    run(1);
    assert_int_equal(count("\n" RESULT("failed", 1) ",\"reason\":\"length_mismatch\""), 1);
    world.advertised++;
    world.image[1][777] ^= 4;
    offer(2, "v1.1.0t45772(a)");
    run(1);
    assert_int_equal(count("\n" RESULT("failed", 2) ",\"reason\":\"hash_mismatch\""), 1);
    assert_int_equal(world.agent.running_slot, 1);
}

static void offers_that_break_the_rules_are_rejected(void **state)
{
    (void)state;
    offer(1, "v1.0.5t45772(a)");
    offer(2, "b1.0.5t45772(a)");
    offer(3, "v1.1.0t45773(a)");
    offer(4, "v1.1.0t45772(n)");
    offer(5, "v1.1.0t45772(l)");
    offer(6, "9.0.0t45772(a)"); /* of another scheme: it has no order */
    assert_int_equal(count(RESULT("rejected", 1) ",\"reason\":\"not_newer\""),
                     6); /* once more before each offer */
    assert_true(count(RESULT("rejected", 2) ",\"reason\":\"not_newer\"") > 0);
    assert_true(count(RESULT("rejected", 3) ",\"reason\":\"wrong_ptype\"") > 0);
    assert_true(count(RESULT("rejected", 4) ",\"reason\":\"not_fota\"") > 0);
    assert_true(count(RESULT("rejected", 5) ",\"reason\":\"not_fota\"") > 0);
    assert_true(count(RESULT("rejected", 6) ",\"reason\":\"not_newer\"") > 0);
    assert_int_equal(world.agent.state, AGENT_IDLE);
}

static void a_cancel_before_the_offer_ends_the_attempt(void **state)
{
    (void)state;
    command("{\"command\":\"cancel\",\"campaign\":5,\"attempt\":1}");
    offer(1, "v1.1.0t45772(a)");
    assert_int_equal(count(ATTEMPT("cancelled", 1)), 2);
    offer(2, "v1.1.0t45772(a)");
    command("{\"command\":\"cancel\",\"campaign\":5,\"attempt\":2}");
    run(5);
    assert_int_equal(count(ATTEMPT("cancelled", 2)), 1);
    assert_int_equal(world.agent.running_slot, 1);
}

static void an_unhealthy_image_goes_back(void **state)
{
    (void)state;
    world.healthy = false;
    offer(1, "v1.1.0t45772(a)");
    run(1);
    assert_int_equal(world.agent.running_slot, 1);
    assert_non_null(
        strstr(world.reports, RESULT("reverted", 1) ",\"reason\":\"health_check\",\"version\":\"v1.0.5"));
}

static void a_crashing_image_goes_back(void **state)
{
    (void)state;
    offer(1, "v1.1.0t45772(a)");
    while (!world.reboot_wanted) {
        if (world.http_wanted)
            answer_http();
        step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
    for (uint32_t i = 0; i < BOOT_TRIES; i++)
        assert_int_equal(boot_loader_run(&world.platform), 2);
    boot(RESET_EXCEPTION);
    assert_int_equal(world.agent.running_slot, 1);
    assert_non_null(strstr(world.reports, RESULT("reverted", 1) ",\"reason\":\"crash_loop\""));
}

static void a_rollback_flips_without_a_download(void **state)
{
    char before[65];

    (void)state;
    for (int i = 0; i < FOTA_SHA256_SIZE; i++)
        (void)snprintf(before + 2 * i, 3, "%02x", world.agent.running.sha256[i]);
    offer(1, "v1.1.0t45772(a)");
    run(1);
    command(
        "{\"command\":\"rollback\",\"campaign\":5,\"attempt\":2,\"nonce\":\"0123456789abcdef\",\"version\":"
        "\"v1.0.5t45772(a)\",\"sha256\":\"%s\",\"download_seconds\":60,\"confirm_seconds\":60}",
        before);
    run(1);
    assert_true(count(ATTEMPT("confirmed", 2)) > 0);
    assert_int_equal(world.agent.running_slot, 1);
    assert_string_equal(world.agent.running.version, "v1.0.5t45772(a)");
    assert_int_equal(world.images_written, 1);
}

/* --- calls -------------------------------------------------------------------------------------------- */

#define CALL "00112233445566aa"

static void call_reboot(const char *nonce)
{
    command("{\"command\":\"reboot\",\"nonce\":\"%s\"}", nonce);
}

static void a_reboot_is_answered_before_it_and_done_once(void **state)
{
    (void)state;
    call_reboot(CALL);
    assert_true(world.reboot_wanted);
    assert_int_equal(count("{\"report\":\"answered\",\"nonce\":\"" CALL "\",\"status\":\"rebooting\"}"), 1);
    call_reboot(CALL); /* on its way down it hears nothing any more */
    assert_int_equal(count("answered"), 1);
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    assert_int_equal(count("\"reset_reason\":\"software\""), 1);
}

static void a_device_at_work_answers_that_it_is_busy(void **state)
{
    (void)state;
    offer(1, "v1.1.0t45772(a)");
    call_reboot(CALL);
    assert_false(world.reboot_wanted);
    assert_int_equal(count("{\"report\":\"answered\",\"nonce\":\"" CALL "\",\"status\":\"busy\"}"), 1);
    call_reboot(CALL);
    assert_int_equal(count("answered"), 1);
    call_reboot("ffeeddccbbaa0099");
    assert_int_equal(count("answered"), 2);
    call_reboot("ffee"); /* no nonce */
    assert_int_equal(count("answered"), 2);
    run(1);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_update_ends_confirmed_and_is_done_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reboot_is_answered_before_it_and_done_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_device_at_work_answers_that_it_is_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_download_is_resumed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_server_without_range_is_good_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_downloads_fail_with_their_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(offers_that_break_the_rules_are_rejected, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cancel_before_the_offer_ends_the_attempt, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unhealthy_image_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_crashing_image_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rollback_flips_without_a_download, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
