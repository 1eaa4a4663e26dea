/* The HTTP API against a real PostgreSQL, spoken to byte by byte. */
#include "http_fixture.h"

#include <pthread.h>

#include "tick.h"

static void health_needs_no_token(void **state)
{
    (void)state;
    expect(request("GET", "/healthz", NULL, "", NULL, 0), 200, "{\"status\":\"ok\"}");
    expect(request("GET", "/readyz", NULL, "", NULL, 0), 200,
           "{\"status\":\"ready\",\"clock_difference_seconds\":0.000}");
    atomic_store(&is_ready, false);
    struct reply reply = request("GET", "/readyz", NULL, "", NULL, 0);
    assert_null(strstr(reply.body, "10.1.2.3")); /* anybody may ask */
    expect(reply, 503, "the broker is not connected: try again");
    atomic_store(&is_ready, true);
}

/* Work goes by the database's clock: it is a warning, for who reads logs beside the database. */
static void readiness_says_how_far_the_clocks_are_apart(void **state)
{
    (void)state;
    static const struct {
        int milliseconds;
        const char *said;
    } cases[] = {
        {1000, "{\"status\":\"ready\",\"clock_difference_seconds\":1.000}"},
        {-1000, "{\"status\":\"ready\",\"clock_difference_seconds\":-1.000}"},
        {-7, "{\"status\":\"ready\",\"clock_difference_seconds\":-0.007}"},
        {1001, "{\"status\":\"ready\",\"clock_difference_seconds\":1.001,"
               "\"warning\":\"the host's clock is 1.001 s ahead of the database's\"}"},
        {-10800000, "{\"status\":\"ready\",\"clock_difference_seconds\":-10800.000,"
                    "\"warning\":\"the host's clock is 10800.000 s behind the database's\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        atomic_store(&host_is_ahead, cases[i].milliseconds);
        struct reply reply = request("GET", "/readyz", NULL, "", NULL, 0);
        assert_int_equal(reply.code, 200);
        assert_string_equal(reply.body, cases[i].said);
        free(reply.body);
    }
    atomic_store(&host_is_ahead, 0);
}

static void tokens_and_roles_are_checked(void **state)
{
    (void)state;
    struct reply reply = request("GET", "/v1/devices", NULL, "", NULL, 0);
    assert_string_equal(header(&reply, "WWW-Authenticate"), "Bearer");
    expect_error(reply, 401, "unauthenticated", "");
    expect_error(request("GET", "/v1/devices", "wrong", "", NULL, 0), 401, "unauthenticated",
                 "Authorization");
    expect_error(request("GET", "/v1/devices", NULL, "Authorization: Basic eDp5\r\n", NULL, 0), 401,
                 "unauthenticated", "");
    expect_error(post("/v1/products", operator_, "{\"products\":[{}]}"), 403, "denied", "");
    expect_error(post("/v1/devices", viewer, "{}"), 403, "denied", "");
    expect_error(upload_as(viewer, "v1.1.0t45772(a)", 1, 1), 403, "denied", "");
    expect_error(post("/v1/campaigns/x/pause", viewer, ""), 403, "denied", "");
    expect_error(post("/v1/devices", NULL, "{}"), 401, "unauthenticated", "");
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM products WHERE name <> 'lamp'"),
                     0);
}

static void paths_and_methods_are_checked(void **state)
{
    (void)state;
    expect_error(get("/v1/nothing"), 404, "not_found", "");
    expect_error(get("/"), 404, "not_found", "");
    struct reply reply = request("DELETE", "/v1/devices", admin, "", NULL, 0);
    assert_string_equal(header(&reply, "Allow"), "GET, HEAD, POST");
    expect_error(reply, 405, "invalid", "");
    expect_error(get("/v1/devices?colour=red"), 400, "invalid", "colour");
    expect_error(get("/v1/devices?limit=5&limit=6"), 400, "invalid", "limit");
    expect_error(get("/v1/devices?limit=0"), 400, "invalid", "limit");
    expect_error(get("/v1/devices?limit=1001"), 400, "invalid", "limit");
    expect_error(get("/v1/devices?ptype=x"), 400, "invalid", "ptype");
    expect_error(get("/v1/devices?version=v1"), 400, "invalid", "version");
    expect_error(get("/v1/audit?after=-1"), 400, "invalid", "after");
}

static void bodies_are_checked(void **state)
{
    (void)state;
    expect_error(request("POST", "/v1/devices", operator_, "Content-Type: text/plain\r\n", "{}", 2), 400,
                 "invalid", "Content-Type");
    expect_error(request("POST", "/v1/devices", operator_, "", "{}", 2), 400, "invalid", "Content-Type");
    expect(post("/v1/devices", operator_, "{\n  \"devices\": [}"), 400, "line 2, column 15");
    expect_error(post("/v1/devices", operator_, ""), 400, "invalid", "");
    expect_error(post("/v1/devices", operator_, "{\"devices\":[{\"id\":\"x y\",\"ptype\":1}]}"), 400,
                 "invalid", "devices[0].id");
    expect_error(post("/v1/devices", operator_, "{\"devices\":[{\"id\":\"x\",\"ptype\":99}]}"), 400,
                 "invalid", "devices[0].ptype");
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM devices WHERE device_id = 'x'"),
                     0);
}

static void a_body_over_the_limit_is_refused_and_the_answer_arrives(void **state)
{
    (void)state;
    size_t length = 400 * 1024;
    char *body = malloc(length);
    memset(body, ' ', length);
    expect_error(request("POST", "/v1/products", admin, "Content-Type: application/json\r\n", body, length),
                 413, "too_large", "");
    /* announced, and the client waits to be told to go on */
    int fd = dial();
    char head[512];
    int used = snprintf(
        head, sizeof head,
        "POST /v1/products HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nExpect: 100-continue\r\n"
        "Content-Type: application/json\r\nContent-Length: 999999999\r\n\r\n",
        admin);
    send_all(fd, head, (size_t)used);
    expect_error(receive(fd, false), 413, "too_large", "");
    close(fd);
    /* not announced */
    fd = dial();
    used = snprintf(head, sizeof head,
                    "POST /v1/products HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                    "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
                    admin, length);
    send_all(fd, head, (size_t)used);
    send_all(fd, body, length);
    send_all(fd, "\r\n0\r\n\r\n", 7);
    expect_error(receive(fd, false), 413, "too_large", "");
    close(fd);
    free(body);
}

static void products_are_created_all_or_none(void **state)
{
    (void)state;
    make_catalogue();
    expect_error(post("/v1/products", admin, "{\"products\":[{\"name\":\"new\"},{\"name\":\"lamp\"}]}"), 409,
                 "conflict", "products[1].name");
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM products WHERE name = 'new'"), 0);
    expect(get("/v1/products"), 200, "\"name\" : \"lamp\"");
}

static void devices_are_listed_page_by_page(void **state)
{
    (void)state;
    make_catalogue();
    expect(get("/v1/devices?limit=2"), 200, "\"next\" : \"d01\"");
    expect(get("/v1/devices?limit=2&after=d17"), 200, "\"next\" : null");
    expect(get("/v1/devices?limit=20"), 200, "\"next\" : null");
    struct reply reply = get("/v1/devices?limit=2&after=d01");
    assert_null(strstr(reply.body, "\"d01\""));
    assert_non_null(strstr(reply.body, "\"d02\""));
    expect(reply, 200, "\"next\" : \"d03\"");
    expect(get("/v1/devices?tag=lab&limit=5"), 200, "\"next\" : null");
    expect(get("/v1/devices?tag=none"), 200, "\"devices\" : []");
    expect(get("/v1/devices?version=v1.0.0t45772(a)&ptype=45772&limit=1"), 200, "\"d00\"");
    expect(get("/v1/devices?version=v1.0.0.t45772(a)&limit=1"), 200, "\"d00\""); /* the template's form */
    expect(get("/v1/devices/d07"), 200, "\"tags\" : [\"field\"]");
    expect_error(get("/v1/devices/nobody"), 404, "not_found", "");
}

static void firmware_is_uploaded_and_shown(void **state)
{
    (void)state;
    make_catalogue();
    expect(get("/v1/firmware"), 200, "\"notes\" : \"from a test\"");
    expect(get("/v1/firmware/v1.1.0t45772%28a%29"), 200, "\"ptype\" : 45772");
    expect_error(get("/v1/firmware/v9.9.9t45772(a)"), 404, "not_found", "");
    expect_error(get("/v1/firmware/rubbish"), 404, "not_found", "");
    expect(upload_as(operator_, "v1.1.0t45772(o)", 9, 1), 409, "\"conflict\"");
}

static void bad_uploads_are_refused(void **state)
{
    static const char form[] = "Content-Type: multipart/form-data; boundary=B\r\n";
    const struct {
        const char *headers, *body, *field;
    } cases[] = {
        {"Content-Type: application/json\r\n", "{}", "Content-Type"},
        {"Content-Type: multipart/form-data\r\n", "--B--", "Content-Type"},
        {form, "nonsense", ""},
        {form, "", ""},
        {form, "--B--", "version"},
        {form, "--B\r\nContent-Disposition: form-data; name=\"colour\"\r\n\r\nred\r\n--B--", "colour"},
        {form, "--B\r\nContent-Disposition: form-data; name=version\r\n\r\nv1.2.0t45772(a)\r\n--B--",
         "user1.bin"},
        {form, "--B\r\nContent-Disposition: form-data; name=version; filename=x\r\n\r\nv1\r\n--B--",
         "version"},
    };
    (void)state;
    make_catalogue();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_error(request("POST", "/v1/firmware", operator_, cases[i].headers, cases[i].body,
                             strlen(cases[i].body)),
                     400, "invalid", cases[i].field);
    expect(upload_as(operator_, "not a version", 7, 1), 400, "\"invalid\"");
    expect(upload_as(operator_, "v1.3.0t45772(a)", 7, 2), 400,
           "user1.bin"); /* an image of slot 2 as user1.bin */
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM firmware"), 1);
}

#define CAMPAIGN(name)                                                                                       \
    "{\"name\":\"" name "\",\"firmware\":\"v1.1.0t45772(a)\",\"from\":\"<v1.1.0\","                          \
    "\"policy\":{\"name\":\"p\",\"waves\":[{\"name\":\"canary\",\"size\":{\"count\":5}},{\"name\":\"wide\"," \
    "\"size\":{\"rest\":true}}]}}"

static void ignore_message(void *context, const char *topic, const char *payload)
{
    (void)context;
    (void)topic;
    (void)payload;
}

/* What the daemon's ticker does: here, the planning of a campaign just started. All devices are offline. */
static void run_ticker(void)
{
    struct engine engine = {.publisher = {.publish = ignore_message}, .public_url = "http://test"};
    struct error error = {0};
    bool more = true;
    struct store *store = store_create(database, "test");
    while (more) {
        if (tick(&engine, store, &more, &error) != STATUS_OK)
            fail_msg("%s", error.message);
    }
    store_destroy(store);
}

static void a_campaign_is_created_commanded_and_shown(void **state)
{
    (void)state;
    make_catalogue();
    expect(post("/v1/campaigns", operator_, CAMPAIGN("june")), 201, "\"state\" : \"draft\"");
    expect_error(post("/v1/campaigns", operator_, CAMPAIGN("june")), 409, "conflict", "name");
    int before = atomic_load(&wakes);
    expect(post("/v1/campaigns/june/start", operator_, ""), 200, "\"changed\":true");
    assert_int_equal(atomic_load(&wakes), before + 1);
    expect(post("/v1/campaigns/june/start/", operator_, "{}"), 200, "\"changed\":false");
    run_ticker();
    struct reply reply = get("/v1/campaigns/june");
    assert_non_null(strstr(reply.body, "\"members\" : 20"));
    assert_non_null(strstr(reply.body, "\"name\" : \"canary\""));
    assert_non_null(strstr(reply.body, "\"in_flight_cap\" : 100"));
    assert_non_null(strstr(reply.body, "\"rate_per_minute\" : 600"));
    expect(reply, 200, "\"state\" : \"running\"");
    expect(get("/v1/campaigns"), 200, "\"pending\" : 20");
    expect(get("/v1/campaigns/june/targets?limit=20"), 200, "\"next\" : null");
    expect(get("/v1/campaigns/june/targets?wave=0&state=pending&limit=4"), 200, "\"wave_name\" : \"canary\"");
    expect(get("/v1/campaigns/june/targets?state=confirmed"), 200, "\"targets\" : []");
    expect_error(get("/v1/campaigns/june/targets?state=happy"), 400, "invalid", "state");
    expect_error(get("/v1/campaigns/nobody/targets"), 404, "not_found", "");
    expect(post("/v1/campaigns/june/pause", operator_, "{\"reason\":\"lunch\"}"), 200,
           "\"state\":\"paused\"");
    expect(get("/v1/audit?limit=1"), 200, "\"reason\" : \"lunch\"");
    expect(post("/v1/campaigns/june/cancel", operator_, ""), 200, "\"cancelled\"");
    expect_error(post("/v1/campaigns/june/resume", operator_, ""), 409, "conflict", "campaign");
}

static void bad_campaigns_are_refused(void **state)
{
    (void)state;
    make_catalogue();
    expect_error(get("/v1/campaigns/nobody"), 404, "not_found", "");
    expect(post("/v1/campaigns/nobody/start", operator_, ""), 404, "\"not_found\"");
    expect_error(post("/v1/campaigns", operator_,
                      "{\"name\":\"x\",\"firmware\":\"v9.0.0t45772(a)\",\"policy\":{\"name\":\"p\"}}"),
                 404, "not_found", "firmware");
    expect_error(post("/v1/campaigns", operator_,
                      "{\"name\":\"x\",\"firmware\":\"v1.1.0t45772(a)\",\"policy\":{\"name\":\"p\",\"in_"
                      "flight\":\"many\"}}"),
                 400, "invalid", "policy.in_flight");
    expect_error(
        post(
            "/v1/campaigns", operator_,
            "{\"name\":\"x\",\"firmware\":\"v1.1.0t45772(a)\",\"from\":\"<<1\",\"policy\":{\"name\":\"p\"}}"),
        400, "invalid", "from");
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM campaigns WHERE name = 'x'"), 0);
}

static void the_fleet_is_summed_up(void **state)
{
    (void)state;
    make_catalogue();
    struct reply reply = get("/v1/fleet/status");
    assert_non_null(strstr(reply.body, "\"not_json\" : 0"));
    assert_non_null(strstr(reply.body, "\"orchestrator\" : {\"queue\": 3}"));
    expect(reply, 200, "\"devices\" : 20");
}

static void a_slow_client_holds_no_thread(void **state)
{
    (void)state;
    int slow[32];
    for (int i = 0; i < 32; i++) {
        slow[i] = dial();
        send_all(slow[i], "GET /healthz HTTP/1.1\r\nHos", 26);
    }
    expect(request("GET", "/healthz", NULL, "", NULL, 0), 200, "ok");
    for (int i = 0; i < 32; i++)
        close(slow[i]);
}

static void *stop_server(void *context)
{
    http_server_stop(context);
    return NULL;
}

/* A request whose body is still on its way when the server is told to stop is answered all the same. */
static void a_stop_lets_requests_end(void **state)
{
    (void)state;
    struct http_server *first = server;
    struct error error;
    char head[512];
    pthread_t stopper;
    struct http_options options = options_of_test();
    assert_int_equal(http_server_start(&options, &server, &error), STATUS_OK);
    int fd = dial();
    int used = snprintf(head, sizeof head,
                        "POST /v1/campaigns/nobody/pause HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{",
                        operator_);
    send_all(fd, head, (size_t)used);
    usleep(200000);
    assert_int_equal(pthread_create(&stopper, NULL, stop_server, server), 0);
    usleep(200000);
    send_all(fd, "}", 1);
    expect(receive(fd, false), 404, "\"not_found\"");
    pthread_join(stopper, NULL);
    close(fd);
    server = first;
}

static void a_taken_port_is_named(void **state)
{
    (void)state;
    struct http_server *second;
    struct error error = {0};
    char port[16];
    struct http_options options = options_of_test();
    options.port = http_server_port(server);
    snprintf(port, sizeof port, "port %d", options.port);
    assert_int_equal(http_server_start(&options, &second, &error), STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "127.0.0.1"));
    assert_non_null(strstr(error.message, port));
    assert_null(second);
    options.address = "no such host";
    assert_int_equal(http_server_start(&options, &second, &error), STATUS_INVALID);
}

/* Last: the database goes away and comes back. */
static void without_a_database_the_answer_is_503(void **state)
{
    (void)state;
    make_catalogue();
    services_kill("postgres");
    struct reply reply = get("/v1/devices");
    for (int i = 0; i < 100 && reply.code == 200;
         i++) { /* its backends outlive the postmaster for a moment */
        free(reply.body);
        usleep(50000);
        reply = get("/v1/devices");
    }
    assert_non_null(header(&reply, "Retry-After"));
    expect_error(reply, 503, "unavailable", "");
    /* Where the database is and who we are there is nobody's business: no token was checked. */
    reply = request("GET", "/v1/devices", "any word", "", NULL, 0);
    assert_null(strstr(reply.body, "PostgreSQL"));
    assert_null(strstr(reply.body, "connect"));
    assert_null(strstr(reply.body, "statement"));
    expect(reply, 503, "\"the database is not available: try again\"");
    expect(request("GET", "/healthz", NULL, "", NULL, 0), 200, "ok");
    services_revive();
    expect(get("/v1/devices"), 200, "\"d00\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_needs_no_token),
        cmocka_unit_test(readiness_says_how_far_the_clocks_are_apart),
        cmocka_unit_test(tokens_and_roles_are_checked),
        cmocka_unit_test(paths_and_methods_are_checked),
        cmocka_unit_test(bodies_are_checked),
        cmocka_unit_test(a_body_over_the_limit_is_refused_and_the_answer_arrives),
        cmocka_unit_test(products_are_created_all_or_none),
        cmocka_unit_test(devices_are_listed_page_by_page),
        cmocka_unit_test(firmware_is_uploaded_and_shown),
        cmocka_unit_test(bad_uploads_are_refused),
        cmocka_unit_test(a_campaign_is_created_commanded_and_shown),
        cmocka_unit_test(bad_campaigns_are_refused),
        cmocka_unit_test(the_fleet_is_summed_up),
        cmocka_unit_test(a_slow_client_holds_no_thread),
        cmocka_unit_test(a_stop_lets_requests_end),
        cmocka_unit_test(a_taken_port_is_named),
        cmocka_unit_test(without_a_database_the_answer_is_503),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
