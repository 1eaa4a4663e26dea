/* The HTTP server: API, health and images, by libmicrohttpd: a pool of threads, each with its own epoll, so
 * that a slow client holds a connection and never a thread. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image_cache.h"
#include "image_url.h"
#include "live_attempts.h"
#include "status.h"

struct http_server;

/* /readyz warns where the host's clock and the database's are further apart. */
enum { HTTP_CLOCK_DIFFERENCE_SECONDS = 1 };

struct http_options {
    const char *address; /* to listen on: a name or number, such as "127.0.0.1", "0.0.0.0" or "::" */
    int port;            /* 0: any free one; see http_server_port */
    int threads;         /* 1 or more; each has a database connection of its own */
    int idle_seconds;    /* a connection on which nothing moves is closed after so long; 0: 30 */
    const char *database_url;
    struct live_attempts *live;  /* whose URLs hold; NULL: every one until it expires */
    struct image_cache *images;  /* NULL: one of the server's own, in the next */
    const char *cache_directory; /* made when absent */
    /* Copies the secret that signs image URLs; false while it is not known (the database is away). Called
     * from any thread. */
    bool (*image_secret)(void *context, unsigned char secret[IMAGE_SECRET_SIZE]);
    /* The database's time in Unix milliseconds, and how far the host's clock is ahead of it (below 0: behind
     * it); false while it is not known: nothing has been read of it yet. Called from any thread. */
    bool (*now)(void *context, int64_t *milliseconds, int64_t *host_ahead);
    /* Whether requests can be served (/readyz); writes why not, as "database: ..." or "broker: ...", for the
     * log: clients are told only which of the two. Called from any thread. */
    bool (*ready)(void *context, char *why, size_t why_size);
    /* Called after each campaign command that succeeded, so that the engine acts at once. May be NULL. */
    void (*wake)(void *context);
    /* One JSON object about this process, shown as "orchestrator" in the fleet status; released with free().
     * May be NULL. */
    char *(*gauges)(void *context);
    void *context;
};

/* Texts are copied. A port that is taken is STATUS_UNAVAILABLE and names address and port. */
enum status http_server_start(const struct http_options *options, struct http_server **server,
                              struct error *error) MUST_CHECK;

/* The port it listens on. */
int http_server_port(const struct http_server *server);

/* Requests whose answer is not sent whole yet. */
int http_server_requests(struct http_server *server);

/* Takes no more connections, lets requests in work end (for at most 10 s), then stops. NULL is fine. */
void http_server_stop(struct http_server *server);

#endif
