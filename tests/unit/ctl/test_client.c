/* The HTTP client against a server of this test, which answers what the test has written down. */
#include "client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_script.h"

static struct error error;

static void requests_carry_token_and_body(void **state)
{
    (void)state;
    static const char *const answers[] = {"200 {\"x\":1}", "201 {}", NULL};
    struct script script;
    json_t *document;
    start(&script, answers);
    struct client *client = client_create(script.url, "secret");
    assert_int_equal(client_request(client, "GET", "/v1/a", NULL, &document, &error), STATUS_OK);
    assert_int_equal(json_integer_value(json_object_get(document, "x")), 1);
    json_decref(document);
    json_t *body = json_pack("{ss}", "reason", "because");
    assert_int_equal(client_request(client, "POST", "/v1/b", body, &document, &error), STATUS_OK);
    json_decref(document);
    json_decref(body);
    client_destroy(client);
    stop(&script);
    assert_int_equal(strncmp(script.requests[0], "GET /v1/a HTTP/1.1\r\n", 20), 0);
    assert_non_null(strstr(script.requests[0], "\r\nAuthorization: Bearer secret\r\n"));
    assert_int_equal(strncmp(script.requests[1], "POST /v1/b HTTP/1.1\r\n", 21), 0);
    assert_non_null(strstr(script.requests[1], "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(script.requests[1], "\r\n\r\n{\"reason\":\"because\"}"));
}

static void errors_of_the_server_become_errors(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "409 {\"error\":{\"code\":\"conflict\",\"message\":\"taken\",\"field\":\"name\"}}",
        "503 {\"error\":{\"code\":\"unavailable\",\"message\":\"no database\",\"field\":\"\"}}", "404 <html>",
        "200 rubbish", NULL};
    struct script script;
    json_t *document;
    start(&script, answers);
    struct client *client = client_create(script.url, NULL);
    assert_int_equal(client_request(client, "GET", "/", NULL, &document, &error), STATUS_CONFLICT);
    assert_string_equal(error.field, "name");
    assert_string_equal(error.message, "taken");
    assert_int_equal(client_request(client, "GET", "/", NULL, &document, &error), STATUS_UNAVAILABLE);
    assert_false(client_unreachable(client)); /* it has answered */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(client_request(client, "GET", "/", NULL, &document, &error), STATUS_INTERNAL);
        assert_non_null(strstr(error.message, "not as an orchestrator would"));
        assert_null(document);
    }
    client_destroy(client);
    stop(&script);
}

static void no_answer_is_unreachable(void **state)
{
    (void)state;
    static const char *const answers[] = {"", NULL};
    struct script script;
    json_t *document;
    start(&script, answers);
    struct client *client = client_create(script.url, NULL);
    assert_int_equal(client_request(client, "GET", "/", NULL, &document, &error), STATUS_UNAVAILABLE);
    assert_true(client_unreachable(client));
    stop(&script);
    assert_int_equal(client_request(client, "GET", "/", NULL, &document, &error), STATUS_UNAVAILABLE);
    assert_true(client_unreachable(client));
    assert_non_null(strstr(error.message, "cannot reach the orchestrator at http://127.0.0.1"));
    client_destroy(client);
}

static void lists_are_read_to_their_end(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "200 {\"items\":[1,2],\"next\":\"b&c\"}", "200 {\"items\":[3],\"next\":null}",
        "200 {\"items\":[1,2],\"next\":\"x\"}", "200 {\"items\":[3],\"next\":\"y\"}", NULL};
    struct script script;
    json_t *document;
    start(&script, answers);
    struct client *client = client_create(script.url, NULL);
    assert_int_equal(client_list(client, "/l?tag=t", "items", 0, &document, &error), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(document, "items")), 3);
    assert_true(json_is_null(json_object_get(document, "next")));
    json_decref(document);
    assert_int_equal(client_list(client, "/l", "items", 3, &document, &error), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(document, "items")), 3);
    assert_string_equal(json_string_value(json_object_get(document, "next")), "y");
    json_decref(document);
    client_destroy(client);
    stop(&script);
    assert_non_null(strstr(script.requests[0], "GET /l?tag=t&limit=1000 "));
    assert_non_null(strstr(script.requests[1], "GET /l?tag=t&limit=1000&after=b%26c "));
    assert_non_null(strstr(script.requests[2], "GET /l?limit=3 "));
    assert_non_null(strstr(script.requests[3], "GET /l?limit=1&after=x "));
}

static void bytes_are_downloaded_as_they_are(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "200 not JSON", "404 {\"error\":{\"code\":\"not_found\",\"message\":\"no image\",\"field\":\"\"}}",
        NULL};
    struct script script;
    unsigned char *bytes;
    size_t size;
    start(&script, answers);
    struct client *client = client_create(script.url, "secret");
    assert_int_equal(client_download(client, "/v1/images/x", &bytes, &size, &error), STATUS_OK);
    assert_int_equal(size, 8);
    assert_memory_equal(bytes, "not JSON", 8);
    free(bytes);
    assert_int_equal(client_download(client, "/v1/images/x", &bytes, &size, &error), STATUS_NOT_FOUND);
    assert_string_equal(error.message, "no image");
    assert_null(bytes);
    client_destroy(client);
    stop(&script);
    assert_non_null(strstr(script.requests[0], "\r\nAuthorization: Bearer secret\r\n"));
}

static void a_file_that_is_not_there_is_said_before_anything_is_sent(void **state)
{
    (void)state;
    json_t *document;
    struct client_form_part parts[] = {{.name = "version", .text = "v"},
                                       {.name = "user1.bin", .file_path = "/nonexistent/user1.bin"}};
    struct client *client = client_create("http://127.0.0.1:1", NULL);
    assert_int_equal(client_upload(client, "/v1/firmware", parts, 2, &document, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "/nonexistent/user1.bin"));
    client_destroy(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_carry_token_and_body),
        cmocka_unit_test(errors_of_the_server_become_errors),
        cmocka_unit_test(no_answer_is_unreachable),
        cmocka_unit_test(lists_are_read_to_their_end),
        cmocka_unit_test(bytes_are_downloaded_as_they_are),
        cmocka_unit_test(a_file_that_is_not_there_is_said_before_anything_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
