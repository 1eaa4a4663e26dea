#include "device_ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *complaints;
static struct error error;
static int *lines;

static int tear_down(void **state)
{
    (void)state;
    free(complaints);
    free(lines);
    complaints = NULL;
    lines = NULL;
    return 0;
}

static json_t *read_bytes(const char *text, size_t length)
{
    size_t size = 0;
    json_t *ids;
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    copy[length] = '\0';
    tear_down(NULL);
    error = (struct error){0};
    FILE *errors = open_memstream(&complaints, &size);
    enum status status = device_ids_read("f", copy, length, errors, &ids, &lines, &error);
    fclose(errors);
    free(copy);
    assert_int_equal(status == STATUS_OK, ids != NULL);
    assert_int_equal(status == STATUS_OK, lines != NULL);
    return ids;
}

static void ids_are_read_with_their_lines(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF# first\r\n\r\na\r\n \t b.B_b-9 \n#c\nd";
    json_t *ids = read_bytes(text, sizeof text - 1);
    json_t *wanted = json_pack("[sss]", "a", "b.B_b-9", "d");
    assert_true(json_equal(ids, wanted));
    assert_int_equal(lines[0], 3);
    assert_int_equal(lines[1], 4);
    assert_int_equal(lines[2], 6);
    assert_string_equal(complaints, "");
    json_decref(ids);
    json_decref(wanted);
}

static void every_bad_line_is_named(void **state)
{
    (void)state;
    char text[512] = "good\nbad id\n\na,1\na # no comment\n";
    memset(text + strlen(text), 'x', 65);
    assert_null(read_bytes(text, strlen(text)));
    assert_non_null(strstr(complaints, "f:2: id \"bad id\": allowed are 1 to 64 characters"));
    assert_non_null(strstr(complaints, "f:4: id \"a,1\""));
    assert_non_null(strstr(complaints, "f:5: id \"a # no comment\""));
    assert_non_null(strstr(complaints, "f:6: id \"xxx"));
    assert_null(strstr(complaints, "f:1:"));
    assert_string_equal(error.message, "f has 4 bad lines; nothing was sent");
}

static void not_more_than_twenty_are_shown(void **state)
{
    (void)state;
    char text[128] = "";
    for (int i = 0; i < 30; i++)
        memcpy(text + 2 * i, "?\n", 2);
    assert_null(read_bytes(text, 60));
    assert_non_null(strstr(complaints, "f:20:"));
    assert_null(strstr(complaints, "f:21:"));
    assert_non_null(strstr(complaints, "f: and 10 more\n"));
}

static void a_file_without_a_device_is_refused(void **state)
{
    (void)state;
    assert_null(read_bytes("", 0));
    assert_string_equal(error.message, "f names no device");
    assert_null(read_bytes("# a\n\n", 5));
    assert_string_equal(error.message, "f names no device");
    assert_null(read_bytes("a\0b\n", 4));
    assert_non_null(strstr(error.message, "zero byte"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(ids_are_read_with_their_lines, tear_down),
        cmocka_unit_test_teardown(every_bad_line_is_named, tear_down),
        cmocka_unit_test_teardown(not_more_than_twenty_are_shown, tear_down),
        cmocka_unit_test_teardown(a_file_without_a_device_is_refused, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
