/* One HTTP request on its way: what the client asked, who it is, and the answer. Handlers (handlers.h) read
 * and fill it; server.c owns it. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "arena.h"
#include "device_key.h"
#include "handlers.h"
#include "image_cache.h"
#include "operate.h"
#include "server.h"
#include "status.h"
#include "store_pool.h"
#include "waiter.h"

struct MHD_Connection;
struct http_route;
struct device_upgrade;
struct image_answer;
struct image_answers;

/* What all requests share. */
struct http_shared {
    struct http_options options; /* its texts are not valid after http_server_start */
    struct store_pool *stores;
    struct image_cache *images;
    struct image_answers *image_answers;
    struct http_waiter *waiter;
};

#define HTTP_HEADERS_MAX 8

struct http_answer {
    int code;                   /* 0: 200 */
    const char *json;           /* NULL: an empty body, or the file */
    const char *type;           /* of a text in `json` that is something else; NULL: application/json */
    const char *outage;         /* what is away when the error is STATUS_UNAVAILABLE; NULL: the database */
    struct image_answer *image; /* a whole image, with its headers; released at the end. NULL: none */
    int fd;                     /* -1: none; else `length` bytes from `offset` are sent, and it is closed */
    uint64_t offset, length;
    struct {
        const char *name, *value;
    } headers[HTTP_HEADERS_MAX];
    int header_count;
};

struct http_request {
    struct http_shared *shared;
    struct MHD_Connection *connection;
    const struct http_route *route; /* NULL when there is none */
    const char *method, *path;
    const char *parameter; /* the value of {name} in the path, or NULL */
    char *body;            /* ends with a zero byte; NULL when there is none */
    size_t body_length, body_capacity;
    uint64_t received; /* body bytes, kept or not */
    struct arena arena;
    struct store *store; /* taken on first use: http_request_store */
    struct actor actor;
    bool authenticated;
    struct error refusal; /* found before the body was there; status STATUS_OK when none */
    struct http_answer answer;
    struct http_wait *wait; /* set by a handler whose answer a device has a part in; NULL: none */
    http_handler after;     /* then makes the answer, once the wait has ended */
    const char *called;     /* the device that was called */
    const struct device_upgrade *upgrade;
    struct timespec began;
};

/* The database connection of this request. */
struct store *http_request_store(struct http_request *request);

/* A header or a parameter of the query string; NULL when absent. Borrowed. */
const char *http_request_header(const struct http_request *request, const char *name);
const char *http_request_query(const struct http_request *request, const char *name);

/* The parameter `limit` of lists: 1 to 1000, 100 when absent. */
enum status http_query_limit(const struct http_request *request, int64_t *limit,
                             struct error *error) MUST_CHECK;

/* A whole number of the query string; *number stays as it is when it is absent. */
enum status http_query_number(const struct http_request *request, const char *name, int64_t lowest,
                              int64_t highest, int64_t *number, struct error *error) MUST_CHECK;

/* Puts a whole number of the query string, SQL NULL when it is absent. */
enum status http_query_put_number(const struct http_request *request, const char *name,
                                  struct store_parameters *parameters, struct error *error) MUST_CHECK;

/* Refuses parameters that the route does not know, or that come twice; and what is not UTF-8, there or in the
 * path. */
enum status http_query_check(const struct http_request *request, struct error *error) MUST_CHECK;

/* Checks the bearer token and that its role may use the route. */
enum status http_request_authenticate(struct http_request *request, enum role lowest,
                                      struct error *error) MUST_CHECK;

/* Finds whose key it is that came as "Authorization: token KEY", the way devices and their owners send it
 * (the seed, section 3.2.3). STATUS_UNAUTHENTICATED when there is none, or it is unknown or revoked. */
enum status http_request_device_key(struct http_request *request, struct device_key *key,
                                    struct error *error) MUST_CHECK;

/* The same for an operator's token that came as "Authorization: token TOKEN". */
enum status http_request_token(struct http_request *request, enum role lowest,
                               struct error *error) MUST_CHECK;

/* Refuses a body of another Content-Type than `allowed` (its parameters, as in "; charset", do not count). */
enum status http_request_content_type(const struct http_request *request, const char *allowed,
                                      struct error *error) MUST_CHECK;

/* Reads the body of a command, which may have none: {"reason"?}. *reason is NULL when it was not given. */
enum status http_request_reason(struct http_request *request, const char **reason,
                                struct error *error) MUST_CHECK;

/* As http_options.ready; *broker is false when it is the broker that is away. */
bool http_request_ready(const struct http_request *request, char *why, size_t size, bool *broker);

/* STATUS_NOT_FOUND, for what the path names: `absent` says what was looked for, such as "device has the id".
 */
enum status http_answer_absent(const struct http_request *request, const char *absent, struct error *error);

/* Runs a read query and makes its JSON the answer; http_answer_absent when it gives none (NULL: it always
 * gives one). */
struct store_statement;
enum status http_answer_query(struct http_request *request, const struct store_statement *statement,
                              const struct store_parameters *parameters, const char *absent,
                              struct error *error) MUST_CHECK;

/* The same for a list that is read page by page: puts `after` (a number, or NULL) and `limit` as the last two
 * parameters. */
enum status http_answer_page(struct http_request *request, const struct store_statement *statement,
                             struct store_parameters *parameters, struct error *error) MUST_CHECK;

void http_answer_json(struct http_request *request, int code, const char *json);
void http_answer_header(struct http_request *request, const char *name, const char *value);

#endif
