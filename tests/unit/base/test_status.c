/* Status and error values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "status.h"

static void an_error_says_what_and_where(void **state)
{
    (void)state;
    struct error error;
    memset(&error, 'x', sizeof error);
    assert_int_equal(error_set(&error, STATUS_INVALID, "waves[0]", "%d is too many", 7), STATUS_INVALID);
    assert_int_equal(error.status, STATUS_INVALID);
    assert_string_equal(error.field, "waves[0]");
    assert_string_equal(error.message, "7 is too many");
    assert_string_equal(error.sqlstate, "");
    assert_int_equal(error_set(&error, STATUS_CONFLICT, NULL, "no place"), STATUS_CONFLICT);
    assert_string_equal(error.field, "");
}

static void nobody_need_listen(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, STATUS_DENIED, "field", "message"), STATUS_DENIED);
}

static void context_goes_before_the_message(void **state)
{
    (void)state;
    struct error error;
    error_set(&error, STATUS_NOT_FOUND, "name", "no such file");
    assert_int_equal(error_context(&error, "policy %s", "a.json"), STATUS_NOT_FOUND);
    assert_string_equal(error.message, "policy a.json: no such file");
    assert_string_equal(error.field, "name");
}

static void long_texts_are_cut_and_ended(void **state)
{
    (void)state;
    char text[2000];
    struct error error;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&error, STATUS_INTERNAL, text, "%s", text);
    assert_int_equal(strlen(error.field), sizeof error.field - 1);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    error_context(&error, "%s", text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    error_set(&error, STATUS_INTERNAL, NULL, "%s", text);
    error_context(&error, "%.510s", text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    assert_int_equal(error.message[510], ':');
}

static void every_status_has_its_code_and_http_status(void **state)
{
    (void)state;
    static const struct {
        enum status status;
        const char *code;
        int http;
    } wanted[] = {{STATUS_OK, "ok", 200},
                  {STATUS_INVALID, "invalid", 400},
                  {STATUS_UNAUTHENTICATED, "unauthenticated", 401},
                  {STATUS_DENIED, "denied", 403},
                  {STATUS_NOT_FOUND, "not_found", 404},
                  {STATUS_CONFLICT, "conflict", 409},
                  {STATUS_TOO_LARGE, "too_large", 413},
                  {STATUS_TIMEOUT, "timeout", 504},
                  {STATUS_UNAVAILABLE, "unavailable", 503},
                  {STATUS_INTERNAL, "internal", 500}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_int_equal(wanted[i].status, i);
        assert_string_equal(status_code(wanted[i].status), wanted[i].code);
        assert_int_equal(status_http(wanted[i].status), wanted[i].http);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_what_and_where),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(context_goes_before_the_message),
        cmocka_unit_test(long_texts_are_cut_and_ended),
        cmocka_unit_test(every_status_has_its_code_and_http_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
