/* Sessions: what is one, and which of two is newer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"

static struct device_session session_of(const char *text)
{
    struct device_session session;
    if (!session_parse(text, &session))
        fail_msg("not read: %s", text);
    return session;
}

static void a_session_is_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *boot;
        int32_t number;
    } examples[] = {
        {"9f3c0a5b.3", "9f3c0a5b", 3},
        {"00000000.1", "00000000", 1},
        {"ffffffff.2147483647", "ffffffff", SESSION_NUMBER_MAX},
        {"12345678.1000000000", "12345678", 1000000000},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        char text[SESSION_TEXT_SIZE];
        struct device_session session = session_of(examples[i].text);
        assert_string_equal(session.boot, examples[i].boot);
        assert_int_equal(session.number, examples[i].number);
        session_format(&session, text);
        assert_string_equal(text, examples[i].text);
    }
}

static void no_session_is_an_empty_text(void **state)
{
    (void)state;
    const struct device_session none = {.number = 0};
    char text[SESSION_TEXT_SIZE] = "x";
    session_format(&none, text);
    assert_string_equal(text, "");
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ".",
        "9f3c0a5b",
        "9f3c0a5b.",
        ".3",
        "9f3c0a5.3",
        "9f3c0a5b1.3",
        "9F3C0A5B.3",
        "9f3c0a5g.3",
        "9f3c0a5b.0",
        "9f3c0a5b.03",
        "9f3c0a5b.+3",
        "9f3c0a5b.-3",
        "9f3c0a5b. 3",
        " 9f3c0a5b.3",
        "9f3c0a5b.3 ",
        "9f3c0a5b.3.4",
        "9f3c0a5b.3a",
        "9f3c0a5b-3",
        "9f3c0a5b.2147483648",
        "9f3c0a5b.9999999999",
        "9f3c0a5b.10000000000",
        "9f3c0a5b.18446744073709551617", /* 1, were it to wrap */
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct device_session session = {"11111111", 7};
        if (session_parse(texts[i], &session))
            fail_msg("read: %s", texts[i]);
        assert_string_equal(session.boot, "11111111");
        assert_int_equal(session.number, 7);
    }
}

static void sessions_have_an_order(void **state)
{
    (void)state;
    static const char *const boots[] = {"00000004", "00000003", "00000002", "00000001"};
    static const struct {
        const char *current;
        size_t count; /* of boots */
        const char *said;
        enum session_order order;
    } examples[] = {
        /* the same boot: by number, and as numbers */
        {"00000004.3", 4, "00000004.3", SESSION_SAME},
        {"00000004.3", 4, "00000004.4", SESSION_NEWER},
        {"00000004.3", 4, "00000004.2", SESSION_OLDER},
        {"00000004.9", 4, "00000004.10", SESSION_NEWER},
        {"00000004.10", 4, "00000004.9", SESSION_OLDER},
        {"00000004.1", 4, "00000004.2147483647", SESSION_NEWER},
        /* another boot: older when it is one of the last four, whatever its number */
        {"00000004.3", 4, "00000003.9", SESSION_OLDER},
        {"00000004.3", 4, "00000001.2147483647", SESSION_OLDER},
        {"00000004.3", 3, "00000001.1", SESSION_NEWER},
        {"00000004.3", 4, "00000000.1", SESSION_NEWER},
        {"00000004.3", 4, "ffffffff.1", SESSION_NEWER},
        /* the current one need not be among them */
        {"00000005.3", 4, "00000005.3", SESSION_SAME},
        {"00000005.3", 4, "00000004.3", SESSION_OLDER},
        {"00000005.3", 0, "00000004.3", SESSION_NEWER},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct device_session current = session_of(examples[i].current), said = session_of(examples[i].said);
        enum session_order order = session_compare(&current, boots, examples[i].count, &said);
        if (order != examples[i].order)
            fail_msg("%s after %s is %d, not %d", examples[i].said, examples[i].current, order,
                     examples[i].order);
    }
}

static void the_first_session_is_newer_than_none(void **state)
{
    (void)state;
    static const char *const boots[] = {"00000004"};
    const struct device_session none = {.number = 0}, said = session_of("00000004.1");
    assert_int_equal(session_compare(&none, NULL, 0, &said), SESSION_NEWER);
    assert_int_equal(session_compare(&none, boots, 1, &said), SESSION_NEWER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_read_and_written),        cmocka_unit_test(no_session_is_an_empty_text),
        cmocka_unit_test(everything_else_is_refused),           cmocka_unit_test(sessions_have_an_order),
        cmocka_unit_test(the_first_session_is_newer_than_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
