/* What orchestratorctl campaign cancel, pause and rollback say of the devices that are still in flight. */
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
    says("pause", DONE("paused", "3", "true"),
         "campaign spring: paused\n"
         "3 in flight: those that have not accepted are told to stop\n");
    says("resume", DONE("running", "3", "true"), "campaign spring: running\n");
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
        cmocka_unit_test(a_broker_that_is_away_is_named),
        cmocka_unit_test(an_older_server_is_understood),
        cmocka_unit_test(what_was_so_already_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
