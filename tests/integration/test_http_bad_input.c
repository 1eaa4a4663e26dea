/* What clients do wrong over HTTP, by mistake or on purpose: one clear answer, nothing changes, nothing is
 * left behind. */
#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>

#include "release_form.h"

#include "routes.h"

static int set_up_bad_input(void **state)
{
    struct rlimit descriptors;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
    if (descriptors.rlim_cur < 4096) { /* both ends of every connection are in this process */
        descriptors.rlim_cur = descriptors.rlim_max < 4096 ? descriptors.rlim_max : 4096;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &descriptors), 0);
    }
    set_up(state);
    http_server_stop(server);
    struct http_options options = options_of_test();
    struct error error;
    options.idle_seconds = 5;
    assert_int_equal(http_server_start(&options, &server, &error), STATUS_OK);
    make_catalogue();
    return 0;
}

/* Waits until a condition of the server's threads holds. */
static void wait_until(bool (*holds)(long long), long long value, const char *what)
{
    for (int i = 0; i < 1000 && !holds(value); i++)
        usleep(10000);
    if (!holds(value))
        fail_msg("still %s: %d", what, http_server_requests(server));
}

static bool requests_are(long long wanted)
{
    return http_server_requests(server) == wanted;
}

static void nothing_is_in_work(void)
{
    wait_until(requests_are, 0, "a request in work");
}

static size_t memory_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static bool memory_is_at_most(long long limit)
{
    return memory_in_use() <= (size_t)limit;
}

/* --- uploads ---------------------------------------------------------------------------------------- */

static long long stored(void)
{
    return count(
        "SELECT (SELECT count(*) FROM firmware) + (SELECT count(*) FROM image_bytes) + (SELECT count(*) FROM "
        "firmware_files)");
}

static void an_image_that_is_cut_off_is_refused(void **state)
{
    (void)state;
    unsigned char image[256];
    long long before = stored();
    size_t size = make_image(image, 2, 3);
    static const size_t left[] = {0, 1, 3, 4, 15, 16, 40, 80, 115};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        unsigned char first[256];
        begin("v1.4.0" PTYPE "(a)");
        file("user1.bin", first, make_image(first, 1, 3));
        file("user2.bin", image, left[i]);
        assert_true(left[i] < size);
        expect_error(upload(), 400, "invalid", "user2.bin");
    }
    assert_int_equal(stored(), before);
}

/* The head announces more than ever comes, and the connection is closed: as when a modem loses its link. */
static void an_upload_that_stops_half_way_leaves_nothing(void **state)
{
    (void)state;
    enum { SENT = 3 << 20, UPLOADS = 8 };
    int fds[UPLOADS];
    char head[512];
    char *body = calloc(1, SENT);
    long long before = stored();
    nothing_is_in_work();
    size_t memory = memory_in_use();
    int used = snprintf(head, sizeof head,
                        "POST /v1/firmware HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" FORM
                        "Content-Length: %d\r\n\r\n--BOUND\r\nContent-Disposition: form-data; "
                        "name=\"user1.bin\"; filename=\"x\"\r\n\r\n",
                        operator_, 2 * SENT);
    for (int i = 0; i < UPLOADS; i++) {
        fds[i] = dial();
        send_all(fds[i], head, (size_t)used);
        send_all(fds[i], body, SENT);
    }
    wait_until(requests_are, UPLOADS, "without the uploads");
    for (int i = 0; i < UPLOADS; i++)
        close(fds[i]);
    nothing_is_in_work();
    free(body);
    /* eight bodies of 3 MiB would be 24 */
    wait_until(memory_is_at_most, (long long)memory + (2 << 20), "with a body in memory");
    assert_int_equal(stored(), before);
    expect(get("/v1/firmware"), 200, "v1.1.0" PTYPE "(a)");
}

static size_t read_shared(const char *path, unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("%s is not there: skipped\n", path);
        skip();
    }
    size_t length = fread(bytes, 1, size, file);
    fclose(file);
    return length;
}

static void a_flipped_byte_of_a_real_image_is_refused(void **state)
{
    (void)state;
    static unsigned char first[1 << 20], second[1 << 20];
    size_t size1 = read_shared("../shared/images/at-sdk3.0.6/user1.bin", first, sizeof first);
    size_t size2 = read_shared("../shared/images/at-sdk3.0.6/user2.bin", second, sizeof second);
    long long before = stored();
    const size_t places[] = {0,         2,         3,        9, 13, 16, 1000, size2 / 2, size2 - 20000,
                             size2 - 5, size2 - 4, size2 - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        second[places[i]] ^= 0x40;
        begin("v1.4.0" PTYPE "(a)");
        file("user1.bin", first, size1);
        file("user2.bin", second, size2);
        struct reply reply = upload();
        assert_null(strstr(reply.body, "\"message\":\"\""));
        expect_error(reply, 400, "invalid", "user2.bin");
        second[places[i]] ^= 0x40;
    }
    assert_int_equal(stored(), before);
    begin("v1.4.0" PTYPE "(a)");
    file("user1.bin", first, size1);
    file("user2.bin", second, size2);
    expect(upload(), 201, "v1.4.0");
}

/* --- paths, ranges, heads --------------------------------------------------------------------------- */

/* The pattern with `segment` in the place of its {name}. */
static void fill_in(const char *pattern, const char *segment, char path[256])
{
    const char *open = strchr(pattern, '{');
    const char *close_ = strchr(pattern, '}');
    snprintf(path, 256, "%.*s%s%s", (int)(open - pattern), pattern, segment, close_ + 1);
}

static void a_path_leads_nowhere_else(void **state)
{
    (void)state;
    static const char *const segments[] = {"..",
                                           "%2e%2e",
                                           "..%2f..%2f..%2fetc%2fpasswd",
                                           "../../../etc/passwd",
                                           "%2e%2e/%2e%2e/etc/passwd",
                                           "..%5c..%5cetc",
                                           "....//",
                                           "%00",
                                           "..%00",
                                           "%2f%2fetc%2fpasswd"};
    char path[256];
    long long before = count("SELECT count(*) FROM audit");
    for (int i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        bool is_post = strcmp(route->method, "POST") == 0;
        if (strchr(route->pattern, '{') == NULL || strcmp(route->method, "HEAD") == 0)
            continue;
        for (size_t k = 0; k < sizeof segments / sizeof segments[0]; k++) {
            fill_in(route->pattern, segments[k], path);
            struct reply reply =
                request(route->method, path, admin, is_post ? "Content-Type: application/json\r\n" : "",
                        is_post ? "{}" : NULL, 2);
            if (reply.code < 400 || reply.code > 499)
                fail_msg("%s %s: %d %s", route->method, path, reply.code, reply.body);
            expect(reply, reply.code, "{\"error\":{\"code\":");
        }
    }
    /* and before, behind and in the middle of fixed paths */
    static const char *const paths[] = {"/../etc/passwd",
                                        "/v1/../../etc/passwd",
                                        "/%2e%2e/%2e%2e/etc/passwd",
                                        "/v1/images/../firmware/../../etc/passwd",
                                        "/healthz/..",
                                        "//etc/passwd"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        expect_error(request("GET", paths[i], admin, "", NULL, 0), 404, "not_found", "");
    assert_int_equal(count("SELECT count(*) FROM audit"), before);
}

static void what_is_not_utf8_is_refused_by_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *path, *field;
    } cases[] = {{"/v1/campaigns/%ff", "path"},         {"/v1/devices/a%c3", "path"},
                 {"/v1/firmware/%80", "path"},          {"/v1/campaigns/x/targets?state=%ff", "state"},
                 {"/v1/devices?tag=%ff", "tag"},        {"/v1/devices?limit=2&after=%c0%80", "after"},
                 {"/v1/devices?version=%ff", "version"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_error(request("GET", cases[i].path, admin, "", NULL, 0), 400, "invalid", cases[i].field);
    expect_error(request("GET", "/v1/devices/%c3%a9", admin, "", NULL, 0), 404, "not_found", "");
}

static void ranges_without_sense_give_the_whole_or_416(void **state)
{
    (void)state;
    unsigned char image[256];
    char path[128], line[128];
    size_t size = make_image(image, 1, 7);
    const struct {
        const char *range;
        int code;
        size_t first, length;
    } cases[] = {
        {"bytes=9-2", 200, 0, size},
        {"bytes=abc", 200, 0, size},
        {"bytes=", 200, 0, size},
        {"bytes=-", 200, 0, size},
        {"bytes=1-2-3", 200, 0, size},
        {"bytes=--5", 200, 0, size},
        {"bytes=-5-", 200, 0, size},
        {"bytes=+1-2", 200, 0, size},
        {"bytes=0x1-0x2", 200, 0, size},
        {"bytes=1.5-2", 200, 0, size},
        {"bytes=0-0,2-3", 200, 0, size},
        {"bytes=0-0, -1", 200, 0, size},
        {"elephants=0-1", 200, 0, size},
        {"0-1", 200, 0, size},
        {"bytes=0-18446744073709551616", 206, 0, size},
        {"bytes=1-99999999999999999999999999", 206, 1, size - 1},
        {"bytes=-18446744073709551617", 206, 0, size},
        {"bytes=116-", 416, 0, 0},
        {"bytes=-0", 416, 0, 0},
        {"bytes=18446744073709551615-", 416, 0, 0},
        {"bytes=18446744073709551616-", 416, 0, 0},
        {"bytes=18446744073709551616-18446744073709551617", 416, 0, 0},
    };
    char *sha = services_query(
        database, "SELECT i.sha256 FROM images i JOIN firmware f USING (firmware_id) WHERE slot = "
                  "1 AND version = 'v1.1.0" PTYPE "(a)'");
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    assert_int_equal(size, 116);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(line, sizeof line, "Range: %s\r\n", cases[i].range);
        struct reply reply = request("GET", path, viewer, line, NULL, 0);
        if (reply.code != cases[i].code)
            fail_msg("%s: %d", cases[i].range, reply.code);
        if (cases[i].code == 416) {
            expect_error(reply, 416, "invalid", "Range");
            continue;
        }
        assert_int_equal(reply.length, cases[i].length);
        assert_memory_equal(reply.body, image + cases[i].first, cases[i].length);
        free(reply.body);
    }
    free(sha);
}

/* Sends until the server answers; false when it closed without. */
static bool send_until_answered(int fd, const char *chunk, size_t length, size_t total, char *answer,
                                size_t size)
{
    size_t got = 0;
    struct pollfd wait = {.fd = fd, .events = POLLIN | POLLOUT};
    for (size_t sent = 0; sent < total;) {
        assert_true(poll(&wait, 1, 15000) > 0);
        if ((wait.revents & POLLIN) != 0)
            break;
        ssize_t more = send(fd, chunk, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (more <= 0)
            break;
        sent += (size_t)more;
    }
    for (ssize_t more; got + 1 < size && (more = recv(fd, answer + got, size - 1 - got, 0)) > 0;)
        got += (size_t)more;
    answer[got] = '\0';
    return got > 0;
}

static void ten_megabytes_of_head_are_refused(void **state)
{
    (void)state;
    static char chunk[1024], answer[4096];
    static const char *const starts[] = {"GET /v1/devices HTTP/1.1\r\nHost: x\r\n", "GET /",
                                         "GET /healthz HTTP/1.1\r\nX: "};
    int code = 0;
    nothing_is_in_work();
    size_t memory = memory_in_use();
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        memset(chunk, 'a', sizeof chunk);
        if (i == 0) { /* many lines; else one without end */
            for (size_t at = 0; at < sizeof chunk; at += 64)
                memcpy(chunk + at, "X-Y: 0\r\n", 8);
            for (size_t at = 62; at < sizeof chunk; at += 64)
                memcpy(chunk + at, "\r\n", 2);
        }
        int fd = dial();
        send_all(fd, starts[i], strlen(starts[i]));
        assert_true(send_until_answered(fd, chunk, sizeof chunk, 10 << 20, answer, sizeof answer));
        assert_int_equal(sscanf(answer, "HTTP/1.%*d %d", &code), 1);
        assert_in_range(code, 400, 499);
        close(fd);
    }
    nothing_is_in_work();
    wait_until(memory_is_at_most, (long long)memory + (1 << 20), "with the heads in memory");
    expect(request("GET", "/healthz", NULL, "", NULL, 0), 200, "ok");
}

/* Who calls is known only once the whole request is there: its body counts, and is not kept. */
static void bodies_of_strangers_take_no_memory(void **state)
{
    (void)state;
    enum { STRANGERS = 40, BODY = 250000 };
    static char body[BODY];
    static int strangers[STRANGERS];
    static const char head[] = "POST /v1/device/rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 250000\r\n\r\n";
    nothing_is_in_work();
    for (int i = 0; i < STRANGERS; i++) {
        strangers[i] = dial();
        send_all(strangers[i], head, sizeof head - 1);
    }
    wait_until(requests_are, STRANGERS, "without all the strangers");
    size_t memory = memory_in_use();
    for (int i = 0; i < STRANGERS; i++)
        send_all(strangers[i], body, BODY - 1);
    for (int i = 0; i < 100; i++) /* so that the server's threads have come by every connection, often */
        expect(request("GET", "/healthz", NULL, "", NULL, 0), 200, "ok");
    assert_true(memory_is_at_most((long long)memory + (1 << 20)));
    for (int i = 0; i < STRANGERS; i++)
        close(strangers[i]);
    nothing_is_in_work();
    expect_error(request("POST", "/v1/device/rpc", NULL, "", body, BODY), 401, "unauthenticated", "");
    expect_error(request("POST", "/v1/device/rpc", NULL, "", body, 0), 401, "unauthenticated", "");
}

/* --- devices ---------------------------------------------------------------------------------------- */

static void duplicate_ids_are_named(void **state)
{
    (void)state;
    expect(post("/v1/devices", operator_,
                "{\"devices\":[{\"id\":\"n1\",\"ptype\":45772},{\"id\":\"n2\",\"ptype\":45772},"
                "{\"id\":\"n1\",\"ptype\":45772}]}"),
           409, "\"field\":\"devices[2].id\"");
    expect_error(post("/v1/devices", operator_,
                      "{\"devices\":[{\"id\":\"n1\",\"ptype\":45772},{\"id\":\"d07\",\"ptype\":45772}]}"),
                 409, "conflict", "devices[1].id");
    expect_error(post("/v1/devices", operator_, "{\"devices\":[{\"id\":\"n\xff\",\"ptype\":45772}]}"), 400,
                 "invalid", "");
    assert_int_equal(count("SELECT count(*) FROM devices WHERE device_id LIKE 'n%'"), 0);
}

/* --- clients that stall ----------------------------------------------------------------------------- */

/* Asks for the image with a small window, more often than the socket's buffer can hold it, and reads nothing.
 */
static int stall(const char *path)
{
    char head[512];
    int small = 2048;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path,
             viewer);
    for (int i = 0; i < 8; i++)
        send_all(fd, head, strlen(head));
    return fd;
}

/* The server has two threads. */
static void three_hundred_stalled_clients_hold_no_thread(void **state)
{
    (void)state;
    enum { STALLED = 300, FIRST = 900000 };
    static unsigned char image[FIRST + 256];
    static int stalled[STALLED];
    char path[128];
    size_t size = make_image_of(image, 1, 5, FIRST);
    begin("v1.5.0" PTYPE "(a)");
    file("user1.bin", image, size);
    file("user2.bin", image, make_image_of(image, 2, 5, FIRST));
    expect(upload(), 201, "v1.5.0");
    char *sha = services_query(
        database, "SELECT i.sha256 FROM images i JOIN firmware f USING (firmware_id) WHERE slot = "
                  "2 AND version = 'v1.5.0" PTYPE "(a)'");
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    for (int i = 0; i < STALLED; i++)
        stalled[i] = stall(path);
    wait_until(requests_are, STALLED, "without all the stalled clients");
    struct reply reply = get(path);
    assert_int_equal(reply.code, 200);
    assert_int_equal(reply.length, size);
    assert_memory_equal(reply.body, image, size);
    free(reply.body);
    expect(get("/v1/devices?limit=1"), 200, "\"d00\"");
    wait_until(requests_are, STALLED, "with others than those that stalled all the while");
    for (int i = 0; i < STALLED; i++)
        close(stalled[i]);
    nothing_is_in_work();
    free(sha);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_that_is_cut_off_is_refused),
        cmocka_unit_test(an_upload_that_stops_half_way_leaves_nothing),
        cmocka_unit_test(a_flipped_byte_of_a_real_image_is_refused),
        cmocka_unit_test(a_path_leads_nowhere_else),
        cmocka_unit_test(what_is_not_utf8_is_refused_by_its_place),
        cmocka_unit_test(ranges_without_sense_give_the_whole_or_416),
        cmocka_unit_test(ten_megabytes_of_head_are_refused),
        cmocka_unit_test(bodies_of_strangers_take_no_memory),
        cmocka_unit_test(duplicate_ids_are_named),
        cmocka_unit_test(three_hundred_stalled_clients_hold_no_thread),
    };
    return cmocka_run_group_tests(tests, set_up_bad_input, tear_down);
}
