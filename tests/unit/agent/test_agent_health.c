/* What a confirmation takes (the self test and the application's vote, the connection, the minimum uptime),
 * what comes of each that is lacking, and the refusals of a device that may not be updated now. */
#include "agent_world.h"

#define VERSION "v1.1.0t45772(a)"
#define REVERTED(reason) RESULT("reverted", 1) ",\"reason\":\"" reason "\""

/* Up to the trial's boot, connected. */
static void given_a_trial(void)
{
    offer(1, VERSION);
    run_to_reboot();
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.state, AGENT_TRIAL);
}

static void answer_health(bool healthy)
{
    assert_true(world.health_wanted);
    world.health_wanted = false;
    step((struct fota_event){.type = FOTA_EVENT_HEALTH, .healthy = healthy});
}

static void pass(uint32_t milliseconds)
{
    world.now += milliseconds;
    step((struct fota_event){.type = FOTA_EVENT_TIME});
}

static void a_check_that_never_answers_ends_in_a_revert(void **state)
{
    (void)state;
    given_a_trial();
    assert_true(world.health_wanted);
    world.health_wanted = false;
    assert_int_equal(fota_agent_wake_at(&world.agent) <= world.now + 60000, true);
    pass(59999);
    assert_false(world.reboot_wanted);
    pass(1);
    assert_true(world.reboot_wanted);
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.running_slot, 1);
    assert_true(count(REVERTED("confirm_timeout")) > 0);
}

static void the_uptime_comes_first(void **state)
{
    (void)state;
    world.min_uptime_seconds = 30;
    given_a_trial();
    answer_health(true);
    pass(29999);
    assert_int_equal(world.agent.state, AGENT_TRIAL);
    assert_int_equal(fota_agent_wake_at(&world.agent) - world.now, 1);
    pass(1);
    assert_int_equal(count("\n" ATTEMPT("confirmed", 1)), 1);
}

/* The application may change its mind until the confirmation. */
static void a_no_after_a_yes_is_a_revert(void **state)
{
    (void)state;
    world.min_uptime_seconds = 30;
    given_a_trial();
    answer_health(true);
    pass(10000);
    step((struct fota_event){.type = FOTA_EVENT_HEALTH, .healthy = false});
    assert_true(world.reboot_wanted);
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.running_slot, 1);
    assert_true(count(REVERTED("health_check")) > 0);
}

static void an_uptime_past_the_deadline_is_a_revert(void **state)
{
    (void)state;
    world.min_uptime_seconds = 61;
    given_a_trial();
    answer_health(true);
    assert_int_equal(fota_agent_wake_at(&world.agent) <= world.now + 60000, true);
    pass(60000);
    assert_true(world.reboot_wanted);
    boot(RESET_SOFTWARE);
    assert_true(count(REVERTED("confirm_timeout")) > 0);
}

static void who_is_not_connected_is_not_confirmed(void **state)
{
    (void)state;
    world.min_uptime_seconds = 5;
    given_a_trial();
    answer_health(true);
    step((struct fota_event){.type = FOTA_EVENT_DISCONNECTED});
    pass(10000);
    assert_int_equal(world.agent.state, AGENT_TRIAL);
    assert_int_equal(fota_agent_wake_at(&world.agent) - world.now, 50000);
    step((struct fota_event){.type = FOTA_EVENT_CONNECTED});
    assert_int_equal(count("\n" ATTEMPT("confirmed", 1)), 1);
}

static void a_device_that_may_not_be_updated_says_why(void **state)
{
    (void)state;
    uint64_t before = world.flash.operations;
    world.permission = FOTA_BATTERY_LOW;
    offer(1, VERSION);
    assert_int_equal(count("\n" RESULT("rejected", 1) ",\"reason\":\"battery_low\""), 1);
    world.permission = FOTA_BUSY;
    offer(2, VERSION);
    assert_int_equal(count("\n" RESULT("rejected", 2) ",\"reason\":\"busy\""), 1);
    world.permission = FOTA_OUTSIDE_WINDOW;
    offer(3, VERSION);
    assert_int_equal(count("\n" RESULT("rejected", 3) ",\"reason\":\"outside_window\""), 1);
    offer(4, "v1.0.0t45772(a)"); /* what it would not take anyway is refused for that */
    assert_int_equal(count("\n" RESULT("rejected", 4) ",\"reason\":\"not_newer\""), 1);
    world.permission = (enum fota_permission)4; /* an answer that there is not */
    offer(5, VERSION);
    assert_int_equal(count("\n" RESULT("rejected", 5) ",\"reason\":\"busy\""), 1);
    world.permission = (enum fota_permission)255;
    offer(6, VERSION);
    assert_int_equal(count("\n" RESULT("rejected", 6) ",\"reason\":\"busy\""), 1);
    assert_int_equal(world.flash.operations - before, 6 * 3); /* the stores of the results */
    world.permission = FOTA_MAY_UPDATE;
    offer(7, VERSION);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 7)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_check_that_never_answers_ends_in_a_revert, setup, teardown),
        cmocka_unit_test_setup_teardown(the_uptime_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_no_after_a_yes_is_a_revert, setup, teardown),
        cmocka_unit_test_setup_teardown(an_uptime_past_the_deadline_is_a_revert, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_not_connected_is_not_confirmed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_device_that_may_not_be_updated_says_why, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
