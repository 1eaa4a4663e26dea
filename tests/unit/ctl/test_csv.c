#include "csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_request.h"

static char *complaints;
static struct error error;
static int *lines; /* of the devices read last */

/* Reads `text` as the file "f"; what was complained of is in `complaints`. */
static json_t *read_text(const char *text)
{
    size_t size = 0;
    json_t *devices;
    char *copy = strdup(text);
    free(complaints);
    free(lines);
    complaints = NULL;
    memset(&error, 0, sizeof error);
    FILE *errors = open_memstream(&complaints, &size);
    enum status status = csv_read_devices("f", copy, strlen(copy), errors, &devices, &lines, &error);
    fclose(errors);
    free(copy);
    assert_int_equal(status == STATUS_OK, devices != NULL);
    return devices;
}

static int tear_down(void **state)
{
    (void)state;
    free(complaints);
    free(lines);
    complaints = NULL;
    lines = NULL;
    return 0;
}

static void assert_devices(const char *text, const char *json)
{
    json_t *devices = read_text(text);
    json_t *wanted = json_loads(json, 0, NULL);
    assert_non_null(wanted);
    if (devices == NULL || !json_equal(json_object_get(devices, "devices"), wanted))
        fail_msg("%s\n%s", error.message, complaints);
    json_decref(devices);
    json_decref(wanted);
}

static void devices_are_read(void **state)
{
    (void)state;
    assert_devices(
        "id,ptype,version\na,45772,v1.0.5t45772(a)\nb,7,\n",
        "[{\"id\":\"a\",\"ptype\":45772,\"version\":\"v1.0.5t45772(a)\"},{\"id\":\"b\",\"ptype\":7}]");
    assert_devices(
        "\xEF\xBB\xBFid,ptype,version,product,tags\r\na,1,,\"The, \"\"big\"\" one\",x y;z\r\n\r\nb,2,,,",
        "[{\"id\":\"a\",\"ptype\":1,\"product\":\"The, \\\"big\\\" one\",\"tags\":[\"x\",\"y\",\"z\"]},"
        "{\"id\":\"b\",\"ptype\":2}]");
    assert_devices(
        "id,ptype,key,flash_kb,flash_map\na,1,0123456789ABCDEF0123456789abcdef01234567,512,\n"
        "b,1,,4096,1024+1024\nc,1,,,\n",
        "[{\"id\":\"a\",\"ptype\":1,\"key\":\"0123456789abcdef0123456789abcdef01234567\",\"flash_kb\":512,"
        "\"flash_map\":\"256+256\"},{\"id\":\"b\",\"ptype\":1,\"flash_kb\":4096,\"flash_map\":\"1024+"
        "1024\"},{\"id\":\"c\",\"ptype\":1}]");
    assert_devices("tags,ptype,id\nx,3,c", "[{\"id\":\"c\",\"ptype\":3,\"tags\":[\"x\"]}]");
}

/* The server knows elements of a list, the operator lines of a file. */
static void errors_of_the_server_name_the_line(void **state)
{
    (void)state;
    const struct {
        const char *field, *new_field, *message;
    } cases[] = {
        {"devices[0].id", "", "f:2: id: no"}, {"devices[2].ptype", "", "f:7: ptype: no"},
        {"devices[1]", "", "f:3: no"},        {"devices[3].id", "devices[3].id", "no"},
        {"devices", "devices", "no"},         {"", "", "no"},
        {"devices[1", "devices[1", "no"},
    };
    json_t *devices = read_text("id,ptype\na,1\n\"b\",1\n\n\r\n\nc,1\n");
    assert_non_null(devices);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        error_set(&error, STATUS_CONFLICT, cases[i].field, "no");
        csv_name_line(&error, "f", lines, 3);
        assert_string_equal(error.field, cases[i].new_field);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(error.status, STATUS_CONFLICT);
    }
    error_set(&error, STATUS_CONFLICT, "devices[0].id",
              "no; the same of devices[1], devices[2], devices[3] and 7 more");
    csv_name_line(&error, "f", lines, 3);
    assert_string_equal(error.message, "f:2: id: no; the same of line 3, line 7, devices[3] and 7 more");
    json_decref(devices);
}

static void bad_headers_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *message;
    } cases[] = {
        {"", "is empty"},
        {"\n\n", "is empty"},
        {"id,ptype,colour\n", "unknown column \"colour\"; allowed are id, ptype, version"},
        {"id,id,ptype\n", "column id is there twice"},
        {"id,version\n", "column ptype is missing"},
        {"ptype\n", "column id is missing"},
        {"id,ptype,\xFF\n", "f:1: column 3 is not UTF-8"},
        {"id,ptype,version,product,tags,key,flash_kb,flash_map,id\n", "column id is there twice"},
        {"a,1,\n", "unknown column \"a\""},
        {"id,ptype,version\n", "names no device"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(read_text(cases[i].text));
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("%s gave: %s", cases[i].text, error.message);
    }
}

static void every_bad_line_is_named(void **state)
{
    (void)state;
    assert_null(read_text("id,ptype,version\n"
                          "good,1,\n"
                          "bad id,1,\n"
                          "b,minus,\n"
                          "c,1,v9\n"
                          "d,1,v1.0.0t2(a)\n"
                          "e,1\n"
                          "good,1,\n"
                          "f,2147483648,\n"
                          "\"g,1,\n"));
    assert_non_null(strstr(complaints, "f:3: id \"bad id\": allowed are"));
    assert_non_null(strstr(complaints, "f:4: ptype \"minus\""));
    assert_non_null(strstr(complaints, "f:5: version \"v9\""));
    assert_non_null(strstr(complaints, "f:6: version v1.0.0t2(a) is of ptype 2, the device of 1"));
    assert_non_null(strstr(complaints, "f:7: has 2 fields; the first line has 3"));
    assert_non_null(strstr(complaints, "f:8: id good is in line 2 already"));
    assert_non_null(strstr(complaints, "f:9: ptype \"2147483648\""));
    assert_non_null(strstr(complaints, "f:10: a quoted field does not end"));
    assert_non_null(strstr(error.message, "8 bad lines; nothing was sent"));
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    assert_null(read_text("id,ptype,product,tags\n"
                          "a,1,caf\xC3\xA9,\n"
                          "b,1,caf\xE9,\n"      /* Latin-1 */
                          "c,1,,\xC0\xAF\n"     /* longer than it need be */
                          "d,1,\xED\xA0\x80,\n" /* half a pair */
                          "e\xF5,1,,\n"
                          "f,1,,\"\xE2\x82\"\n")); /* cut off */
    static const char *const wanted[] = {"f:3: product is not", "f:4: tags is not", "f:5: product is not",
                                         "f:6: id is not", "f:7: tags is not"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_non_null(strstr(complaints, wanted[i]));
    assert_null(strstr(complaints, "f:2:"));
    assert_non_null(strstr(error.message, "5 bad lines"));
}

#define KEY "0123456789abcdef0123456789abcdef0123456"

static void bad_keys_and_flash_maps_are_named(void **state)
{
    (void)state;
    assert_null(read_text("id,ptype,key,flash_kb,flash_map\n"
                          "a,1," KEY "a,,\n"
                          "b,1," KEY ",,\n"
                          "c,1," KEY "g,,\n"
                          "d,1," KEY "A,,\n"
                          "e,1,,4096,\n"
                          "f,1,,1000,512+512\n"
                          "g,1,,,512+512\n"
                          "h,1,,512,512+512\n"
                          "i,1,,4M,512+512\n"));
    static const char *const wanted[] = {"f:3: key: allowed are 40 hexadecimal digits",
                                         "f:4: key: allowed",
                                         "f:5: its key is in line 2 already",
                                         "f:6: flash_map \"\": 4096 KB of flash has several maps",
                                         "f:7: flash_kb \"1000\": there is no map",
                                         "f:8: flash_kb \"\": there is no map",
                                         "f:9: flash_map \"512+512\": 512 KB",
                                         "f:10: flash_kb \"4M\": there is no map"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strstr(complaints, wanted[i]) == NULL)
            fail_msg("no %s in:\n%s", wanted[i], complaints);
    }
    assert_null(strstr(complaints, KEY));
}

static void more_devices_than_a_request_takes_are_refused(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    fputs("id,ptype\n", stream);
    for (int i = 0; i <= API_DEVICES_MAX; i++)
        fprintf(stream, "d%d,1\n", i);
    fclose(stream);
    assert_null(read_text(text));
    assert_non_null(strstr(error.message, "f names more than 200000 devices"));
    free(text);
}

static void not_more_than_twenty_are_shown(void **state)
{
    (void)state;
    char text[2048] = "id,ptype\n";
    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "d%d,x\n", i);
    assert_null(read_text(text));
    assert_non_null(strstr(complaints, "f:21:"));
    assert_null(strstr(complaints, "f:22:"));
    assert_non_null(strstr(complaints, "and 10 more"));
    assert_non_null(strstr(error.message, "30 bad lines"));
}

static void a_zero_byte_is_refused(void **state)
{
    (void)state;
    char text[] = "id,ptype\na\0b,1\n";
    json_t *devices;
    assert_int_equal(csv_read_devices("f", text, sizeof text - 1, stderr, &devices, &lines, &error),
                     STATUS_INVALID);
    assert_non_null(strstr(error.message, "zero byte"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(devices_are_read, tear_down),
        cmocka_unit_test_teardown(errors_of_the_server_name_the_line, tear_down),
        cmocka_unit_test_teardown(bad_headers_are_refused, tear_down),
        cmocka_unit_test_teardown(every_bad_line_is_named, tear_down),
        cmocka_unit_test_teardown(text_that_is_not_utf8_is_refused, tear_down),
        cmocka_unit_test_teardown(bad_keys_and_flash_maps_are_named, tear_down),
        cmocka_unit_test_teardown(more_devices_than_a_request_takes_are_refused, tear_down),
        cmocka_unit_test_teardown(not_more_than_twenty_are_shown, tear_down),
        cmocka_unit_test_teardown(a_zero_byte_is_refused, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
