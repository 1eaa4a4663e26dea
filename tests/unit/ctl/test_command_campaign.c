/* What orchestratorctl campaign cancel, pause, resume and rollback say of the devices. */
#include "http_script.h"
#include "run_words.h"

static struct script server;

static void says(const char *command, const char *answer, const char *wanted)
{
    const char *const words[] = {"ctl", "campaign", command, "spring"};
    const char *const answers[] = {answer, NULL};
    start(&server, answers);
    connected = client_create(server.url, "secret");
    assert_int_equal(run(4, words), EXIT_DONE);
    assert_string_equal(printed, wanted);
    stop(&server);
    client_destroy(connected);
    connected = NULL;
}

#define DONE(state, in_flight, broker)                                                                       \
    "200 {\"changed\":true,\"state\":\"" state "\",\"in_flight\":" in_flight ",\"broker\":" broker "}"

static void those_in_flight_are_counted(void **state)
{
    (void)state;
    says("cancel", DONE("cancelled", "0", "true"), "campaign spring: cancelled\n");
    says("cancel", DONE("cancelled", "12", "true"),
         "campaign spring: cancelled\n"
         "12 in flight: those that have not installed it are told to stop\n");
}

/* What is asked first, with `plan_only`, and then what is asked for. */
static void orders(size_t count, const char *const *words, const char *plan, const char *done,
                   const char *wanted)
{
    const char *const answers[] = {plan, done, NULL};
    start(&server, answers);
    connected = client_create(server.url, "secret");
    assert_int_equal(run((int)count, words), EXIT_DONE);
    assert_string_equal(printed, wanted);
    stop(&server);
    client_destroy(connected);
    connected = NULL;
    assert_non_null(strstr(server.requests[0], "\"plan_only\":true"));
    assert_null(strstr(server.requests[1], "plan_only"));
}

#define PLAN(words)                                                                                          \
    "200 {\"changed\":false,\"state\":\"running\",\"in_flight\":3,\"broker\":true,\"plan\":\"" words "\"}"

static void pause_and_resume_say_what_they_do_first(void **state)
{
    (void)state;
    static const char *const pause[] = {"ctl", "campaign", "pause", "spring", "--stop-downloads"};
    static const char *const resume[] = {"ctl", "campaign", "resume", "spring", "--accept-no-success"};
    orders(5, pause, PLAN("no new offers; 3 downloads are stopped"), DONE("paused", "3", "true"),
           "- no new offers\n- 3 downloads are stopped\ncampaign spring: paused\n");
    assert_non_null(strstr(server.requests[1], "\"stop_downloads\":true"));
    orders(5, resume, PLAN("wave canary passes"), DONE("running", "0", "true"),
           "- wave canary passes\ncampaign spring: running\n");
    assert_non_null(strstr(server.requests[1], "\"accept_no_success\":true"));
}

static void a_plan_alone_does_nothing(void **state)
{
    (void)state;
    static const char *const words[] = {"ctl", "campaign", "pause", "spring", "--plan"};
    orders(5, words, PLAN("no new offers"), NULL, "- no new offers\n");
    assert_int_equal(server.count, 1);
    assert_int_equal(server.extra, 0);
}

static void a_broker_that_is_away_is_named(void **state)
{
    (void)state;
    says("cancel", DONE("cancelled", "12", "false"),
         "campaign spring: cancelled\n"
         "12 in flight: those that have not installed it are told to stop\n"
         "The broker is away: devices are told once it is back.\n");
    says("start", DONE("scheduled", "0", "false"),
         "campaign spring: scheduled\n"
         "The broker is away: devices are told once it is back.\n");
}

/* One of the version before says no more. */
static void an_older_server_is_understood(void **state)
{
    (void)state;
    says("cancel", "200 {\"changed\":true,\"state\":\"cancelled\"}", "campaign spring: cancelled\n");
}

static void what_was_so_already_is_said(void **state)
{
    (void)state;
    says("cancel", "200 {\"changed\":false,\"state\":\"cancelled\",\"in_flight\":0,\"broker\":true}",
         "campaign spring: cancelled (it was so already; nothing changed)\n");
}

static int forget(void **state)
{
    (void)state;
    free(printed);
    free(complaints);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_in_flight_are_counted),
        cmocka_unit_test(pause_and_resume_say_what_they_do_first),
        cmocka_unit_test(a_plan_alone_does_nothing),
        cmocka_unit_test(a_broker_that_is_away_is_named),
        cmocka_unit_test(an_older_server_is_understood),
        cmocka_unit_test(what_was_so_already_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
