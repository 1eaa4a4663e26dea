/* Moments: against the C library for every day, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "moment.h"

static void every_day_is_read_as_the_library_writes_it(void **state)
{
    (void)state;
    int64_t first, last, read;
    assert_true(moment_parse("2000-01-01T00:00:00Z", &first));
    assert_true(moment_parse("2999-12-31T23:59:59Z", &last));
    assert_int_equal(first, 946684800);
    for (int64_t at = first; at <= last; at += 86400 + 3601) {
        char text[32];
        time_t moment = (time_t)at;
        struct tm parts;
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&moment, &parts));
        assert_true(moment_parse(text, &read));
        assert_int_equal(read, at);
    }
}

static void what_does_not_exist_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "2026-02-29T00:00:00Z",
                                        "2100-02-29T00:00:00Z",
                                        "2026-04-31T00:00:00Z",
                                        "2026-13-01T00:00:00Z",
                                        "2026-00-01T00:00:00Z",
                                        "2026-01-00T00:00:00Z",
                                        "2026-01-01T24:00:00Z",
                                        "2026-01-01T00:60:00Z",
                                        "2026-01-01T00:00:60Z",
                                        "1999-12-31T00:00:00Z",
                                        "2026-01-01T00:00:00",
                                        "2026-01-01T00:00:00z",
                                        "2026-01-01 00:00:00Z",
                                        "2026-01-01T00:00:00+01:00",
                                        "2026-1-1T00:00:00Z",
                                        "+026-01-01T00:00:00Z",
                                        "2026-01-01T00:00:00ZZ"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t seconds = 7;
        assert_false(moment_parse(texts[i], &seconds));
        assert_int_equal(seconds, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_is_read_as_the_library_writes_it),
        cmocka_unit_test(what_does_not_exist_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
