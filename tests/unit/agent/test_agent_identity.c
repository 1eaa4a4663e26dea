/* An attempt is known by campaign, attempt and nonce: results say the nonce, and what has another one is
 * another attempt. The newest acknowledged result is said in hello. */
#include "agent_world.h"

#define VERSION "v1.1.0t45772(a)"
#define OTHER "fedcba9876543210"
#define OF_OTHER(report, attempt) ATTEMPT(report, attempt) ",\"nonce\":\"" OTHER "\""

static void offer_as(const char *nonce, int attempt)
{
    world.nonce = nonce;
    offer(attempt, VERSION);
}

/* `nonce` may be NULL: as an older orchestrator sends it. */
static void tell(const char *kind, int attempt, const char *nonce)
{
    char member[40] = "";
    if (nonce != NULL)
        (void)snprintf(member, sizeof member, ",\"nonce\":\"%s\"", nonce);
    command("{\"command\":\"%s\",\"campaign\":5,\"attempt\":%d%s}", kind, attempt, member);
}

static void forget_what_was_said(void)
{
    memcpy(world.reports, "\n", 2); /* before each report stands one */
}

/* The whole of what has been said since then is one hello, with that in it. */
static void hello_says(const char *text)
{
    forget_what_was_said();
    tell("report", 1, NULL);
    if (count(text) != 1)
        fail_msg("no %s in %s", text, world.reports);
}

static void hello_says_not(const char *text)
{
    forget_what_was_said();
    tell("report", 1, NULL);
    if (count(text) != 0)
        fail_msg("%s in %s", text, world.reports);
}

/* Ends at once: it is not newer. */
static void given_a_rejected(const char *nonce, int attempt)
{
    world.nonce = nonce;
    offer(attempt, "v1.0.0t45772(a)");
}

static void given_a_download(const char *nonce)
{
    offer_as(nonce, 1);
    while (world.agent.download.received < 4096) {
        if (world.http_wanted && world.method == FOTA_HTTP_GET)
            world.break_after = 5000;
        if (world.http_wanted)
            answer_http();
        step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
    world.break_after = 0;
    assert_int_equal(world.agent.state, AGENT_DOWNLOADING);
}

static void until_it_restarts(void)
{
    while (!world.reboot_wanted) {
        world.now += 1000;
        if (world.http_wanted)
            answer_http();
        step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
}

/* --- what is said ------------------------------------------------------------------------------------- */

static void every_result_says_its_nonce(void **state)
{
    (void)state;
    given_a_rejected(NONCE, 1);
    assert_int_equal(count("\n" RESULT("rejected", 1) ",\"reason\":\"not_newer\""), 1);
    tell("cancel", 2, OTHER);
    assert_int_equal(count("\n" OF_OTHER("cancelled", 2)), 1);
    world.advertised--;
    offer_as(NONCE, 3);
    run(1);
    world.advertised++;
    assert_int_equal(count("\n" RESULT("failed", 3) ",\"reason\":\"length_mismatch\""), 1);
    world.healthy = false;
    offer_as(OTHER, 4);
    run(1);
    assert_true(count("\n" OF_OTHER("reverted", 4) ",\"reason\":\"health_check\"") +
                    count("\"result\":" OF_OTHER("reverted", 4) ",\"reason\":\"health_check\"") >
                0);
    world.healthy = true;
    offer_as(NONCE, 5);
    run(1);
    assert_int_equal(count("\n" RESULT("confirmed", 5)), 1);
    /* And they are in flash. */
    forget_what_was_said();
    boot(RESET_POWER_ON);
    assert_int_equal(count("\n" RESULT("rejected", 1)), 1);
    assert_int_equal(count("\n" RESULT("failed", 3)), 1);
    assert_int_equal(count("\n" OF_OTHER("reverted", 4)), 1);
    assert_int_equal(count("\"result\":" RESULT("confirmed", 5)), 1);
}

static void activity_says_its_nonce(void **state)
{
    (void)state;
    given_a_download(OTHER);
    hello_says("\"activity\":{\"campaign\":5,\"attempt\":1,\"nonce\":\"" OTHER
               "\",\"state\":\"downloading\"}");
    until_it_restarts();
    boot(RESET_SOFTWARE);
    hello_says("\"activity\":{\"campaign\":5,\"attempt\":1,\"nonce\":\"" OTHER "\",\"state\":\"trial\"}");
}

static void a_result_that_is_sent_by_itself_names_its_session(void **state)
{
    char member[40];

    (void)state;
    given_a_rejected(NONCE, 1);
    assert_int_equal(
        count("\n" RESULT("rejected", 1) ",\"reason\":\"not_newer\",\"session\":\"00000000.1\"}"), 1);
    given_a_rejected(NONCE, 2);
    step((struct fota_event){.type = FOTA_EVENT_DISCONNECTED});
    forget_what_was_said();
    connect();
    (void)snprintf(member, sizeof member, "\"session\":\"%s\"", world.session);
    assert_string_equal(world.session, "00000000.2");
    assert_int_equal(
        count("\n" RESULT("rejected", 1) ",\"reason\":\"not_newer\",\"session\":\"00000000.2\"}"), 1);
    assert_int_equal(count(member), 2); /* the hello has it for itself and the result in it */
}

static void a_refused_command_is_answered_with_its_nonce(void **state)
{
    (void)state;
    command("{\"command\":\"update\",\"campaign\":5,\"attempt\":1,\"nonce\":\"" OTHER "\"}");
    assert_int_equal(count("\n" OF_OTHER("rejected", 1) ",\"reason\":\"bad_command\""), 1);
    command("{\"command\":\"update\",\"campaign\":5,\"attempt\":2,\"nonce\":\"fedc\"}");
    assert_int_equal(count("\n" ATTEMPT("rejected", 2) ",\"reason\":\"bad_command\""), 1);
    offer_as(OTHER, 2); /* it may be a copy of that one */
    assert_int_equal(count("\n" ATTEMPT("rejected", 2) ",\"reason\":\"bad_command\""), 2);
}

/* --- what is another attempt -------------------------------------------------------------------------- */

static void another_nonce_is_taken_anew_after_the_end(void **state)
{
    (void)state;
    world.advertised--;
    offer_as(NONCE, 1);
    run(1);
    world.advertised++;
    assert_int_equal(count("\n" RESULT("failed", 1)), 1);
    boot(RESET_POWER_ON);
    offer_as(OTHER, 1);
    run(1);
    assert_int_equal(count(ATTEMPT("accepted", 1)), 2);
    assert_int_equal(count("\n" OF_OTHER("confirmed", 1)), 1);
    /* Both ends are known now, each by its nonce. */
    forget_what_was_said();
    offer_as(NONCE, 1);
    assert_int_equal(count("\n" RESULT("failed", 1)), 1);
    offer_as(OTHER, 1);
    assert_int_equal(count("\n" OF_OTHER("confirmed", 1)), 1);
    assert_int_equal(count("\n"), 1 + 2);
    assert_int_equal(world.images_written, 1);
}

static void another_nonce_is_busy_while_at_work(void **state)
{
    (void)state;
    given_a_download(NONCE);
    offer_as(OTHER, 1);
    assert_int_equal(count("\n" OF_OTHER("rejected", 1) ",\"reason\":\"busy\""), 1);
    assert_int_equal(world.agent.state, AGENT_DOWNLOADING);
    offer_as(NONCE, 1); /* a copy: where it stands, and nothing starts */
    assert_int_equal(count(ATTEMPT("accepted", 1)), 1);
    assert_true(count(ATTEMPT("downloading", 1)) > 1);
    until_it_restarts();
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.state, AGENT_TRIAL);
    forget_what_was_said();
    offer_as("00000000000000aa", 1);
    assert_int_equal(count("\n" ATTEMPT("rejected", 1) ",\"nonce\":\"00000000000000aa\",\"reason\":\"busy\""),
                     1);
    assert_int_equal(world.agent.state, AGENT_TRIAL);
    run(1);
    assert_int_equal(count("\n" RESULT("confirmed", 1)), 1);
}

/* As an older agent wrote it: it answers for any nonce of its number. */
static void a_result_without_a_nonce_is_of_every_nonce(void **state)
{
    (void)state;
    given_a_rejected(NONCE, 1);
    struct boot_journal *journal = &world.agent.journal;
    memset(journal->record.results[BOOT_RESULTS - 1].nonce, 0, BOOT_NONCE_LENGTH);
    assert_true(boot_journal_store(journal));
    forget_what_was_said();
    boot(RESET_POWER_ON);
    assert_int_equal(count("\"result\":" ATTEMPT("rejected", 1) ",\"reason\":\"not_newer\"}"), 1);
    offer_as(OTHER, 1);
    assert_int_equal(count("\n" ATTEMPT("rejected", 1) ",\"reason\":\"not_newer\""), 1);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    tell("ack", 1, OTHER);
    assert_int_equal(world.agent.journal.record.results[BOOT_RESULTS - 1].acknowledged, 1);
    hello_says("\"last\":" ATTEMPT("rejected", 1) ",\"reason\":\"not_newer\"}");
}

static void a_download_goes_on_under_another_nonce(void **state)
{
    (void)state;
    given_a_download(NONCE);
    boot(RESET_POWER_ON);
    offer_as(OTHER, 1);
    run(1);
    assert_int_equal(world.resumed_at, FOTA_SECTOR_SIZE);
    assert_int_equal(count("\n" OF_OTHER("confirmed", 1)), 1);
}

/* Power fails in the trial: which attempt it is stands in the record. */
static void a_trial_keeps_its_nonce(void **state)
{
    (void)state;
    given_a_download(OTHER);
    until_it_restarts();
    boot(RESET_SOFTWARE);
    boot(RESET_POWER_ON);
    offer_as(OTHER, 1);
    assert_int_equal(count("rejected"), 0);
    offer_as(NONCE, 1);
    assert_int_equal(count("\n" RESULT("rejected", 1) ",\"reason\":\"busy\""), 1);
    for (uint32_t i = 0; world.agent.running_slot == 2; i++) {
        assert_true(i < BOOT_TRIES);
        boot(RESET_WATCHDOG);
    }
    assert_int_equal(count("\"result\":" OF_OTHER("reverted", 1) ",\"reason\":\"watchdog\""), 1);
}

/* --- cancel and ack ----------------------------------------------------------------------------------- */

static void a_cancel_with_another_nonce_ends_nothing(void **state)
{
    (void)state;
    given_a_download(NONCE);
    tell("cancel", 1, OTHER);
    assert_int_equal(count("\n" OF_OTHER("cancelled", 1)), 1);
    assert_int_equal(world.agent.state, AGENT_DOWNLOADING);
    tell("cancel", 1, NONCE);
    assert_int_equal(count("\n" RESULT("cancelled", 1)), 1);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    /* Neither is taken any more; one that nobody has cancelled is. */
    forget_what_was_said();
    offer_as(OTHER, 1);
    offer_as(NONCE, 1);
    assert_int_equal(count("\n"), 1 + 2);
    assert_int_equal(count(OF_OTHER("cancelled", 1)), 1);
    assert_int_equal(count(RESULT("cancelled", 1)), 1);
    offer_as("00000000000000aa", 1);
    assert_int_equal(count(ATTEMPT("accepted", 1)), 1);
}

static void a_cancel_without_a_nonce_is_of_the_number(void **state)
{
    (void)state;
    given_a_rejected(OTHER, 1);
    given_a_download(NONCE);
    tell("cancel", 1, NULL); /* the one at work, and not that which has ended */
    assert_int_equal(world.agent.state, AGENT_IDLE);
    assert_int_equal(count("\n" RESULT("cancelled", 1)), 1);
    tell("cancel", 2, NULL); /* of one that has not come */
    assert_int_equal(count("\n" ATTEMPT("cancelled", 2) ",\"session\""), 1);
    offer_as(OTHER, 2);
    assert_int_equal(count("\n" ATTEMPT("cancelled", 2) ",\"session\""), 2);
    assert_int_equal(world.agent.state, AGENT_IDLE);
}

static void an_ack_with_another_nonce_is_ignored(void **state)
{
    (void)state;
    given_a_rejected(NONCE, 1);
    given_a_rejected(OTHER, 1);
    assert_int_equal(count("\n" OF_OTHER("rejected", 1)), 1);
    tell("ack", 1, "00000000000000aa");
    hello_says("\"result\":" OF_OTHER("rejected", 1));
    tell("ack", 1, OTHER);
    hello_says("\"result\":" RESULT("rejected", 1));
    hello_says("\"last\":" OF_OTHER("rejected", 1));
    tell("ack", 1, OTHER);
    hello_says("\"result\":" RESULT("rejected", 1));
    tell("ack", 1, NONCE);
    hello_says_not("\"result\"");
}

/* An older orchestrator acknowledges each report once: each ack is of one result. */
static void acks_without_a_nonce_acknowledge_all_in_turn(void **state)
{
    (void)state;
    given_a_rejected(NONCE, 1);
    given_a_rejected(OTHER, 1);
    tell("ack", 1, NULL);
    hello_says("\"result\":" RESULT("rejected", 1));
    tell("ack", 1, NULL);
    hello_says_not("\"result\"");
    boot(RESET_POWER_ON);
    hello_says_not("\"result\"");
}

/* --- the last acknowledged result --------------------------------------------------------------------- */

static void hello_says_what_the_device_can(void **state)
{
    (void)state;
    hello_says("\"can\":[\"nonce\",\"last\",\"session\",\"retrial\"]");
    hello_says_not("\"last\":");
}

static void the_newest_acknowledged_result_is_the_last(void **state)
{
    (void)state;
    given_a_rejected(NONCE, 1);
    hello_says_not("\"last\":");
    given_a_rejected(OTHER, 2);
    tell("ack", 1, NONCE);
    hello_says("\"last\":" RESULT("rejected", 1) ",\"reason\":\"not_newer\"}");
    tell("ack", 2, OTHER);
    hello_says("\"last\":" OF_OTHER("rejected", 2) ",\"reason\":\"not_newer\"}");
    hello_says_not("\"result\":");
    tell("cancel", 3, NONCE); /* only an answer */
    hello_says("\"last\":" OF_OTHER("rejected", 2));
    boot(RESET_POWER_ON);
    hello_says("\"last\":" OF_OTHER("rejected", 2));
}

static void the_last_result_is_not_crowded_out(void **state)
{
    (void)state;
    offer_as(NONCE, 1);
    run(1);
    tell("ack", 1, NONCE);
    for (int i = 2; i < 2 + 2 * (int)BOOT_RESULTS; i++)
        tell("cancel", i, OTHER);
    hello_says("\"last\":" RESULT("confirmed", 1) ",\"version\":\"" VERSION "\",\"slot\":2,\"sha256\":\"");
    boot(RESET_POWER_ON);
    hello_says("\"last\":" RESULT("confirmed", 1));
    /* Nor by what is owed: the eighth answer is only sent. */
    for (int i = 30; i < 30 + (int)BOOT_RESULTS; i++)
        given_a_rejected(OTHER, i);
    hello_says("\"last\":" RESULT("confirmed", 1));
    hello_says("\"result\":" OF_OTHER("rejected", 36));
    tell("ack", 30, OTHER);
    hello_says("\"last\":" OF_OTHER("rejected", 30));
}

/* Seven answers are kept, and the last place is that of an attempt in work. When all eight wait for their
 * acknowledgement, none of them is given up for an offer. */
static void no_result_is_given_up_for_an_offer(void **state)
{
    (void)state;
    for (int i = 2; i < 2 + (int)BOOT_RESULTS; i++)
        given_a_rejected(OTHER, i);
    offer_as(NONCE, 1);
    run(1);
    hello_says("\"result\":" RESULT("confirmed", 1));
    forget_what_was_said();
    given_a_rejected(OTHER, 20);
    if (count(OF_OTHER("rejected", 20) ",\"reason\":\"busy\"") != 1)
        fail_msg("%s", world.reports);
    boot(RESET_POWER_ON);
    hello_says("\"result\":" RESULT("confirmed", 1));
    forget_what_was_said();
    tell("ack", 1, NONCE);
    tell("ack", 8, OTHER);
    hello_says("\"result\":" OF_OTHER("rejected", 7));
    tell("ack", 2, OTHER);
    forget_what_was_said();
    tell("cancel", 20, OTHER); /* it knows nothing of it */
    if (count("\"cancelled\"") != 1)
        fail_msg("%s", world.reports);
}

/* Not all devices of a broker that was away repeat at one moment. */
static void results_are_repeated_with_jitter(void **state)
{
    (void)state;
    uint64_t first = 0, distinct = 0;
    for (uint32_t i = 0; i < 16; i++) {
        world.random = i * 37;
        given_a_rejected(OTHER, 2);
        uint64_t wait = world.agent.resend_at - world.agent.now;
        assert_in_range(wait, 1500, 2000);
        distinct += i > 0 && wait != first;
        first = i == 0 ? wait : first;
        tell("ack", 2, OTHER);
        teardown(state);
        setup(state);
    }
    assert_true(distinct > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_result_says_its_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(activity_says_its_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(a_result_that_is_sent_by_itself_names_its_session, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_command_is_answered_with_its_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(another_nonce_is_taken_anew_after_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(another_nonce_is_busy_while_at_work, setup, teardown),
        cmocka_unit_test_setup_teardown(a_result_without_a_nonce_is_of_every_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(a_download_goes_on_under_another_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(a_trial_keeps_its_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cancel_with_another_nonce_ends_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cancel_without_a_nonce_is_of_the_number, setup, teardown),
        cmocka_unit_test_setup_teardown(an_ack_with_another_nonce_is_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(acks_without_a_nonce_acknowledge_all_in_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(hello_says_what_the_device_can, setup, teardown),
        cmocka_unit_test_setup_teardown(the_newest_acknowledged_result_is_the_last, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_result_is_not_crowded_out, setup, teardown),
        cmocka_unit_test_setup_teardown(no_result_is_given_up_for_an_offer, setup, teardown),
        cmocka_unit_test_setup_teardown(results_are_repeated_with_jitter, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
