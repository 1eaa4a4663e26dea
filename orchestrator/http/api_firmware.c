#include <string.h>

#include "handlers.h"
#include "multipart.h"
#include "request.h"
#include "store_sql.h"
#include "version.h"

enum status handle_firmware_list(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    return http_answer_page(request, &SQL_LIST_FIRMWARE, &parameters, error);
}

static enum status answer_firmware(struct http_request *request, const char *version, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, version);
    return http_answer_query(request, &SQL_SHOW_FIRMWARE, &parameters, "no such firmware", error);
}

enum status handle_firmware_show(struct http_request *request, struct error *error)
{
    struct error ignored;
    struct version version;
    char canonical[VERSION_TEXT_SIZE];
    if (version_parse(request->parameter, &version, &ignored) != STATUS_OK)
        return answer_firmware(request, request->parameter, error);
    version_format(&version, canonical);
    return answer_firmware(request, canonical, error);
}

/* A text field without zero bytes. *text is NULL when it is absent. */
static enum status text_field(struct http_request *request, const struct multipart *form, const char *name,
                              const char **text, struct error *error)
{
    const struct multipart_part *part = multipart_find(form, name);
    *text = NULL;
    if (part == NULL)
        return STATUS_OK;
    if (part->file_name != NULL || memchr(part->bytes, 0, part->size) != NULL)
        return error_set(error, STATUS_INVALID, name, "is a file; allowed is a text");
    *text = arena_copy_bytes(&request->arena, part->bytes, part->size);
    return STATUS_OK;
}

static enum status check_names(const struct multipart *form, struct error *error)
{
    static const char *const known[] = {"version", "notes", "user1.bin", "user2.bin"};
    for (size_t i = 0; i < form->count; i++) {
        bool found = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            found = found || strcmp(form->parts[i].name, known[k]) == 0;
        if (!found)
            return error_set(error, STATUS_INVALID, form->parts[i].name,
                             "unknown field; allowed here: version, notes, user1.bin, user2.bin");
    }
    return STATUS_OK;
}

static enum status read_form(struct http_request *request, struct firmware_new *firmware, struct error *error)
{
    struct multipart form;
    enum status status = multipart_parse(http_request_header(request, "Content-Type"), request->body,
                                         request->body_length, &request->arena, &form, error);
    if (status == STATUS_OK)
        status = check_names(&form, error);
    if (status == STATUS_OK)
        status = text_field(request, &form, "version", &firmware->version, error);
    if (status == STATUS_OK)
        status = text_field(request, &form, "notes", &firmware->notes, error);
    if (status != STATUS_OK)
        return status;
    if (firmware->version == NULL)
        return error_set(error, STATUS_INVALID, "version", "is missing; it is required here");
    static const char *const files[] = {"user1.bin", "user2.bin"};
    for (int i = 0; i < 2; i++) {
        const struct multipart_part *part = multipart_find(&form, files[i]);
        if (part == NULL)
            continue;
        firmware->files[firmware->file_count++] =
            (struct firmware_file){.name = files[i], .bytes = part->bytes, .size = part->size};
    }
    return STATUS_OK;
}

enum status handle_firmware_upload(struct http_request *request, struct error *error)
{
    struct firmware_new firmware = {0};
    struct version version;
    char canonical[VERSION_TEXT_SIZE];
    enum status status = http_request_content_type(request, "multipart/form-data", error);
    if (status == STATUS_OK && request->body == NULL)
        status = error_set(error, STATUS_INVALID, NULL, "the body is empty");
    if (status == STATUS_OK)
        status = read_form(request, &firmware, error);
    if (status == STATUS_OK)
        status = version_parse(firmware.version, &version, error);
    if (status == STATUS_OK)
        status = operate_firmware_upload(http_request_store(request), &request->actor, &firmware, error);
    if (status != STATUS_OK)
        return status;
    version_format(&version, canonical);
    status = answer_firmware(request, canonical, error);
    if (status == STATUS_OK)
        request->answer.code = 201;
    return status;
}
