#include "presence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct device_session session(const char *text)
{
    struct device_session session = {0};
    if (text[0] != '\0')
        assert_true(session_parse(text, &session));
    return session;
}

static bool connection(struct presence *presence, const char *text, bool online)
{
    struct device_session said = session(text);
    return presence_connection(presence, &said, online);
}

static bool hello(struct presence *presence, const char *text)
{
    struct device_session said = session(text);
    return presence_hello(presence, &said, false);
}

static bool answer(struct presence *presence, const char *text)
{
    struct device_session said = session(text);
    return presence_hello(presence, &said, true);
}

static enum presence_census retained(struct presence *presence, const char *text, bool online)
{
    struct device_session said = session(text);
    return presence_retained(presence, &said, online);
}

static bool is_reachable(const struct presence *presence)
{
    return presence->online && !presence->awaits_hello;
}

#define A1 "aaaaaaaa.1"
#define A2 "aaaaaaaa.2"
#define B1 "bbbbbbbb.1"

static void only_the_hello_makes_it_reachable(void **state)
{
    (void)state;
    static const char *const texts[] = {"", A1};
    for (int i = 0; i < 2; i++) {
        struct presence presence = {0};
        assert_true(connection(&presence, texts[i], true));
        assert_true(presence.online);
        assert_false(is_reachable(&presence));
        assert_true(hello(&presence, texts[i]));
        assert_true(is_reachable(&presence));
        /* Presence that another orchestrator stores after the hello. */
        assert_true(connection(&presence, texts[i], true));
        assert_true(is_reachable(&presence));
        assert_true(connection(&presence, texts[i], false));
        assert_false(presence.online);
    }
}

static void a_new_connection_waits_for_its_own_hello(void **state)
{
    (void)state;
    struct presence presence = {0};
    hello(&presence, A1);
    assert_true(connection(&presence, A2, true));
    assert_true(presence.online);
    assert_false(is_reachable(&presence));
    assert_true(presence.was_offline);
    assert_true(hello(&presence, A2));
    assert_true(is_reachable(&presence));
}

static void a_late_will_ends_its_own_session_only(void **state)
{
    (void)state;
    struct presence presence = {0};
    hello(&presence, A2);
    assert_false(connection(&presence, A1, false));
    assert_true(is_reachable(&presence));
    hello(&presence, B1);
    assert_false(connection(&presence, A2, false));
    assert_true(is_reachable(&presence));
    assert_true(connection(&presence, B1, false));
    assert_false(presence.online);
}

static void what_comes_after_the_end_of_its_session_says_no_more_that_it_is_online(void **state)
{
    (void)state;
    struct presence presence = {0};
    connection(&presence, A1, false); /* the will overtook everything */
    assert_false(connection(&presence, A1, true));
    assert_true(hello(&presence, A1)); /* the newest word on what runs all the same */
    assert_false(presence.online);
    assert_true(connection(&presence, A2, true));
    assert_true(presence.online);
}

static void a_hello_of_an_older_session_is_old(void **state)
{
    (void)state;
    struct presence presence = {0};
    hello(&presence, A1);
    hello(&presence, B1);
    presence.said = false;
    assert_false(hello(&presence, A2));
    assert_false(presence.said);
    assert_string_equal(presence.session.boot, "bbbbbbbb");
}

static void the_last_four_boots_are_known(void **state)
{
    (void)state;
    struct presence presence = {0};
    char text[PRESENCE_BOOTS_SIZE];
    static const char *const boots[] = {"00000001.1", "00000002.1", "00000003.1", "00000004.1", "00000005.1"};
    for (int i = 0; i < 5; i++)
        assert_true(hello(&presence, boots[i]));
    presence_write_boots(&presence, text);
    assert_string_equal(text, "00000005 00000004 00000003 00000002");
    struct presence again = {0};
    presence_read_boots(&again, text);
    assert_int_equal(again.boot_count, 4);
    assert_string_equal(again.boots[3], "00000002");
    assert_false(hello(&presence, "00000002.9"));
    assert_true(hello(&presence, "00000001.9")); /* forgotten: as good as new */
    presence_write_boots(&presence, text);
    assert_string_equal(text, "00000001 00000005 00000004 00000003");
}

static void firmware_without_sessions_is_believed_as_before(void **state)
{
    (void)state;
    struct presence presence = {0};
    hello(&presence, A1);
    assert_false(connection(&presence, "", false)); /* the will of what ran before the update */
    assert_true(is_reachable(&presence));
    assert_true(connection(&presence, "", true)); /* it has gone back to that */
    assert_false(is_reachable(&presence));
    assert_true(hello(&presence, ""));
    assert_true(is_reachable(&presence));
    assert_int_equal(presence.session.number, 0);
    assert_true(connection(&presence, "", false));
    assert_false(presence.online);
}

static void only_the_end_of_a_session_is_believed_of_retained_messages(void **state)
{
    (void)state;
    struct presence presence = {0};
    assert_int_equal(retained(&presence, A1, true), PRESENCE_TO_BE_ASKED);
    assert_false(presence.online);
    hello(&presence, A1);
    assert_int_equal(retained(&presence, A1, true), PRESENCE_AGREES);
    assert_int_equal(retained(&presence, A1, false), PRESENCE_WENT);
    assert_false(presence.online);
    assert_int_equal(retained(&presence, A1, true),
                     PRESENCE_AGREES); /* read before its end came, and judged after it */
    hello(&presence, A2);
    assert_int_equal(retained(&presence, A1, false), PRESENCE_AGREES);
    assert_true(is_reachable(&presence));
    assert_int_equal(retained(&presence, B1, true), PRESENCE_TO_BE_ASKED);
    assert_int_equal(retained(&presence, B1, false), PRESENCE_WENT);
    assert_false(presence.online);
    assert_int_equal(retained(&presence, "cccccccc.1", false), PRESENCE_AGREES); /* gone is gone */
}

/* Which of two boots is the newer one is not known for sure; a will of the earlier one may come late. */
static void a_retained_connection_of_an_earlier_boot_is_a_reason_to_ask(void **state)
{
    (void)state;
    struct presence presence = {0};
    hello(&presence, A1);
    hello(&presence, B1);
    assert_int_equal(retained(&presence, A1, true), PRESENCE_TO_BE_ASKED);
    assert_int_equal(retained(&presence, A1, false), PRESENCE_AGREES);
    assert_true(is_reachable(&presence));
    connection(&presence, B1, false);
    assert_int_equal(retained(&presence, A1, true), PRESENCE_TO_BE_ASKED);
    assert_int_equal(retained(&presence, A1, false), PRESENCE_AGREES);
}

static void retained_messages_without_a_session_are_a_reason_to_ask(void **state)
{
    (void)state;
    struct presence presence = {0};
    hello(&presence, "");
    assert_int_equal(retained(&presence, "", true), PRESENCE_AGREES);
    assert_int_equal(retained(&presence, "", false), PRESENCE_TO_BE_ASKED); /* or it has come back since */
    connection(&presence, "", false);
    assert_int_equal(retained(&presence, "", false), PRESENCE_AGREES);
    assert_int_equal(retained(&presence, "", true), PRESENCE_TO_BE_ASKED);
    connection(&presence, "", true);
    assert_int_equal(retained(&presence, "", false), PRESENCE_AGREES); /* it is asked already */
}

/* Its will comes last, though it ran before. */
static void a_will_of_an_earlier_boot_does_not_end_firmware_without_sessions(void **state)
{
    (void)state;
    struct presence presence = {0};
    hello(&presence, A1);
    connection(&presence, "", true);
    hello(&presence, "");
    assert_false(connection(&presence, A1, false));
    assert_true(is_reachable(&presence));
}

/* The trial's boot was heard of only after the boot that followed it: to the order of boots it is the newer
 * one. */
static void whoever_answers_is_there(void **state)
{
    (void)state;
    struct presence presence = {0};
    hello(&presence, A1);
    hello(&presence, "cccccccc.1");
    connection(&presence, B1, true);
    connection(&presence, B1, false);
    assert_false(hello(&presence, "cccccccc.1"));
    assert_false(presence.online);
    assert_true(answer(&presence, "cccccccc.1"));
    assert_true(is_reachable(&presence));
    assert_false(connection(&presence, B1, false));
    assert_true(presence.online);
    /* Within one boot the numbers are the order. */
    assert_true(hello(&presence, "cccccccc.2"));
    assert_false(answer(&presence, "cccccccc.1"));
    /* A connection that has ended answers nothing. */
    connection(&presence, "cccccccc.2", false);
    answer(&presence, "cccccccc.2");
    assert_false(presence.online);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_answers_is_there),
        cmocka_unit_test(only_the_hello_makes_it_reachable),
        cmocka_unit_test(a_new_connection_waits_for_its_own_hello),
        cmocka_unit_test(a_late_will_ends_its_own_session_only),
        cmocka_unit_test(what_comes_after_the_end_of_its_session_says_no_more_that_it_is_online),
        cmocka_unit_test(a_hello_of_an_older_session_is_old),
        cmocka_unit_test(the_last_four_boots_are_known),
        cmocka_unit_test(firmware_without_sessions_is_believed_as_before),
        cmocka_unit_test(only_the_end_of_a_session_is_believed_of_retained_messages),
        cmocka_unit_test(a_will_of_an_earlier_boot_does_not_end_firmware_without_sessions),
        cmocka_unit_test(a_retained_connection_of_an_earlier_boot_is_a_reason_to_ask),
        cmocka_unit_test(retained_messages_without_a_session_are_a_reason_to_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
