/* Image downloads over libcurl for many devices in one event loop: a bounded number of transfers at a time,
 * the others wait their turn in order. */
#ifndef HOST_HTTP_CLIENT_H
#define HOST_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "event_loop.h"
#include "fota_agent.h"

struct http_client;
struct http_transfer;

/* One request, owned by the device; zero it, then set `handle` and `context`. `handle` gets HTTP events. */
struct http_request {
    void (*handle)(void *context, const struct fota_event *event);
    void *context;
    struct http_client *client;
    struct http_transfer *transfer; /* while it runs */
    struct http_request *next;      /* while it waits */
    bool waiting;
    enum fota_http_method method;
    uint32_t first_byte;
    char url[FOTA_URL_SIZE];
};

/* NULL when libcurl has no memory. Release with http_client_free, after its requests are stopped. */
struct http_client *http_client_new(struct event_loop *loop, uint32_t parallel);
void http_client_free(struct http_client *client);

bool http_request_start(struct http_client *client, struct http_request *request,
                        enum fota_http_method method, const char *url, uint32_t first_byte);
/* Also from inside `handle`. No event comes after it. */
void http_request_stop(struct http_request *request);

#endif
