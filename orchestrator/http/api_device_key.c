#include "api_answer.h"
#include "handlers.h"
#include "request.h"
#include "routes.h"

/* ?kind=master (when not given) or owner. */
static enum status wanted_kind(const struct http_request *request, enum device_key_kind *kind,
                               struct error *error)
{
    const char *text = http_request_query(request, "kind");
    *kind = DEVICE_KEY_MASTER;
    if (text != NULL && !device_key_kind_parse(text, kind))
        return error_set(error, STATUS_INVALID, "kind", "allowed are master and owner");
    return STATUS_OK;
}

/* The file's name is the key, as it is where the guide has it downloaded (section 2.2.1). */
static void answer_bin(struct http_request *request, const char *key)
{
    http_answer_json(request, 201, key);
    request->answer.type = "application/octet-stream";
    http_answer_header(request, "Content-Disposition",
                       arena_format(&request->arena, "attachment; filename=\"%s.bin\"", key));
}

enum status handle_device_key_issue(struct http_request *request, struct error *error)
{
    enum device_key_kind kind;
    char key[DEVICE_KEY_SIZE];
    const char *reason = NULL;
    enum status status = wanted_kind(request, &kind, error);
    if (status == STATUS_OK)
        status = http_request_reason(request, &reason, error);
    if (status == STATUS_OK)
        status = operate_device_key_issue(http_request_store(request), &request->actor, request->parameter,
                                          kind, reason, key, error);
    if (status != STATUS_OK)
        return status;
    /* A key is shown once: nothing on the way may keep a copy. */
    http_answer_header(request, "Cache-Control", "no-store");
    if (request->route->detail == KEY_AS_BIN)
        answer_bin(request, arena_copy(&request->arena, key));
    else
        http_answer_json(
            request, 201,
            api_key_format(&request->arena, request->parameter, device_key_kind_name(kind), key));
    return STATUS_OK;
}

enum status handle_device_key_revoke(struct http_request *request, struct error *error)
{
    enum device_key_kind kind;
    enum status status = wanted_kind(request, &kind, error);
    if (status == STATUS_OK)
        status = operate_device_key_revoke(http_request_store(request), &request->actor, request->parameter,
                                           kind, error);
    if (status == STATUS_OK)
        http_answer_json(
            request, 200,
            api_key_format(&request->arena, request->parameter, device_key_kind_name(kind), NULL));
    return status;
}
