#include "api_answer.h"
#include "api_request.h"
#include "handlers.h"
#include "request.h"
#include "store_sql.h"
#include "version.h"

/* Puts the version that is asked for, as it is stored: in its canonical form. */
static enum status put_version(const struct http_request *request, struct store_parameters *parameters,
                               char canonical[VERSION_TEXT_SIZE], struct error *error)
{
    struct version version;
    const char *text = http_request_query(request, "version");
    if (text == NULL) {
        store_put_text(parameters, NULL);
        return STATUS_OK;
    }
    struct error why;
    if (version_parse(text, &version, &why) != STATUS_OK)
        return error_set(error, STATUS_INVALID, "version", "%s", why.message);
    version_format(&version, canonical);
    store_put_text(parameters, canonical);
    return STATUS_OK;
}

enum status handle_device_list(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    char version[VERSION_TEXT_SIZE];
    int64_t limit;
    enum status status = http_query_put_number(request, "ptype", &parameters, error);
    store_put_text(&parameters, http_request_query(request, "tag"));
    if (status == STATUS_OK)
        status = put_version(request, &parameters, version, error);
    store_put_text(&parameters, http_request_query(request, "after"));
    if (status == STATUS_OK)
        status = http_query_limit(request, &limit, error);
    if (status != STATUS_OK)
        return status;
    store_put_integer(&parameters, limit);
    return http_answer_query(request, &SQL_LIST_DEVICES, &parameters, NULL, error);
}

enum status handle_device_show(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, request->parameter);
    return http_answer_query(request, &SQL_SHOW_DEVICE, &parameters, "device has the id", error);
}

/* The only time that the new keys are shown. */
static void answer_registered(struct http_request *request, const struct device_new *devices, size_t count)
{
    struct api_key *keys = arena_allocate_array(&request->arena, count, sizeof *keys);
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct api_key){devices[i].id, devices[i].new_key};
    http_answer_header(request, "Cache-Control", "no-store");
    http_answer_json(request, 201, api_registered_format(&request->arena, keys, count));
}

enum status handle_device_register(struct http_request *request, struct error *error)
{
    struct api_devices given;
    enum status status = http_request_content_type(request, "application/json", error);
    if (status == STATUS_OK)
        status = api_devices_parse(request->body == NULL ? "" : request->body, request->body_length,
                                   &request->arena, &given, error);
    if (status != STATUS_OK)
        return status;
    struct device_new *devices = arena_allocate_array(&request->arena, given.count, sizeof *devices);
    for (size_t i = 0; i < given.count; i++) {
        const struct api_device *item = &given.items[i];
        devices[i] = (struct device_new){.id = item->id,
                                         .ptype = item->ptype,
                                         .product = item->product,
                                         .version = item->version,
                                         .tags = item->tags,
                                         .key = item->key,
                                         .flash_kb = item->flash_kb,
                                         .flash_map = item->flash_map};
    }
    status =
        operate_devices_register(http_request_store(request), &request->actor, devices, given.count, error);
    if (status == STATUS_OK)
        answer_registered(request, devices, given.count);
    return status;
}

enum status handle_device_release(struct http_request *request, struct error *error)
{
    const char *reason = NULL;
    bool changed = false;
    enum status status = http_request_reason(request, &reason, error);
    if (status == STATUS_OK)
        status = operate_device_release(http_request_store(request), &request->actor, request->parameter,
                                        reason, &changed, error);
    if (status == STATUS_OK)
        http_answer_json(request, 200,
                         api_changed_format(&request->arena, changed, "id", request->parameter));
    return status;
}
