/* The HTTP server against a real PostgreSQL, spoken to byte by byte. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "image.h"
#include "image_cache.h"
#include "operate.h"
#include "server.h"
#include "services.h"
#include "tick.h"

/* --- the server under test --- */

static char database[256];
static char cache[200];
static struct http_server *server;
static atomic_bool is_ready = true;
static atomic_int wakes;
static char admin[65], operator_[65], viewer[65];
static const unsigned char secret[IMAGE_SECRET_SIZE] = "thirty-two bytes of test secret";

static bool ready(void *context, char *why, size_t why_size)
{
    (void)context;
    if (!atomic_load(&is_ready))
        snprintf(why, why_size, "the broker cannot be reached");
    return atomic_load(&is_ready);
}

static void wake(void *context)
{
    (void)context;
    atomic_fetch_add(&wakes, 1);
}

static char *gauges(void *context)
{
    (void)context;
    return strdup("{\"queue\": 3}");
}

static bool image_secret(void *context, unsigned char copy[IMAGE_SECRET_SIZE])
{
    (void)context;
    memcpy(copy, secret, IMAGE_SECRET_SIZE);
    return atomic_load(&is_ready);
}

static struct http_options options_of_test(void)
{
    struct http_options options = {.address = "127.0.0.1",
                                   .port = 0,
                                   .threads = 2,
                                   .database_url = database,
                                   .cache_directory = cache,
                                   .image_secret = image_secret,
                                   .ready = ready,
                                   .wake = wake,
                                   .gauges = gauges};
    return options;
}

static int set_up(void **state)
{
    struct error error = {0};
    (void)state;
    services_start();
    services_new_database(database);
    snprintf(cache, sizeof cache, "%s/image-cache", services_start()->directory);
    struct store *store = store_create(database, "test");
    assert_int_equal(operate_token_create(store, "root", ROLE_ADMIN, admin, &error), STATUS_OK);
    assert_int_equal(operate_token_create(store, "oscar", ROLE_OPERATOR, operator_, &error), STATUS_OK);
    assert_int_equal(operate_token_create(store, "vera", ROLE_VIEWER, viewer, &error), STATUS_OK);
    store_destroy(store);
    struct http_options options = options_of_test();
    if (http_server_start(&options, &server, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_server_stop(server);
    return 0;
}

/* --- a client --- */

struct reply {
    int code;
    char head[4096];
    char *body;
    size_t length;
};

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(server))};
    struct timeval patience = {.tv_sec = 15};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server may have answered and closed already */
        at += sent;
        length -= (size_t)sent;
    }
}

/* A header's value, or NULL. The text is static. */
static const char *header(const struct reply *reply, const char *name)
{
    static char value[512];
    size_t length = strlen(name);
    for (const char *line = strchr(reply->head, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        if (strncasecmp(line + 1, name, length) == 0 && line[1 + length] == ':') {
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 3, "\r"), line + length + 3);
            return value;
        }
    }
    return NULL;
}

/* Reads one answer; `head_only` when it has no body whatever its Content-Length says. */
static struct reply receive(int fd, bool head_only)
{
    struct reply reply = {0};
    size_t used = 0;
    while (strstr(reply.head, "\r\n\r\n") == NULL) {
        assert_true(used < sizeof reply.head - 1);
        if (recv(fd, reply.head + used, 1, 0) != 1)
            fail_msg("the connection ended after \"%s\"", reply.head);
        used++;
        if (strcmp(reply.head, "HTTP/1.1 100 Continue\r\n\r\n") == 0)
            memset(reply.head, 0, used), used = 0;
    }
    assert_int_equal(sscanf(reply.head, "HTTP/1.%*d %d", &reply.code), 1);
    const char *length = header(&reply, "Content-Length");
    if (length == NULL)
        assert_int_equal(reply.code, 304);
    reply.length = head_only || length == NULL ? 0 : strtoul(length, NULL, 10);
    reply.body = calloc(1, reply.length + 1);
    for (size_t got = 0; got < reply.length;) {
        ssize_t more = recv(fd, reply.body + got, reply.length - got, 0);
        assert_true(more > 0);
        got += (size_t)more;
    }
    return reply;
}

/* One request on a connection of its own. `headers` are lines that end with CRLF. */
static struct reply request(const char *method, const char *path, const char *token, const char *headers,
                            const void *body, size_t length)
{
    char head[2048];
    int fd = dial();
    int used = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: test\r\n%s%s%s%s", method, path,
                        token == NULL ? "" : "Authorization: Bearer ", token == NULL ? "" : token,
                        token == NULL ? "" : "\r\n", headers);
    if (body != NULL)
        used += snprintf(head + used, sizeof head - (size_t)used, "Content-Length: %zu\r\n", length);
    used += snprintf(head + used, sizeof head - (size_t)used, "\r\n");
    send_all(fd, head, (size_t)used);
    send_all(fd, body, body == NULL ? 0 : length);
    struct reply reply = receive(fd, strcmp(method, "HEAD") == 0);
    close(fd);
    return reply;
}

static struct reply get(const char *path)
{
    return request("GET", path, viewer, "", NULL, 0);
}

static struct reply post(const char *path, const char *token, const char *body)
{
    return request("POST", path, token, "Content-Type: application/json\r\n", body, strlen(body));
}

/* Checks code and a part of the body, and lets go of the answer. */
static void expect(struct reply reply, int code, const char *part)
{
    if (reply.code != code || strstr(reply.body, part) == NULL)
        fail_msg("wanted %d with %s\n got %d: %s", code, part, reply.code, reply.body);
    assert_string_equal(header(&reply, "Content-Type"), "application/json");
    free(reply.body);
}

static void expect_error(struct reply reply, int http, const char *code, const char *field)
{
    char part[128];
    snprintf(part, sizeof part, "{\"error\":{\"code\":\"%s\"", code);
    if (strncmp(reply.body, part, strlen(part)) != 0)
        fail_msg("wanted %s, got %d: %s", part, reply.code, reply.body);
    snprintf(part, sizeof part, "\"field\":\"%s\"", field);
    expect(reply, http, part);
}

/* --- images --- */

static void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

/* The smallest good image: one segment of 8 bytes. Its content depends on `seed`. */
static size_t make_image(unsigned char *bytes, int slot, unsigned char seed)
{
    enum { FIRST = 64 };
    memset(bytes, 0, 256);
    bytes[0] = 0xEA;
    bytes[1] = 4;
    bytes[3] = (unsigned char)slot;
    put_u32(bytes + 4, 0x40100004);
    put_u32(bytes + 12, FIRST);
    memset(bytes + 16, seed, FIRST);
    unsigned char *second = bytes + 16 + FIRST;
    second[0] = 0xE9;
    second[1] = 1;
    put_u32(second + 4, 0x40100004);
    put_u32(second + 8, 0x40100000);
    put_u32(second + 12, 8);
    memset(second + 16, seed, 7);
    second[31] =
        (unsigned char)(0xEF ^ seed); /* seven equal bytes leave one in the XOR; the eighth is zero */
    put_u32(second + 32, 0);
    uint32_t crc = image_crc32(bytes, 16 + FIRST + 32);
    put_u32(second + 32, (crc & 0x80000000U) != 0 ? ~crc : crc + 1);
    return 16 + FIRST + 36;
}

static size_t add_part(char *body, size_t used, const char *name, const char *extra, const void *bytes,
                       size_t length)
{
    used += (size_t)sprintf(body + used, "--BOUND\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n",
                            name, extra);
    memcpy(body + used, bytes, length);
    used += length;
    memcpy(body + used, "\r\n", 2);
    return used + 2;
}

static struct reply upload_as(const char *token, const char *version, unsigned char seed, int first_slot)
{
    static char body[8192];
    unsigned char image[256];
    size_t used = add_part(body, 0, "version", "", version, strlen(version));
    used = add_part(body, used, "notes", "", "from a test", 11);
    used = add_part(body, used, "user1.bin", "; filename=\"user1.bin\"", image,
                    make_image(image, first_slot, seed));
    used = add_part(body, used, "user2.bin", "; filename=\"user2.bin\"", image, make_image(image, 2, seed));
    memcpy(body + used, "--BOUND--\r\n", 11);
    return request("POST", "/v1/firmware", token, "Content-Type: multipart/form-data; boundary=BOUND\r\n",
                   body, used + 11);
}

static void make_catalogue(void)
{
    static bool made;
    if (made)
        return;
    made = true;
    expect(post("/v1/products", admin, "{\"products\":[{\"name\":\"lamp\",\"ptype\":45772}]}"), 201,
           "\"created\":1");
    char devices[4096] = "{\"devices\":[";
    for (int i = 0; i < 20; i++)
        sprintf(devices + strlen(devices),
                "%s{\"id\":\"d%02d\",\"ptype\":45772,\"version\":\"v1.0.0t45772(a)\",\"tags\":[\"%s\"]}",
                i == 0 ? "" : ",", i, i < 5 ? "lab" : "field");
    strcat(devices, "]}");
    expect(post("/v1/devices/", operator_, devices), 201, "\"registered\":20");
    expect(upload_as(operator_, "v1.1.0t45772(a)", 7, 1), 201, "\"version\" : \"v1.1.0t45772(a)\"");
}

static char *image_sha(void)
{
    return services_query(database, "SELECT sha256 FROM images WHERE slot = 1 LIMIT 1");
}

/* --- tests --- */

static void health_needs_no_token(void **state)
{
    (void)state;
    expect(request("GET", "/healthz", NULL, "", NULL, 0), 200, "{\"status\":\"ok\"}");
    expect(request("GET", "/readyz", NULL, "", NULL, 0), 200, "\"ready\"");
    atomic_store(&is_ready, false);
    expect(request("GET", "/readyz", NULL, "", NULL, 0), 503, "the broker cannot be reached");
    atomic_store(&is_ready, true);
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

static void images_need_a_right(void **state)
{
    (void)state;
    char url[IMAGE_URL_SIZE];
    char path[128];
    struct error error;
    make_catalogue();
    char *sha = image_sha();
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    expect_error(request("GET", path, NULL, "", NULL, 0), 401, "unauthenticated", "");
    struct reply reply = get(path);
    assert_int_equal(reply.code, 200);
    free(reply.body);
    assert_int_equal(image_url_sign(secret, "", sha, "d01", time(NULL) + 60, url, &error), STATUS_OK);
    reply = request("GET", url, NULL, "", NULL, 0);
    assert_int_equal(reply.code, 200);
    free(reply.body);
    url[strlen(url) - 1] ^= 1;
    expect_error(request("GET", url, NULL, "", NULL, 0), 403, "denied", "signature");
    assert_int_equal(image_url_sign(secret, "", sha, "d01", time(NULL) - 1, url, &error), STATUS_OK);
    expect_error(request("GET", url, NULL, "", NULL, 0), 403, "denied", "expires");
    /* a broken signature is refused even beside a good token */
    expect_error(request("GET", url, viewer, "", NULL, 0), 403, "denied", "expires");
    path[strlen(path) - 1] ^= 1;
    expect_error(get(path), 404, "not_found", "sha256");
    expect_error(get("/v1/images/x"), 404, "not_found", "sha256");
    free(sha);
}

static void images_are_served_whole_and_in_ranges(void **state)
{
    (void)state;
    unsigned char image[256];
    char path[128];
    char line[128];
    make_catalogue();
    size_t size = make_image(image, 1, 7);
    char *sha = image_sha();
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    const struct {
        const char *headers;
        int code;
        size_t first, length;
    } cases[] = {
        {"", 200, 0, size},
        {"Range: bytes=0-9\r\n", 206, 0, 10},
        {"Range: bytes=100-\r\n", 206, 100, size - 100},
        {"Range: bytes=-5\r\n", 206, size - 5, 5},
        {"Range: bytes=10-9999\r\n", 206, 10, size - 10},
        {"Range: bytes=0-1,3-4\r\n", 200, 0, size},
        {"Range: rubbish\r\n", 200, 0, size},
        {"Range: bytes=0-9\r\nIf-Range: \"other\"\r\n", 200, 0, size},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply reply = request("GET", path, viewer, cases[i].headers, NULL, 0);
        assert_int_equal(reply.code, cases[i].code);
        assert_int_equal(reply.length, cases[i].length);
        assert_memory_equal(reply.body, image + cases[i].first, cases[i].length);
        assert_string_equal(header(&reply, "Accept-Ranges"), "bytes");
        snprintf(line, sizeof line, "\"%s\"", sha);
        assert_string_equal(header(&reply, "ETag"), line);
        snprintf(line, sizeof line, "bytes %zu-%zu/%zu", cases[i].first, cases[i].first + cases[i].length - 1,
                 size);
        if (cases[i].code == 206)
            assert_string_equal(header(&reply, "Content-Range"), line);
        else
            assert_null(header(&reply, "Content-Range"));
        free(reply.body);
    }
    snprintf(line, sizeof line, "Range: bytes=0-9\r\nIf-Range: \"%s\"\r\n", sha);
    struct reply reply = request("GET", path, viewer, line, NULL, 0);
    assert_int_equal(reply.code, 206);
    free(reply.body);
    snprintf(line, sizeof line, "If-None-Match: \"%s\"\r\n", sha);
    reply = request("GET", path, viewer, line, NULL, 0);
    assert_int_equal(reply.code, 304);
    free(reply.body);
    reply = request("GET", path, viewer, "Range: bytes=5000-\r\n", NULL, 0);
    snprintf(line, sizeof line, "bytes */%zu", size);
    assert_string_equal(header(&reply, "Content-Range"), line);
    expect_error(reply, 416, "invalid", "Range");
    free(sha);
}

static void head_gives_the_length_and_no_body(void **state)
{
    (void)state;
    char path[128];
    char wanted[32];
    unsigned char image[256];
    make_catalogue();
    char *sha = image_sha();
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    snprintf(wanted, sizeof wanted, "%zu", make_image(image, 1, 7));
    /* and the connection stays usable: a body that should not be there would be read as the next answer */
    char head[512];
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        int used = snprintf(head, sizeof head,
                            "HEAD %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path, viewer);
        send_all(fd, head, (size_t)used);
        struct reply reply = receive(fd, true);
        assert_int_equal(reply.code, 200);
        assert_string_equal(header(&reply, "Content-Length"), wanted);
        free(reply.body);
    }
    close(fd);
    free(sha);
}

/* Devices speak HTTP/1.0: without keep-alive the connection ends after the answer. */
static void http_1_0_is_spoken(void **state)
{
    (void)state;
    char head[512];
    char rest;
    make_catalogue();
    char *sha = image_sha();
    int fd = dial();
    int used = snprintf(head, sizeof head, "GET /v1/images/%s HTTP/1.0\r\nAuthorization: Bearer %s\r\n\r\n",
                        sha, viewer);
    send_all(fd, head, (size_t)used);
    struct reply reply = receive(fd, false);
    assert_int_equal(reply.code, 200);
    assert_int_equal(recv(fd, &rest, 1, 0), 0);
    free(reply.body);
    close(fd);
    fd = dial();
    for (int i = 0; i < 2; i++) {
        used = snprintf(
            head, sizeof head,
            "GET /v1/images/%s HTTP/1.0\r\nConnection: Keep-Alive\r\nAuthorization: Bearer %s\r\n\r\n", sha,
            viewer);
        send_all(fd, head, (size_t)used);
        reply = receive(fd, false);
        assert_int_equal(reply.code, 200);
        free(reply.body);
    }
    close(fd);
    free(sha);
}

static void the_cache_is_filled_once_and_then_enough(void **state)
{
    (void)state;
    char path[400];
    struct stat found;
    make_catalogue();
    char *sha = image_sha();
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    struct reply reply = get(path);
    assert_int_equal(reply.code, 200);
    free(reply.body);
    snprintf(path, sizeof path, "%s/%s", cache, sha);
    assert_int_equal(stat(path, &found), 0);
    free(sha);
}

struct fetcher {
    pthread_t thread;
    struct image_cache *cache;
    const char *sha;
    int64_t size;
    bool fetched;
};

static void *fetch_image(void *context)
{
    struct fetcher *fetcher = context;
    struct error error;
    int fd = -1;
    struct store *store = store_create(database, "test");
    fetcher->fetched =
        image_cache_fetch(fetcher->cache, store, fetcher->sha, &fd, &fetcher->size, &error) == STATUS_OK;
    if (fd >= 0)
        close(fd);
    store_destroy(store);
    return NULL;
}

static int count_files(const char *path)
{
    int count = 0;
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

static void many_at_once_fill_the_cache_with_one_file(void **state)
{
    (void)state;
    char directory[256];
    struct fetcher fetchers[8] = {0};
    struct image_cache *images;
    struct error error;
    unsigned char image[256];
    make_catalogue();
    char *sha = image_sha();
    snprintf(directory, sizeof directory, "%s/another-cache", services_start()->directory);
    assert_int_equal(image_cache_open(directory, &images, &error), STATUS_OK);
    for (int i = 0; i < 8; i++) {
        fetchers[i].cache = images;
        fetchers[i].sha = sha;
        assert_int_equal(pthread_create(&fetchers[i].thread, NULL, fetch_image, &fetchers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(fetchers[i].thread, NULL);
        assert_true(fetchers[i].fetched);
        assert_int_equal(fetchers[i].size, make_image(image, 1, 7));
    }
    assert_int_equal(count_files(directory), 1);
    image_cache_close(images);
    free(sha);
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
    expect(request("GET", "/healthz", NULL, "", NULL, 0), 200, "ok");
    services_revive();
    expect(get("/v1/devices"), 200, "\"d00\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_needs_no_token),
        cmocka_unit_test(tokens_and_roles_are_checked),
        cmocka_unit_test(paths_and_methods_are_checked),
        cmocka_unit_test(bodies_are_checked),
        cmocka_unit_test(a_body_over_the_limit_is_refused_and_the_answer_arrives),
        cmocka_unit_test(products_are_created_all_or_none),
        cmocka_unit_test(devices_are_listed_page_by_page),
        cmocka_unit_test(firmware_is_uploaded_and_shown),
        cmocka_unit_test(bad_uploads_are_refused),
        cmocka_unit_test(images_need_a_right),
        cmocka_unit_test(images_are_served_whole_and_in_ranges),
        cmocka_unit_test(head_gives_the_length_and_no_body),
        cmocka_unit_test(http_1_0_is_spoken),
        cmocka_unit_test(the_cache_is_filled_once_and_then_enough),
        cmocka_unit_test(many_at_once_fill_the_cache_with_one_file),
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
