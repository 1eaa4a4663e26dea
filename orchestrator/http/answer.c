#include "answer.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api_answer.h"
#include "image_answers.h"
#include "log.h"
#include "routes.h"

/* Details of our own failures go to the log, not to the client, who may be anybody: they name hosts, users
 * and paths. */
static const char *error_json(struct http_request *request, const struct error *error)
{
    struct error shown = *error;
    const char *outage = request->answer.outage;
    if (shown.status == STATUS_INTERNAL)
        error_set(&shown, STATUS_INTERNAL, NULL, "internal error; the log of the orchestrator says more");
    if (shown.status == STATUS_UNAVAILABLE)
        error_set(&shown, STATUS_UNAVAILABLE, NULL, "%s: try again",
                  outage != NULL ? outage : "the database is not available");
    return api_error_format(&request->arena, &shown);
}

static int error_code(const struct http_request *request, const struct error *error)
{
    if (request->answer.code >= 400)
        return request->answer.code; /* chosen where the error was found: 405, 416 */
    return status_http(error->status);
}

static int answer_code(const struct http_request *request)
{
    return request->answer.code == 0 ? MHD_HTTP_OK : request->answer.code;
}

static ssize_t no_bytes(void *context, uint64_t position, char *buffer, size_t size)
{
    (void)context;
    (void)position;
    (void)buffer;
    (void)size;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/* Content-Length of a 304 would be that of the image (RFC 9110, 8.6), and libmicrohttpd writes 0 for a body
 * of no bytes: of a length that it does not know it writes none, and closes the connection. */
static struct MHD_Response *make_not_modified(void)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, no_bytes, NULL, NULL);
    if (response != NULL)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return response;
}

static struct MHD_Response *make_response(struct http_request *request, const char *json, bool failed)
{
    struct http_answer *answer = &request->answer;
    if (json != NULL)
        return MHD_create_response_from_buffer(strlen(json), (void *)(uintptr_t)json, MHD_RESPMEM_MUST_COPY);
    if (!failed && answer->code == MHD_HTTP_NOT_MODIFIED)
        return make_not_modified();
    if (failed || answer->fd < 0)
        return MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64(answer->length, answer->fd, answer->offset);
    if (response != NULL)
        answer->fd = -1; /* the response closes it */
    return response;
}

/* What the header Authorization should have held. */
static const char *challenge(const struct http_request *request)
{
    return request->route != NULL && request->route->access == ACCESS_DEVICE ? "token" : "Bearer";
}

/* Whether the answer to a HEAD says that it has no bytes, whatever a GET would get. Stock firmware erases as
 * many bytes of its other slot as Content-Length says, whatever the status: only an image may say a length.
 * It may ask on any path, so every refusal is one of these. */
static bool says_no_length(const struct http_request *request, bool failed)
{
    bool is_device = request->route != NULL && request->route->access == ACCESS_DEVICE;
    return strcmp(request->method, "HEAD") == 0 && (failed || is_device);
}

static const char *answer_json(struct http_request *request, const struct error *error)
{
    bool failed = error->status != STATUS_OK;
    if (says_no_length(request, failed))
        return NULL;
    return failed ? error_json(request, error) : request->answer.json;
}

bool http_answer_send(struct http_request *request, const struct error *error)
{
    struct http_answer *answer = &request->answer;
    bool failed = error->status != STATUS_OK;
    const char *json = answer_json(request, error);
    int code = failed ? error_code(request, error) : answer_code(request);
    if (!failed && answer->image != NULL)
        return MHD_queue_response(request->connection, (unsigned int)code, answer->image->response) ==
               MHD_YES;
    struct MHD_Response *response = make_response(request, json, failed);
    if (response == NULL)
        return false;
    if (json != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                failed || answer->type == NULL ? "application/json" : answer->type);
    if (error->status == STATUS_UNAUTHENTICATED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, challenge(request));
    if (error->status == STATUS_UNAVAILABLE)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "2");
    for (int i = 0; i < answer->header_count; i++)
        MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    enum MHD_Result queued = MHD_queue_response(request->connection, (unsigned int)code, response);
    MHD_destroy_response(response);
    return queued == MHD_YES;
}

static void milliseconds_since(const struct timespec *began, char *text, size_t size)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double elapsed =
        (double)(now.tv_sec - began->tv_sec) * 1e3 + (double)(now.tv_nsec - began->tv_nsec) / 1e6;
    snprintf(text, size, "%.1f", elapsed);
}

/* "CODE ADDRESS": one client's refused tokens do not hide our failures, nor another client's. */
static void log_key(const struct http_request *request, const char *code, char *key, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char address[INET6_ADDRSTRLEN] = "";
    const struct sockaddr *client = info == NULL ? NULL : info->client_addr;
    if (client != NULL && client->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)client)->sin_addr, address, sizeof address);
    if (client != NULL && client->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)client)->sin6_addr, address, sizeof address);
    snprintf(key, size, "%s %s", code, address);
}

void http_answer_log(const struct http_request *request, const struct error *error)
{
    char took[32];
    char code[16];
    bool answered = error->status == STATUS_OK;
    bool notable = error->status == STATUS_UNAUTHENTICATED || error->status == STATUS_DENIED ||
                   error->status == STATUS_UNAVAILABLE || error->status == STATUS_INTERNAL;
    enum log_level level = notable ? LOG_WARNING : LOG_DEBUG;
    const char *who = request->authenticated ? request->actor.name : "";
    if (!log_is_written(level))
        return;
    milliseconds_since(&request->began, took, sizeof took);
    snprintf(code, sizeof code, "%d", answered ? answer_code(request) : error_code(request, error));
    char key[sizeof code + 1 + INET6_ADDRSTRLEN];
    log_key(request, code, key, sizeof key);
    if (answered)
        log_write(level, "http_request", "method", request->method, "path", request->path, "code", code,
                  "milliseconds", took, "token", who, NULL);
    else
        log_limited(level, "http_refused", key, "method", request->method, "path", request->path, "code",
                    code, "field", error->field, "message", error->message, "sqlstate", error->sqlstate,
                    "milliseconds", took, "token", who, NULL);
}
