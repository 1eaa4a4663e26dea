/* Status and error values: how every fallible function of the project answers.
 *
 * A fallible function returns `enum status` and fills a caller-owned `struct error` when that is not
 * STATUS_OK. Errors gain context as they rise (error_context) and are logged once, where they are handled. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/* name, the code an API client sees, the HTTP status that carries it */
#define STATUS_LIST(X)                                                                                       \
    X(STATUS_OK, "ok", 200)                                                                                  \
    X(STATUS_INVALID, "invalid", 400) /* bad input; error.field names the place */                           \
    X(STATUS_UNAUTHENTICATED, "unauthenticated", 401)                                                        \
    X(STATUS_DENIED, "denied", 403) /* known, but not allowed */                                             \
    X(STATUS_NOT_FOUND, "not_found", 404)                                                                    \
    X(STATUS_CONFLICT, "conflict", 409) /* against what is stored: duplicate, wrong state */                 \
    X(STATUS_TOO_LARGE, "too_large", 413)                                                                    \
    X(STATUS_TIMEOUT, "timeout", 504)         /* a device has not answered */                                \
    X(STATUS_UNAVAILABLE, "unavailable", 503) /* database or broker not reachable: try again */              \
    X(STATUS_INTERNAL, "internal", 500)       /* a bug or an exhausted resource */

enum status {
#define X(name, code, http) name,
    STATUS_LIST(X)
#undef X
};

struct error {
    enum status status;
    char field[96];    /* the place in the input, such as "waves[0].gate.failure_percent"; "" when none */
    char message[512]; /* one line, what is wrong and what is allowed */
    char sqlstate[6];  /* PostgreSQL's code when the database said no; "" otherwise */
};

/* Fills `error` (may be NULL) and returns `status`. `field` may be NULL. Over-long text is cut. */
enum status error_set(struct error *error, enum status status, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "context: " before the message of an error that is on its way up. Returns error->status. */
enum status error_context(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The code of a status ("invalid"), and the HTTP status that carries it (400). */
const char *status_code(enum status status);
int status_http(enum status status);

#endif
