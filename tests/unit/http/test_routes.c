#include "routes.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "request.h"

static struct arena arena;
static const char *parameter, *allow;

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const struct http_route *find(const char *method, const char *path)
{
    return http_route_find(method, path, &arena, &parameter, &allow);
}

static void paths_are_matched(void **state)
{
    (void)state;
    assert_string_equal(find("GET", "/healthz")->pattern, "/healthz");
    assert_null(parameter);
    assert_string_equal(find("GET", "/v1/devices/")->pattern, "/v1/devices");
    assert_string_equal(find("GET", "/v1/devices/d-1")->pattern, "/v1/devices/{id}");
    assert_string_equal(parameter, "d-1");
    assert_string_equal(find("POST", "/v1/campaigns/june/pause/")->pattern, "/v1/campaigns/{name}/pause");
    assert_string_equal(parameter, "june");
    assert_int_equal(find("POST", "/v1/campaigns/june/rollback")->detail, CAMPAIGN_ROLLBACK);
    assert_int_equal(find("POST", "/v1/campaigns/june/start")->detail, CAMPAIGN_START);
    assert_string_equal(find("GET", "/v1/campaigns/june/targets")->pattern, "/v1/campaigns/{name}/targets");
    assert_string_equal(find("GET", "/v1/firmware/v1.1.0t45772(a)")->pattern, "/v1/firmware/{version}");
    assert_string_equal(parameter, "v1.1.0t45772(a)");
}

static void unknown_paths_are_not(void **state)
{
    (void)state;
    static const char *const paths[] = {"",
                                        "/",
                                        "/v1",
                                        "/healthzz",
                                        "/v1/devices//",
                                        "/v1//x",
                                        "/v1/devices/a/b",
                                        "//healthz",
                                        "/v1/campaigns/a/burn",
                                        "/V1/devices"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_null(find("GET", paths[i]));
        assert_null(allow);
    }
}

static void a_known_path_says_which_methods_it_has(void **state)
{
    (void)state;
    assert_null(find("DELETE", "/v1/devices"));
    assert_string_equal(allow, "GET, HEAD, POST");
    assert_null(find("GET", "/v1/campaigns/x/pause"));
    assert_string_equal(allow, "POST");
    assert_null(find("POST", "/v1/images/x"));
    assert_string_equal(allow, "GET, HEAD");
}

static void head_goes_where_get_goes(void **state)
{
    (void)state;
    assert_string_equal(find("HEAD", "/v1/devices")->method, "GET");
    assert_null(allow);
    assert_string_equal(find("HEAD", "/v1/images/x")->method, "HEAD");
    assert_null(find("HEAD", "/v1/campaigns/x/pause"));
}

static void every_write_needs_a_token_and_has_a_limit(void **state)
{
    (void)state;
    for (int i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        bool has_body = strcmp(route->method, "POST") == 0 || strcmp(route->method, "PATCH") == 0;
        bool reads = strcmp(route->method, "GET") == 0 || strcmp(route->method, "HEAD") == 0;
        assert_int_equal(has_body, route->body_limit > 0);
        assert_true(reads || route->access == ACCESS_OPERATOR || route->access == ACCESS_ADMIN ||
                    route->access == ACCESS_DEVICE);
        assert_true(strlen(route->description) > 5);
    }
}

/* docs/openapi.yaml has a fixed layout: paths at two spaces, methods at four, summaries at six. */
static int read_openapi(char seen[96][96], char summaries[96][96])
{
    char line[1024];
    char path[64] = "";
    int count = 0;
    bool inside = false;
    FILE *file = fopen("docs/openapi.yaml", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        size_t indent = strspn(line, " ");
        size_t length = strlen(line);
        if (indent == 0)
            inside = strcmp(line, "paths:") == 0;
        if (!inside || length == 0)
            continue;
        if (indent == 2 && line[2] == '/') {
            snprintf(path, sizeof path, "%.*s", (int)(length - 3), line + 2);
        } else if (indent == 4) {
            assert_in_range(count, 0, 95);
            snprintf(seen[count], sizeof seen[0], "%.*s %s", (int)(length - 5), line + 4, path);
            for (char *at = seen[count]; *at != ' '; at++)
                *at = (char)toupper((unsigned char)*at);
            count++;
        } else if (indent == 6 && strncmp(line + 6, "summary: ", 9) == 0) {
            snprintf(summaries[count - 1], sizeof summaries[0], "%.90s", line + 15);
        }
    }
    fclose(file);
    return count;
}

static void the_openapi_document_has_exactly_these_routes(void **state)
{
    (void)state;
    static char seen[96][96];
    static char summaries[96][96];
    int count = read_openapi(seen, summaries);
    for (int i = 0; i < http_route_count; i++) {
        char route[96];
        int at = 0;
        snprintf(route, sizeof route, "%s %s", http_routes[i].method, http_routes[i].pattern);
        while (at < count && strcmp(seen[at], route) != 0)
            at++;
        if (at == count)
            fail_msg("docs/openapi.yaml lacks %s", route);
        assert_string_equal(summaries[at], http_routes[i].description);
    }
    for (int i = 0; i < count; i++) {
        int at = 0;
        char route[96] = "";
        for (; at < http_route_count && strcmp(seen[i], route) != 0; at++)
            snprintf(route, sizeof route, "%s %s", http_routes[at].method, http_routes[at].pattern);
        if (strcmp(seen[i], route) != 0)
            fail_msg("docs/openapi.yaml has %s, which is not served", seen[i]);
    }
    assert_int_equal(count, http_route_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(paths_are_matched, tear_down),
        cmocka_unit_test_teardown(unknown_paths_are_not, tear_down),
        cmocka_unit_test_teardown(a_known_path_says_which_methods_it_has, tear_down),
        cmocka_unit_test_teardown(head_goes_where_get_goes, tear_down),
        cmocka_unit_test_teardown(every_write_needs_a_token_and_has_a_limit, tear_down),
        cmocka_unit_test_teardown(the_openapi_document_has_exactly_these_routes, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
