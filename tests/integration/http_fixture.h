/* For tests of the HTTP server: the server on a fresh database, a client that speaks byte by byte, and a
 * catalogue of one product, 20 devices and one firmware. */
#ifndef INTEGRATION_HTTP_FIXTURE_H
#define INTEGRATION_HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <netinet/in.h>
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
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "image.h"
#include "operate.h"
#include "server.h"
#include "services.h"

/* --- the server under test -------------------------------------------------------------------------- */

static char database[256];
static char cache[200];
static struct http_server *server;
static atomic_bool is_ready = true;
static atomic_int wakes;
static char admin[65], operator_[65], viewer[65];
static const unsigned char secret[IMAGE_SECRET_SIZE] = "thirty-two bytes of test secret";

static inline bool ready(void *context, char *why, size_t why_size)
{
    (void)context;
    if (!atomic_load(&is_ready))
        snprintf(why, why_size, "broker: not connected to 10.1.2.3:1883");
    return atomic_load(&is_ready);
}

static inline void wake(void *context)
{
    (void)context;
    atomic_fetch_add(&wakes, 1);
}

static inline char *gauges(void *context)
{
    (void)context;
    return strdup("{\"queue\": 3}");
}

static inline bool image_secret(void *context, unsigned char copy[IMAGE_SECRET_SIZE])
{
    (void)context;
    memcpy(copy, secret, IMAGE_SECRET_SIZE);
    return atomic_load(&is_ready);
}

/* How far the host's clock is ahead of the database's, in milliseconds. */
static atomic_llong host_is_ahead;
static atomic_bool is_time_known = true;

static inline bool now(void *context, int64_t *milliseconds, int64_t *ahead)
{
    (void)context;
    struct timespec host;
    clock_gettime(CLOCK_REALTIME, &host);
    *ahead = atomic_load(&host_is_ahead);
    *milliseconds = (int64_t)host.tv_sec * 1000 + host.tv_nsec / 1000000 - *ahead;
    return atomic_load(&is_time_known);
}

static inline struct http_options options_of_test(void)
{
    struct http_options options = {.address = "127.0.0.1",
                                   .port = 0,
                                   .threads = 2,
                                   .database_url = database,
                                   .cache_directory = cache,
                                   .image_secret = image_secret,
                                   .now = now,
                                   .ready = ready,
                                   .wake = wake,
                                   .gauges = gauges};
    return options;
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    (void)state;
    http_server_stop(server);
    return 0;
}

/* --- a client --------------------------------------------------------------------------------------- */

struct reply {
    int code;
    char head[4096];
    char *body;
    size_t length;
};

static inline int dial(void)
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

static inline void send_all(int fd, const void *bytes, size_t length)
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

/* A header's value, or NULL. The text is static, for each thread. */
static inline const char *header(const struct reply *reply, const char *name)
{
    static _Thread_local char value[512];
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
static inline struct reply receive(int fd, bool head_only)
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
static inline struct reply request(const char *method, const char *path, const char *token,
                                   const char *headers, const void *body, size_t length)
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

static inline struct reply get(const char *path)
{
    return request("GET", path, viewer, "", NULL, 0);
}

static inline struct reply post(const char *path, const char *token, const char *body)
{
    return request("POST", path, token, "Content-Type: application/json\r\n", body, strlen(body));
}

/* Checks code and a part of the body, and lets go of the answer. */
static inline void expect(struct reply reply, int code, const char *part)
{
    if (reply.code != code || strstr(reply.body, part) == NULL)
        fail_msg("wanted %d with %s\n got %d: %s", code, part, reply.code, reply.body);
    assert_string_equal(header(&reply, "Content-Type"), "application/json");
    free(reply.body);
}

static inline void expect_error(struct reply reply, int http, const char *code, const char *field)
{
    char part[128];
    snprintf(part, sizeof part, "{\"error\":{\"code\":\"%s\"", code);
    if (strncmp(reply.body, part, strlen(part)) != 0)
        fail_msg("wanted %s, got %d: %s", part, reply.code, reply.body);
    snprintf(part, sizeof part, "\"field\":\"%s\"", field);
    expect(reply, http, part);
}

/* --- images ----------------------------------------------------------------------------------------- */

static inline void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

/* A good image: `first` bytes in the first part, one segment of 8 bytes. Its content depends on `seed`. */
static inline size_t make_image_of(unsigned char *bytes, int slot, unsigned char seed, size_t first)
{
    memset(bytes, 0, first + 52);
    bytes[0] = 0xEA;
    bytes[1] = 4;
    bytes[3] = (unsigned char)slot;
    put_u32(bytes + 4, 0x40100004);
    put_u32(bytes + 12, (uint32_t)first);
    memset(bytes + 16, seed, first);
    unsigned char *second = bytes + 16 + first;
    second[0] = 0xE9;
    second[1] = 1;
    put_u32(second + 4, 0x40100004);
    put_u32(second + 8, 0x40100000);
    put_u32(second + 12, 8);
    memset(second + 16, seed, 7);
    second[31] =
        (unsigned char)(0xEF ^ seed); /* seven equal bytes leave one in the XOR; the eighth is zero */
    put_u32(second + 32, 0);
    uint32_t crc = image_crc32(bytes, 16 + first + 32);
    put_u32(second + 32, (crc & 0x80000000U) != 0 ? ~crc : crc + 1);
    return 16 + first + 36;
}

/* The smallest one. */
static inline size_t make_image(unsigned char *bytes, int slot, unsigned char seed)
{
    return make_image_of(bytes, slot, seed, 64);
}

static inline size_t add_part(char *body, size_t used, const char *name, const char *extra, const void *bytes,
                              size_t length)
{
    used += (size_t)snprintf(body + used, 512,
                             "--BOUND\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n", name, extra);
    memcpy(body + used, bytes, length);
    used += length;
    memcpy(body + used, "\r\n", 2);
    return used + 2;
}

static inline struct reply upload_as(const char *token, const char *version, unsigned char seed,
                                     int first_slot)
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

static inline void make_catalogue(void)
{
    static bool made;
    if (made)
        return;
    made = true;
    expect(post("/v1/products", admin, "{\"products\":[{\"name\":\"lamp\",\"ptype\":45772}]}"), 201,
           "\"created\":1");
    char devices[4096];
    size_t used = (size_t)snprintf(devices, sizeof devices, "{\"devices\":[");
    for (int i = 0; i < 20; i++)
        used += (size_t)snprintf(
            devices + used, sizeof devices - used,
            "%s{\"id\":\"d%02d\",\"ptype\":45772,\"version\":\"v1.0.0t45772(a)\",\"tags\":[\"%s\"]}",
            i == 0 ? "" : ",", i, i < 5 ? "lab" : "field");
    snprintf(devices + used, sizeof devices - used, "]}");
    expect(post("/v1/devices/", operator_, devices), 201, "\"registered\":20");
    expect(upload_as(operator_, "v1.1.0t45772(a)", 7, 1), 201, "\"version\" : \"v1.1.0t45772(a)\"");
}

#endif
