#include <string.h>

#include "api_answer.h"
#include "arena.h"
#include "handlers.h"
#include "request.h"

enum status handle_health(struct http_request *request, struct error *error)
{
    (void)error;
    http_answer_json(request, 200, api_status_format(&request->arena, "ok"));
    return STATUS_OK;
}

enum status handle_ready(struct http_request *request, struct error *error)
{
    char why[256] = "";
    bool broker;
    if (!http_request_ready(request, why, sizeof why, &broker)) {
        if (!broker)
            request->answer.outage = "the broker is not connected";
        else if (strncmp(why, "database:", strlen("database:")) != 0)
            request->answer.outage = arena_copy(&request->arena, why);
        return error_set(error, STATUS_UNAVAILABLE, NULL, "%s", why);
    }
    int64_t now, host_ahead;
    const struct http_options *options = &request->shared->options;
    bool known = options->now(options->context, &now, &host_ahead);
    http_answer_json(request, 200,
                     known ? api_ready_format(&request->arena, host_ahead, HTTP_CLOCK_DIFFERENCE_SECONDS)
                           : api_status_format(&request->arena, "ready"));
    return STATUS_OK;
}
