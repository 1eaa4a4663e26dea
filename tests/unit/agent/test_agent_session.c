/* Sessions on the device: each boot has a BOOTID of its own, each attempt to connect a number of its own, and
 * the hello names the session that will and presence have. */
#include "agent_world.h"

static void disconnect(void)
{
    step((struct fota_event){.type = FOTA_EVENT_DISCONNECTED});
}

/* The last hello names the session that the port was given for the connection. */
static void hello_names(const char *session)
{
    char member[64];
    const char *last = NULL;

    for (const char *at = world.reports; (at = strstr(at, "\"report\":\"hello\"")) != NULL; at++)
        last = at;
    assert_non_null(last);
    (void)snprintf(member, sizeof member, "\"session\":\"%s\"", session);
    const char *found = strstr(last, member);
    if (found == NULL || found > strchr(last, '\n'))
        fail_msg("no %s in %s", member, last);
}

static void the_first_session_of_a_boot_has_number_1(void **state)
{
    (void)state;
    assert_int_equal(strlen(world.session), 10);
    assert_string_equal(world.session + 8, ".1");
    hello_names(world.session);
}

static void each_boot_has_its_own_boot_id(void **state)
{
    static const enum reset_reason reasons[] = {RESET_POWER_ON, RESET_SOFTWARE, RESET_WATCHDOG,
                                                RESET_EXCEPTION};
    char before[FOTA_SESSION_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        memcpy(before, world.session, sizeof before);
        boot(reasons[i]);
        assert_memory_not_equal(world.session, before, 8);
        assert_string_equal(world.session + 8, ".1");
        hello_names(world.session);
    }
}

static void each_connection_has_a_higher_number(void **state)
{
    char before[FOTA_SESSION_SIZE], number[FOTA_SESSION_SIZE];

    (void)state;
    for (int i = 2; i <= 12; i++) {
        memcpy(before, world.session, sizeof before);
        disconnect();
        connect();
        assert_memory_equal(world.session, before, 8);
        (void)snprintf(number, sizeof number, ".%d", i);
        assert_string_equal(world.session + 8, number);
        hello_names(world.session);
    }
}

/* The broker may have published the will of an attempt that the device takes for failed. */
static void an_attempt_that_fails_uses_its_number_up(void **state)
{
    char failed[FOTA_SESSION_SIZE];

    (void)state;
    disconnect();
    fota_agent_begin_session(&world.agent, failed);
    assert_string_equal(failed + 8, ".2");
    connect();
    assert_string_equal(world.session + 8, ".3");
    hello_names(world.session);
    command("{\"command\":\"report\"}");
    hello_names(world.session);
}

static void after_the_last_number_comes_another_boot_id(void **state)
{
    char before[FOTA_SESSION_SIZE];

    (void)state;
    world.agent.session.number = FOTA_SESSION_NUMBER_MAX - 1;
    disconnect();
    connect();
    assert_string_equal(world.session + 8, ".2147483647");
    memcpy(before, world.session, sizeof before);
    disconnect();
    connect();
    assert_memory_not_equal(world.session, before, 8);
    assert_string_equal(world.session + 8, ".1");
    hello_names(world.session);
}

static void a_port_without_sessions_names_none(void **state)
{
    const struct fota_setup again = {
        .running_slot = 1, .reset_reason = RESET_POWER_ON, .version = "v1.0.5t45772(a)", .seed = 1};

    (void)state;
    world.reports[0] = '\0';
    fota_agent_start(&world.agent, &world.platform, &again, world.now);
    step((struct fota_event){.type = FOTA_EVENT_CONNECTED});
    assert_int_equal(count("\"report\":\"hello\""), 1);
    assert_int_equal(count("\"session\""), 0);
}

/* Through an update, a reboot into a trial and a confirmation: nothing of a session is in flash. */
static void sessions_write_nothing_to_flash(void **state)
{
    static uint8_t before[2 * FOTA_SECTOR_SIZE], after[sizeof before];

    (void)state;
    offer(1, "v1.1.0t45772(a)");
    run(1);
    command("{\"command\":\"ack\",\"campaign\":5,\"attempt\":1}");
    assert_true(flash_read(&world.flash, fota_map_512.record_address[0], before, sizeof before));
    for (int i = 0; i < 5; i++) {
        disconnect();
        connect();
    }
    boot(RESET_POWER_ON);
    assert_true(flash_read(&world.flash, fota_map_512.record_address[0], after, sizeof after));
    assert_memory_equal(before, after, sizeof before);
    hello_names(world.session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_session_of_a_boot_has_number_1, setup, teardown),
        cmocka_unit_test_setup_teardown(each_boot_has_its_own_boot_id, setup, teardown),
        cmocka_unit_test_setup_teardown(each_connection_has_a_higher_number, setup, teardown),
        cmocka_unit_test_setup_teardown(an_attempt_that_fails_uses_its_number_up, setup, teardown),
        cmocka_unit_test_setup_teardown(after_the_last_number_comes_another_boot_id, setup, teardown),
        cmocka_unit_test_setup_teardown(a_port_without_sessions_names_none, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_write_nothing_to_flash, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
