/* Requests that wait for a device. Their connections are suspended, so that no thread of the server is held;
 * one thread with a database connection of its own looks, only while someone waits, how far things are. */
#ifndef HTTP_WAITER_H
#define HTTP_WAITER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "report.h"
#include "status.h"

struct MHD_Connection;
struct http_waiter;

enum http_wait_kind {
    HTTP_WAIT_CALL,    /* number: of the call (engine/call.h) */
    HTTP_WAIT_CAMPAIGN /* number: of a campaign of one device */
};

struct http_wait {
    enum http_wait_kind kind;
    int64_t number;
    int seconds; /* at most, from the moment it is added */

    /* The outcome, once `ended`. */
    bool ended;
    bool sent;              /* the command has gone out */
    bool outage;            /* the database was away when it was last looked */
    bool stopped;           /* the server is stopping */
    char nonce[NONCE_SIZE]; /* of the command; "" before there is one */
    char answer[REASON_SIZE];
    char reason[REASON_SIZE];

    /* The waiter's own. */
    struct MHD_Connection *connection;
    struct timespec until;
    struct http_wait *next;
};

/* At most `limit` wait at a time. Release with http_waiter_stop. */
enum status http_waiter_start(const char *database_url, int limit, struct http_waiter **waiter,
                              struct error *error) MUST_CHECK;

/* Suspends the connection until the wait has ended; its handler is then called again. False, and nothing
 * happens, when too many wait or the server is stopping. Called from the connection's handler. */
bool http_waiter_add(struct http_waiter *waiter, struct http_wait *wait, struct MHD_Connection *connection);

/* Ends all waits and takes no more; before MHD_stop_daemon, which allows no suspended connection. */
void http_waiter_quit(struct http_waiter *waiter);
void http_waiter_free(struct http_waiter *waiter); /* after it; NULL is fine */

#endif
