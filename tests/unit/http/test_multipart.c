#include "multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char type[] = "multipart/form-data; boundary=B";
static struct arena arena;
static struct error error;
static struct multipart form;

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static enum status parse(const char *content_type, const char *body)
{
    return multipart_parse(content_type, body, strlen(body), &arena, &form, &error);
}

static void fields_and_files_are_read(void **state)
{
    (void)state;
    static const char body[] =
        "--B\r\nContent-Disposition: form-data; name=\"version\"\r\n\r\nv1\r\n"
        "--B\r\nContent-Type: application/octet-stream\r\n"
        "content-disposition: form-data; filename=\"a\\\"b;name=x.bin\"; name=user1.bin\r\n\r\n"
        "\x00\r\n--A\x00\r\n--B--\r\nepilogue";
    assert_int_equal(multipart_parse(type, body, sizeof body - 1, &arena, &form, &error), STATUS_OK);
    assert_int_equal(form.count, 2);
    const struct multipart_part *version = multipart_find(&form, "version");
    assert_non_null(version);
    assert_null(version->file_name);
    assert_int_equal(version->size, 2);
    assert_memory_equal(version->bytes, "v1", 2);
    const struct multipart_part *file = multipart_find(&form, "user1.bin");
    assert_non_null(file);
    assert_string_equal(file->file_name, "a\"b;name=x.bin");
    assert_int_equal(file->size, 7);
    assert_memory_equal(file->bytes, "\x00\r\n--A\x00", 7);
    assert_null(multipart_find(&form, "user2.bin"));
}

static void a_value_may_be_empty(void **state)
{
    (void)state;
    assert_int_equal(parse("multipart/form-data; charset=x; boundary=\"B\"",
                           "--B\r\nContent-Disposition: form-data; name=\"notes\"\r\n\r\n\r\n--B--"),
                     STATUS_OK);
    assert_int_equal(form.parts[0].size, 0);
}

static void no_part_at_all_is_a_form_too(void **state)
{
    (void)state;
    assert_int_equal(parse(type, "--B--\r\n"), STATUS_OK);
    assert_int_equal(form.count, 0);
}

#define PART(name) "--B\r\nContent-Disposition: form-data; name=" name "\r\n\r\nx\r\n"

static void broken_bodies_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body, *message;
    } cases[] = {
        {"multipart/form-data", "--B--", "boundary"},
        {"multipart/form-data; boundary=", "--B--", "boundary"},
        {type, "", "does not begin"},
        {type, "x--B--", "does not begin"},
        {type, "--B", "something else"},
        {type, "--Bx\r\n", "something else"},
        {type, "--B\r\n", "headers do not end"},
        {type, "--B\r\nContent-Disposition: form-data; name=a\r\n", "headers do not end"},
        {type, "--B\r\n\r\nx\r\n--B--", "without a name"},
        {type, "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", "without a name"},
        {type, "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx", "in the middle"},
        {type, PART("a"), "in the middle"},
        {type, PART("a") "--B", "closing"},
        {type, PART("a") PART("a") "--B--", "twice"},
        {type,
         PART("a") PART("b") PART("c") PART("d") PART("e") PART("f") PART("g") PART("h") PART("i") PART("j")
             PART("k") PART("l") PART("m") PART("n") PART("o") PART("p") PART("q") PART("r")
                 PART("s") "--B--",
         "more than 18"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&error, 0, sizeof error);
        enum status status = parse(cases[i].type, cases[i].body);
        if (status != STATUS_INVALID || strstr(error.message, cases[i].message) == NULL)
            fail_msg("case %zu gave %d: %s", i, (int)status, error.message);
    }
}

/* Every cut of a good body is refused and reads nothing outside it (the sanitizer watches). */
static void every_cut_is_refused(void **state)
{
    (void)state;
    static const char body[] = PART("a") PART("\"b\"") "--B--";
    for (size_t length = 0; length < sizeof body - 1; length++) {
        char *cut = calloc(1, length + 1);
        assert_non_null(cut);
        memcpy(cut, body, length);
        assert_int_equal(multipart_parse(type, cut, length, &arena, &form, &error), STATUS_INVALID);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(fields_and_files_are_read, tear_down),
        cmocka_unit_test_teardown(a_value_may_be_empty, tear_down),
        cmocka_unit_test_teardown(no_part_at_all_is_a_form_too, tear_down),
        cmocka_unit_test_teardown(broken_bodies_are_refused, tear_down),
        cmocka_unit_test_teardown(every_cut_is_refused, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
