#include "server.h"

#include <ctype.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "image_answers.h"
#include "listen.h"
#include "log.h"
#include "request.h"
#include "routes.h"

enum {
    CONNECTIONS_MAX = 8192,
    IDLE_SECONDS = 30,
    DRAIN_MILLISECONDS = 10000,
    /* A body that is refused is read to its end all the same, so that the client sees the answer and not a
     * reset connection; but not for ever. */
    REFUSED_BODY_MAX = 256 * 1024 * 1024
};

struct http_server {
    struct http_shared shared;
    struct MHD_Daemon *daemon;
    int port;
    int listener; /* -1 once closed */
    atomic_int in_work;
};

static void refuse(struct http_request *request, const struct error *error)
{
    if (request->refusal.status == STATUS_OK)
        request->refusal = *error;
    free(request->body);
    request->body = NULL;
    request->body_length = request->body_capacity = 0;
}

static bool has_body(const struct http_request *request)
{
    const char *length = http_request_header(request, "Content-Length");
    return (length != NULL && strcmp(length, "0") != 0) ||
           http_request_header(request, "Transfer-Encoding") != NULL;
}

static enum status check_announced_length(const struct http_request *request, struct error *error)
{
    const char *length = http_request_header(request, "Content-Length");
    if (length == NULL || strtoull(length, NULL, 10) <= request->route->body_limit)
        return STATUS_OK;
    return error_set(error, STATUS_TOO_LARGE, NULL, "the body has %.20s bytes; allowed here are %zu", length,
                     request->route->body_limit);
}

/* The role a route wants; false when the handler decides by itself. */
static bool access_role(enum http_access access, enum role *role)
{
    switch (access) {
    case ACCESS_VIEWER:
        *role = ROLE_VIEWER;
        return true;
    case ACCESS_OPERATOR:
        *role = ROLE_OPERATOR;
        return true;
    case ACCESS_ADMIN:
        *role = ROLE_ADMIN;
        return true;
    case ACCESS_PUBLIC:
    case ACCESS_IMAGE:
    case ACCESS_DEVICE:
        break;
    }
    return false;
}

static enum status authorize(struct http_request *request, struct error *error)
{
    enum role role;
    if (!access_role(request->route->access, &role))
        return STATUS_OK;
    return http_request_authenticate(request, role, error);
}

static void give_store_back(struct http_request *request)
{
    if (request->store == NULL)
        return;
    store_pool_give_back(request->shared->stores, request->store);
    request->store = NULL;
}

/* The head of the request is there: finds the route, and refuses what needs no body to be refused. A body is
 * kept in memory only for those who may send it. */
static struct http_request *begin_request(struct http_server *server, struct MHD_Connection *connection,
                                          const char *path, const char *method)
{
    struct error error = {0};
    struct http_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    atomic_fetch_add(&server->in_work, 1);
    clock_gettime(CLOCK_MONOTONIC, &request->began);
    request->shared = &server->shared;
    request->connection = connection;
    request->answer.fd = -1;
    request->method = arena_copy(&request->arena, method);
    request->path = arena_copy(&request->arena, path);
    const char *allow;
    request->route = http_route_find(method, path, &request->arena, &request->parameter, &allow);
    if (request->route == NULL && allow != NULL) {
        error_set(&error, STATUS_INVALID, NULL, "method %.32s is not known here; allowed is %s", method,
                  allow);
        request->answer.code = MHD_HTTP_METHOD_NOT_ALLOWED;
        http_answer_header(request, "Allow", allow);
    } else if (request->route == NULL) {
        error_set(&error, STATUS_NOT_FOUND, NULL, "no such path");
    } else if (has_body(request)) {
        if (authorize(request, &error) == STATUS_OK)
            (void)!check_announced_length(request, &error);
        give_store_back(request);
    }
    if (error.status != STATUS_OK)
        refuse(request, &error);
    return request;
}

static bool keep_body(struct http_request *request, const char *data, size_t size)
{
    struct error error = {0};
    request->received += size;
    if (request->refusal.status != STATUS_OK)
        return request->received <= REFUSED_BODY_MAX;
    if (request->received > request->route->body_limit) {
        error_set(&error, STATUS_TOO_LARGE, NULL, "the body is too large; allowed here are %zu bytes",
                  request->route->body_limit);
        refuse(request, &error);
        return true;
    }
    enum role role;
    if (!access_role(request->route->access, &role)) /* a stranger's: no such route reads one */
        return true;
    if (request->body_length + size + 1 > request->body_capacity) {
        size_t capacity = 2 * request->body_capacity + size + 4096;
        char *body = realloc(request->body, capacity);
        if (body == NULL)
            return false;
        request->body = body;
        request->body_capacity = capacity;
    }
    memcpy(request->body + request->body_length, data, size);
    request->body_length += size;
    request->body[request->body_length] = '\0';
    return true;
}

static void serve(struct http_request *request, struct error *error)
{
    *error = request->refusal;
    if (error->status != STATUS_OK)
        return;
    if (request->wait != NULL) { /* resumed */
        error->status = request->after(request, error);
        return;
    }
    enum status status = authorize(request, error);
    if (status == STATUS_OK)
        status = http_query_check(request, error);
    if (status == STATUS_OK)
        status = request->route->handler(request, error);
    error->status = status;
}

static enum MHD_Result finish(struct http_request *request)
{
    struct error error = {0};
    serve(request, &error);
    give_store_back(request);
    if (error.status == STATUS_OK && request->wait != NULL && !request->wait->ended) {
        if (http_waiter_add(request->shared->waiter, request->wait, request->connection))
            return MHD_YES;
        request->answer.outage =
            "too many calls wait, or the orchestrator is stopping; the device may act all the same";
        error_set(&error, STATUS_UNAVAILABLE, NULL, "%s", request->answer.outage);
    }
    http_answer_log(request, &error);
    return http_answer_send(request, &error) ? MHD_YES : MHD_NO;
}

/* libmicrohttpd calls this once with the head, then for each piece of the body, then to be answered. An
 * answer to the first call would close the connection, so only clients that wait for "100 Continue" get one
 * there. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data, size_t *size,
                                  void **state)
{
    struct http_server *server = context;
    struct http_request *request = *state;
    (void)version;
    if (request == NULL) {
        request = begin_request(server, connection, path, method);
        *state = request;
        if (request == NULL)
            return MHD_NO;
        const char *expect = http_request_header(request, "Expect");
        if (request->refusal.status != STATUS_OK && expect != NULL && strcasecmp(expect, "100-continue") == 0)
            return finish(request);
        return MHD_YES;
    }
    if (*size > 0) {
        bool kept = keep_body(request, data, *size);
        *size = 0;
        return kept ? MHD_YES : MHD_NO;
    }
    return finish(request);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct http_server *server = context;
    struct http_request *request = *state;
    (void)connection;
    (void)why;
    if (request == NULL)
        return;
    give_store_back(request);
    if (request->answer.fd >= 0)
        close(request->answer.fd);
    if (request->answer.image != NULL)
        image_answers_give_back(request->answer.image);
    free(request->body);
    arena_release(&request->arena);
    free(request);
    *state = NULL;
    atomic_fetch_sub(&server->in_work, 1);
}

static void on_message(void *context, const char *format, va_list arguments)
{
    char text[512];
    (void)context;
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\r\n")] = '\0';
    log_write(LOG_DEBUG, "http_library", "message", text, NULL);
}

static int hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit == '\0' ? NULL : strchr(digits, tolower((unsigned char)digit));
    return found == NULL ? -1 : (int)(found - digits);
}

/* %-decoding of paths and parameters, in place. "%00" stays as it is: the zero byte would end the text early,
 * and make it another path. */
static size_t unescape(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    char *out = text;
    for (const char *at = text; *at != '\0'; at++) {
        int high = at[0] == '%' ? hex_digit(at[1]) : -1;
        int low = high >= 0 ? hex_digit(at[2]) : -1;
        if (low >= 0 && (high != 0 || low != 0)) {
            *out++ = (char)(high << 4 | low);
            at += 2;
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
    return (size_t)(out - text);
}

/* A download takes two descriptors, its connection's and its file's; images that are kept open and the rest
 * of the process need some too. Connections over the limit wait in the listening socket's queue. */
static unsigned int connection_limit(void)
{
    enum { DESCRIPTORS_FOR_OTHERS = 128 + IMAGE_ANSWERS_MAX, CONNECTIONS_MIN = 64 };
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0)
        return CONNECTIONS_MIN;
    if (descriptors.rlim_cur >= 2 * CONNECTIONS_MAX + DESCRIPTORS_FOR_OTHERS)
        return CONNECTIONS_MAX;
    if (descriptors.rlim_cur <= 2 * CONNECTIONS_MIN + DESCRIPTORS_FOR_OTHERS)
        return CONNECTIONS_MIN;
    return (unsigned int)(descriptors.rlim_cur - DESCRIPTORS_FOR_OTHERS) / 2;
}

static enum status start_daemon(struct http_server *server, int threads, struct error *error)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    getsockname(server->listener, (struct sockaddr *)&address, &length);
    int idle = server->shared.options.idle_seconds;
    unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    if (address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, threads, NULL}, {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    /* The logger comes first: it is used while the other options are read. */
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
        MHD_OPTION_LISTEN_SOCKET, server->listener, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned int)(idle > 0 ? idle : IDLE_SECONDS), MHD_OPTION_CONNECTION_LIMIT, connection_limit(),
        MHD_OPTION_ARRAY, threads > 1 ? pool : none, MHD_OPTION_END);
    if (server->daemon == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "the HTTP server cannot be started: %s",
                         strerror(errno));
    return STATUS_OK;
}

enum status http_server_start(const struct http_options *options, struct http_server **started,
                              struct error *error)
{
    *started = NULL;
    if (options->threads < 1)
        return error_set(error, STATUS_INVALID, "threads", "allowed is 1 or more");
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    server->shared.options = *options;
    server->listener = -1;
    server->shared.image_answers = image_answers_create();
    server->shared.images = options->images;
    enum status status = STATUS_OK;
    if (options->images == NULL)
        status = image_cache_open(options->cache_directory, &server->shared.images, error);
    if (status == STATUS_OK)
        status = listen_open(options->address, options->port, &server->listener, &server->port, error);
    if (status == STATUS_OK) {
        server->shared.stores = store_pool_create(options->database_url, options->threads);
        status = http_waiter_start(options->database_url, (int)connection_limit() / 2, &server->shared.waiter,
                                   error);
    }
    if (status == STATUS_OK)
        status = start_daemon(server, options->threads, error);
    if (status != STATUS_OK) {
        http_server_stop(server);
        return status;
    }
    *started = server;
    return STATUS_OK;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

int http_server_requests(struct http_server *server)
{
    return atomic_load(&server->in_work);
}

/* Requests in work end by themselves; idle connections are closed by MHD_stop_daemon. */
static void drain(struct http_server *server)
{
    struct timespec pause = {.tv_nsec = 10000000};
    MHD_quiesce_daemon(server->daemon);
    for (int waited = 0; waited < DRAIN_MILLISECONDS && http_server_requests(server) > 0; waited += 10)
        nanosleep(&pause, NULL);
}

void http_server_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    http_waiter_quit(server->shared.waiter); /* those that wait for devices are answered now */
    if (server->daemon != NULL) {
        drain(server);
        MHD_stop_daemon(server->daemon);
    }
    http_waiter_free(server->shared.waiter);
    if (server->listener >= 0)
        close(server->listener);
    store_pool_destroy(server->shared.stores);
    image_answers_destroy(server->shared.image_answers);
    if (server->shared.options.images == NULL)
        image_cache_close(server->shared.images);
    free(server);
}
