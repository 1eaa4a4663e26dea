/* The public keys that check signatures of releases. */
#include "api_answer.h"
#include "api_request.h"
#include "handlers.h"
#include "request.h"
#include "signing.h"
#include "store_sql.h"

static enum status answer_key(struct http_request *request, const char *name, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, name);
    return http_answer_query(request, &SQL_SHOW_KEY, &parameters, "key has the name", error);
}

enum status handle_key_list(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    int64_t limit = 0;
    enum status status = http_query_limit(request, &limit, error);
    store_put_text(&parameters, http_request_query(request, "after"));
    store_put_integer(&parameters, limit);
    if (status != STATUS_OK)
        return status;
    return http_answer_query(request, &SQL_LIST_KEYS, &parameters, NULL, error);
}

enum status handle_key_show(struct http_request *request, struct error *error)
{
    return answer_key(request, request->parameter, error);
}

enum status handle_key_register(struct http_request *request, struct error *error)
{
    struct api_public_key key;
    enum status status = http_request_content_type(request, "application/json", error);
    if (status == STATUS_OK)
        status = api_public_key_parse(request->body == NULL ? "" : request->body, request->body_length,
                                      &request->arena, &key, error);
    if (status == STATUS_OK)
        status = operate_key_register(http_request_store(request), &request->actor, key.name, key.public_key,
                                      error);
    if (status == STATUS_OK)
        status = answer_key(request, key.name, error);
    if (status == STATUS_OK)
        request->answer.code = 201;
    return status;
}

enum status handle_key_revoke(struct http_request *request, struct error *error)
{
    const char *reason = NULL;
    bool changed = false;
    enum status status = http_request_reason(request, &reason, error);
    if (status == STATUS_OK)
        status = operate_key_revoke(http_request_store(request), &request->actor, request->parameter, reason,
                                    &changed, error);
    if (status != STATUS_OK)
        return status;
    if (changed && request->shared->options.wake != NULL) /* campaigns may have to halt */
        request->shared->options.wake(request->shared->options.context);
    http_answer_json(request, 200, api_changed_format(&request->arena, changed, "state", "revoked"));
    return STATUS_OK;
}
