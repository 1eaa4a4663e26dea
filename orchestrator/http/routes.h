/* The table of routes. docs/openapi.yaml is held against it by a test. */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include <stddef.h>

#include "arena.h"
#include "handlers.h"

enum http_access {
    ACCESS_PUBLIC,   /* no token */
    ACCESS_VIEWER,   /* any token */
    ACCESS_OPERATOR, /* a token of role operator or admin */
    ACCESS_ADMIN,    /* a token of role admin */
    ACCESS_IMAGE,    /* a signed URL (engine/image_url), or any token; the handler checks */
    ACCESS_DEVICE    /* a key of the device; the handler checks (http_request_device_key) */
};

/* How a new device key is answered. */
enum key_answer { KEY_AS_JSON, KEY_AS_BIN };

struct http_route {
    const char *method;
    const char *pattern; /* a segment {name} takes any one segment */
    enum http_access access;
    size_t body_limit; /* bytes; 0: no body is read */
    http_handler handler;
    int detail;        /* for handlers of several routes: the enum campaign_command or key_answer */
    const char *query; /* parameters of the query string it knows, separated by spaces */
    const char *description;
};

extern const struct http_route http_routes[];
extern const int http_route_count;

/* Finds the route. A trailing slash is accepted, and HEAD where GET is. When the path is known but not the
 * method, *allow is the value of the Allow header (made in `arena`), else NULL. *parameter is the segment
 * that {name} took (made in `arena`), or NULL. Returns NULL when there is none. */
const struct http_route *http_route_find(const char *method, const char *path, struct arena *arena,
                                         const char **parameter, const char **allow);

#endif
