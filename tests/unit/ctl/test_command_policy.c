/* Policy files as editors write them. */
#include "run_words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static void write_policy(const char *before, const char *after)
{
    snprintf(path, sizeof path, "/tmp/test_policy.XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    dprintf(descriptor,
            "%s{\"name\":\"p\",\"waves\":[{\"name\":\"all\",\"size\":{\"rest\":true},\"gate\":{\"type\":"
            "\"threshold\"}}]}%s",
            before, after);
    close(descriptor);
}

static enum exit_code run_on_policy(const char *command)
{
    const char *const words[] = {"ctl", "policy", command, path};
    enum exit_code code = run(4, words);
    unlink(path);
    return code;
}

static void a_byte_order_mark_is_no_part_of_a_policy(void **state)
{
    (void)state;
    write_policy("\xEF\xBB\xBF", "\r\n");
    assert_int_equal(run_on_policy("check"), EXIT_DONE);
    assert_non_null(strstr(printed, "policy p is good"));
    write_policy("\xEF\xBB\xBF", "");
    assert_int_equal(run_on_policy("show"), EXIT_DONE);
    assert_int_equal(printed[0], '{');
}

static void a_second_mark_is_refused(void **state)
{
    (void)state;
    write_policy("\xEF\xBB\xBF\xEF\xBB\xBF", "");
    assert_int_equal(run_on_policy("check"), EXIT_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_a_policy),
        cmocka_unit_test(a_second_mark_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
