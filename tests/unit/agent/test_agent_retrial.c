/* A trial whose time ends without a connection: the old image is the control, and tries the new one again. */
#include "agent_world.h"

#define VERSION "v1.1.0t45772(a)"
#define REVERTED(reason) RESULT("reverted", 1) ",\"reason\":\"" reason "\""
#define WAITS "\"activity\":{\"campaign\":5,\"attempt\":1,\"nonce\":\"" NONCE "\",\"state\":\"retrial\"}"
#define PAUSE 3000u /* a twentieth of the offers' 60 seconds */

static const struct boot_record *record(void)
{
    return &world.agent.journal.record;
}

static void pass(uint32_t milliseconds)
{
    world.now += milliseconds;
    step((struct fota_event){.type = FOTA_EVENT_TIME});
}

static void disconnect(void)
{
    step((struct fota_event){.type = FOTA_EVENT_DISCONNECTED});
}

/* The new image boots, is not connected for all its time, and goes back. */
static void try_unheard(void)
{
    boot_offline(RESET_SOFTWARE);
    assert_int_equal(world.agent.state, AGENT_TRIAL);
    run_to_reboot();
}

/* The same with a connection that was lost again. */
static void try_heard(void)
{
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.state, AGENT_TRIAL);
    disconnect();
    run_to_reboot();
}

/* Up to the old image after one trial that nobody has heard of, not connected. */
static void given_a_retrial(void)
{
    offer(1, VERSION);
    run_to_reboot();
    try_unheard();
    boot_offline(RESET_SOFTWARE);
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(world.agent.state, AGENT_RETRIAL);
    world.reports[0] = '\0';
}

/* The old image, connected, until it tries again. */
static void try_again(void)
{
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(world.agent.state, AGENT_RETRIAL);
    run_to_reboot();
}

/* It has ended, the old image runs, and after a reboot nothing has come back. */
static void then_it_is_settled(enum report_kind kind)
{
    for (int boots = 0; boots < 2; boots++) {
        assert_int_equal(world.agent.state, AGENT_IDLE);
        assert_int_equal(world.agent.running_slot, 1);
        assert_int_equal(record()->state, BOOT_STEADY);
        assert_int_equal(record()->attempt.trials, 0);
        assert_int_equal(record()->results[BOOT_RESULTS - 1].kind, kind);
        assert_int_equal(record()->results[BOOT_RESULTS - 2].kind, 0); /* one result */
        boot(RESET_POWER_ON);
    }
}

/* --- the trial ------------------------------------------------------------------------------------------ */

static void no_connection_is_no_verdict(void **state)
{
    (void)state;
    offer(1, VERSION);
    run_to_reboot();
    boot_offline(RESET_SOFTWARE);
    uint64_t before = world.flash.operations;
    pass(59999);
    assert_false(world.reboot_wanted);
    pass(1); /* an unproven image runs no longer */
    assert_true(world.reboot_wanted);
    assert_false(world.health_wanted);
    assert_int_equal(world.flash.operations - before, 3); /* one store: erase, words, record */
    /* What an older agent reads is a plain revert that it can name. */
    assert_int_equal(record()->state, BOOT_REVERTED);
    assert_int_equal(record()->revert_reason, REASON_CONFIRM_TIMEOUT);
    assert_int_equal(record()->attempt.is_rollback, 0);
    assert_int_equal(record()->attempt.trials, 1);
    assert_int_equal(record()->attempt.unheard, 1);
    assert_int_equal(record()->attempt.undecided, 1);
    assert_int_equal(boot_loader_run(&world.platform), 1);
}

static void a_connection_that_was_lost_is_no_verdict_and_was_heard(void **state)
{
    (void)state;
    offer(1, VERSION);
    run_to_reboot();
    try_heard();
    assert_int_equal(record()->attempt.trials, 1);
    assert_int_equal(record()->attempt.unheard, 0);
    boot(RESET_SOFTWARE);
    assert_int_equal(count(WAITS), 1);
}

static void a_no_of_the_health_check_is_a_verdict_though_connected_no_more(void **state)
{
    (void)state;
    offer(1, VERSION);
    run_to_reboot();
    boot(RESET_SOFTWARE);
    disconnect();
    step((struct fota_event){.type = FOTA_EVENT_HEALTH, .healthy = false});
    assert_true(world.reboot_wanted);
    boot(RESET_SOFTWARE);
    assert_true(count(REVERTED("health_check")) > 0);
    then_it_is_settled(REPORT_REVERTED);
}

static void a_crash_in_a_second_trial_is_a_verdict(void **state)
{
    (void)state;
    given_a_retrial();
    connect();
    run_to_reboot();
    for (uint32_t i = 0; i < BOOT_TRIES; i++) /* fresh tries */
        assert_int_equal(boot_loader_run(&world.platform), 2);
    boot(RESET_EXCEPTION);
    assert_true(count(REVERTED("crash_loop")) > 0);
    then_it_is_settled(REPORT_REVERTED);
}

/* --- the old image in between --------------------------------------------------------------------------- */

static void the_old_image_waits_for_its_connection_then_tries_again(void **state)
{
    (void)state;
    given_a_retrial();
    uint64_t before = world.flash.operations;
    assert_true(fota_agent_wake_at(&world.agent) == FOTA_NEVER);
    pass(30 * 86400 * 1000u); /* however long that takes */
    assert_false(world.reboot_wanted);
    connect();
    assert_int_equal(count("\"report\":\"hello\",\"version\":\"v1.0.5t45772(a)\",\"slot\":1"), 1);
    assert_int_equal(count("\"boot\":\"confirmed\""), 1);
    assert_int_equal(count(WAITS), 1);
    assert_int_equal(count("\"result\""), 0);
    assert_int_equal(world.flash.operations - before, 0);
    pass(PAUSE - 1);
    assert_false(world.reboot_wanted);
    pass(1);
    assert_true(world.reboot_wanted);
    assert_int_equal(world.flash.operations - before, 3);
    assert_int_equal(record()->state, BOOT_TRIAL);
    assert_int_equal(record()->trial_slot, 2);
    assert_int_equal(record()->revert_reason, REASON_NONE);
    assert_int_equal(record()->attempt.trials, 1);
    assert_int_equal(record()->attempt.undecided, 0);
    boot(RESET_SOFTWARE);
    run(1);
    assert_int_equal(count("\n" RESULT("confirmed", 1)), 1);
    assert_int_equal(world.agent.running_slot, 2);
    assert_int_equal(world.images_written, 1);
    assert_int_equal(count("\"report\":\"downloading\""), 0);
    assert_string_equal(world.agent.running.version, VERSION);
}

static void the_pause_is_a_twentieth_of_the_time_and_five_seconds_at_most(void **state)
{
    static const struct {
        uint32_t seconds, pause;
    } rows[] = {{1, 50}, {2, 100}, {99, 4950}, {100, 5000}, {101, 5000}, {2147483647, 5000}};

    (void)state;
    given_a_retrial();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world.agent.work.attempt.confirm_seconds = rows[i].seconds;
        connect();
        assert_int_equal(fota_agent_wake_at(&world.agent) - world.now, rows[i].pause);
        disconnect();
    }
}

static void a_connection_lost_in_the_pause_begins_it_anew(void **state)
{
    (void)state;
    given_a_retrial();
    connect();
    pass(PAUSE - 1);
    disconnect();
    pass(PAUSE);
    assert_false(world.reboot_wanted);
    connect();
    assert_int_equal(count(WAITS), 2);
    pass(PAUSE - 1);
    assert_false(world.reboot_wanted);
    pass(1);
    assert_true(world.reboot_wanted);
}

static void a_reboot_in_the_pause_changes_nothing(void **state)
{
    (void)state;
    given_a_retrial();
    connect();
    pass(PAUSE - 1);
    uint64_t before = world.flash.operations;
    boot(RESET_POWER_ON);
    assert_int_equal(world.flash.operations - before, 0);
    assert_int_equal(world.agent.state, AGENT_RETRIAL);
    run_to_reboot();
    boot(RESET_SOFTWARE);
    run(1);
    assert_true(count(RESULT("confirmed", 1)) > 0);
}

static void a_cancel_in_between_ends_it(void **state)
{
    (void)state;
    given_a_retrial();
    connect();
    uint64_t before = world.flash.operations;
    command("{\"command\":\"cancel\",\"campaign\":5,\"attempt\":1,\"nonce\":\"ffffffffffffffff\"}");
    assert_int_equal(world.agent.state, AGENT_RETRIAL); /* that was another one */
    before = world.flash.operations;
    command("{\"command\":\"cancel\",\"campaign\":5,\"attempt\":1,\"nonce\":\"" NONCE "\"}");
    assert_int_equal(world.flash.operations - before, 3);
    assert_int_equal(count("\n" RESULT("cancelled", 1)), 1);
    run(100);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    boot(RESET_POWER_ON);
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(record()->state, BOOT_STEADY);
    offer(1, VERSION); /* a late copy */
    assert_int_equal(count("\n" RESULT("cancelled", 1)), 2);
    offer(2, VERSION);
    run(1);
    assert_true(count(RESULT("confirmed", 2)) > 0);
}

static void other_commands_in_between_are_answered_busy(void **state)
{
    (void)state;
    given_a_retrial();
    connect();
    offer(2, "v1.2.0t45772(a)");
    assert_int_equal(count("\n" RESULT("rejected", 2) ",\"reason\":\"busy\""), 1);
    command("{\"command\":\"reboot\",\"nonce\":\"00112233445566aa\"}");
    assert_int_equal(count("{\"report\":\"answered\",\"nonce\":\"00112233445566aa\",\"status\":\"busy\"}"),
                     1);
    assert_false(world.reboot_wanted);
    assert_int_equal(count(WAITS), 1);
    command("{\"command\":\"report\"}");
    assert_int_equal(count(WAITS), 2);
    offer(1, VERSION); /* the same one again: where it stands is said once more */
    assert_int_equal(count(WAITS), 3);
    assert_int_equal(count("\"report\":\"accepted\""), 0);
    run_to_reboot();
    boot(RESET_SOFTWARE);
    run(1);
    assert_true(count(RESULT("confirmed", 1)) > 0);
    assert_int_equal(world.images_written, 1);
}

static void an_image_that_is_not_whole_any_more_is_not_tried_again(void **state)
{
    static const uint32_t zero;

    (void)state;
    given_a_retrial();
    assert_true(flash_program(&world.flash, fota_map_512.slot_address[1] + 100, &zero, sizeof zero));
    connect();
    pass(PAUSE);
    assert_false(world.reboot_wanted);
    assert_int_equal(count("\n" REVERTED("boot_check")), 1);
    assert_int_equal(count("\n" REVERTED("boot_check") ",\"version\":\"v1.0.5t45772(a)\",\"slot\":1"), 1);
    then_it_is_settled(REPORT_REVERTED);
}

static void a_record_that_cannot_be_stored_ends_it(void **state)
{
    (void)state;
    given_a_retrial();
    connect();
    world.bad_programs.from = fota_map_512.record_address[0];
    world.bad_programs.to = fota_map_512.record_address[1] + FOTA_SECTOR_SIZE;
    world.bad_programs.left = 3; /* both times, and what is written is not even made invalid */
    pass(PAUSE);
    assert_int_equal(world.bad_programs.left, 0);
    assert_false(world.reboot_wanted);
    assert_int_equal(count("\n" REVERTED("flash_error")), 1);
    then_it_is_settled(REPORT_REVERTED);
}

/* --- the verdict ---------------------------------------------------------------------------------------- */

static void two_trials_unheard_are_a_verdict(void **state)
{
    (void)state;
    offer(1, VERSION);
    run_to_reboot();
    try_unheard();
    try_again();
    try_unheard();
    boot_offline(RESET_SOFTWARE); /* no connection is waited for */
    assert_int_equal(world.agent.state, AGENT_IDLE);
    connect();
    assert_int_equal(count(REVERTED("no_connection") ",\"version\":\"v1.0.5t45772(a)\",\"slot\":1"), 1);
    then_it_is_settled(REPORT_REVERTED);
    assert_int_equal(world.images_written, 1);
    offer(2, VERSION); /* which begins from nothing */
    run_to_reboot();
    try_unheard();
    assert_int_equal(record()->attempt.trials, 1);
    assert_int_equal(record()->attempt.unheard, 1);
}

static void the_third_trial_is_the_last(void **state)
{
    static const struct {
        bool heard[3];
    } rows[] = {{{true, true, true}}, {{false, true, true}}, {{true, true, false}}, {{true, false, true}}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)teardown(state);
        (void)setup(state);
        offer(1, VERSION);
        run_to_reboot();
        for (int trial = 0; trial < 3; trial++) {
            if (trial > 0)
                try_again();
            if (rows[i].heard[trial])
                try_heard();
            else
                try_unheard();
        }
        boot(RESET_SOFTWARE);
        assert_int_equal(count(REVERTED("no_connection")), 1);
        then_it_is_settled(REPORT_REVERTED);
    }
}

static void a_second_trial_that_is_connected_ends_as_any(void **state)
{
    (void)state;
    given_a_retrial();
    connect();
    run_to_reboot();
    boot(RESET_SOFTWARE);
    run_to_reboot(); /* the check never answers */
    boot(RESET_SOFTWARE);
    assert_true(count(REVERTED("confirm_timeout")) > 0);
    then_it_is_settled(REPORT_REVERTED);
}

/* The boot loader could not start the old image: nothing could be told by its connection. */
static void without_the_old_image_there_is_no_other_trial(void **state)
{
    static const uint32_t zero;

    (void)state;
    offer(1, VERSION);
    run_to_reboot();
    try_unheard();
    assert_true(flash_program(&world.flash, fota_map_512.slot_address[0] + 100, &zero, sizeof zero));
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.running_slot, 2);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    assert_int_equal(count(REVERTED("confirm_timeout")), 1);
    assert_int_equal(record()->good_slot, 1);
}

static void a_rollback_is_tried_again_too(void **state)
{
    char before[65];

    (void)state;
    for (int i = 0; i < FOTA_SHA256_SIZE; i++)
        (void)snprintf(before + 2 * i, 3, "%02x", world.agent.running.sha256[i]);
    offer(1, VERSION);
    run(1);
    command("{\"command\":\"rollback\",\"campaign\":6,\"attempt\":1,\"nonce\":\"" NONCE "\",\"version\":"
            "\"v1.0.5t45772(a)\",\"sha256\":\"%s\",\"download_seconds\":60,\"confirm_seconds\":60}",
            before);
    run_to_reboot();
    boot_offline(RESET_SOFTWARE);
    run_to_reboot();
    assert_int_equal(record()->attempt.is_rollback, 1);
    assert_int_equal(record()->attempt.trials, 1);
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.state, AGENT_RETRIAL);
    run_to_reboot();
    assert_int_equal(record()->attempt.is_rollback, 1);
    boot(RESET_SOFTWARE);
    run(1);
    assert_true(count("\"report\":\"confirmed\",\"campaign\":6,\"attempt\":1") > 0);
    assert_int_equal(world.agent.running_slot, 1);
}

/* --- power cuts ----------------------------------------------------------------------------------------- */

/* The old record or the new one: flash does half of the operation that is cut, and none after it. */
static void power_may_fail_in_each_store(void **state)
{
    for (int store = 0; store < 3; store++) {
        for (uint64_t cut = 1; cut <= 4; cut++) {
            (void)teardown(state);
            (void)setup(state);
            offer(1, VERSION);
            run_to_reboot();
            if (store == 0)
                boot_offline(RESET_SOFTWARE); /* goes back undecided */
            else
                try_unheard();
            if (store > 0)
                boot(RESET_SOFTWARE); /* tries again, or is cancelled */
            world.flash.cut_at = world.flash.operations + cut;
            if (store == 2)
                command("{\"command\":\"cancel\",\"campaign\":5,\"attempt\":1,\"nonce\":\"" NONCE "\"}");
            else
                pass(store == 0 ? 60000 : PAUSE);
            world.flash.cut_at = 0;
            world.reports[0] = '\0'; /* what it said without power */
            boot(RESET_POWER_ON);
            enum agent_state expected = store == 0   ? (cut < 4 ? AGENT_TRIAL : AGENT_RETRIAL)
                                        : store == 1 ? (cut < 4 ? AGENT_RETRIAL : AGENT_TRIAL)
                                                     : (cut < 4 ? AGENT_RETRIAL : AGENT_IDLE);
            if (world.agent.state != expected)
                fail_msg("store %d, cut at its operation %d: %s", store, (int)cut,
                         agent_state_name(world.agent.state));
            run(100);
            if (store == 2 && cut == 4)
                assert_int_equal(record()->results[BOOT_RESULTS - 1].kind, REPORT_CANCELLED);
            else
                assert_true(count(RESULT("confirmed", 1)) > 0);
            assert_int_equal(world.images_written, 1);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(no_connection_is_no_verdict),
        TEST(a_connection_that_was_lost_is_no_verdict_and_was_heard),
        TEST(a_no_of_the_health_check_is_a_verdict_though_connected_no_more),
        TEST(a_crash_in_a_second_trial_is_a_verdict),
        TEST(the_old_image_waits_for_its_connection_then_tries_again),
        TEST(the_pause_is_a_twentieth_of_the_time_and_five_seconds_at_most),
        TEST(a_connection_lost_in_the_pause_begins_it_anew),
        TEST(a_reboot_in_the_pause_changes_nothing),
        TEST(a_cancel_in_between_ends_it),
        TEST(other_commands_in_between_are_answered_busy),
        TEST(an_image_that_is_not_whole_any_more_is_not_tried_again),
        TEST(a_record_that_cannot_be_stored_ends_it),
        TEST(two_trials_unheard_are_a_verdict),
        TEST(the_third_trial_is_the_last),
        TEST(a_second_trial_that_is_connected_ends_as_any),
        TEST(without_the_old_image_there_is_no_other_trial),
        TEST(a_rollback_is_tried_again_too),
        TEST(power_may_fail_in_each_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
