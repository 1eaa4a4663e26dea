#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api_answer.h"
#include "handlers.h"
#include "image_answers.h"
#include "multipart.h"
#include "names.h"
#include "request.h"
#include "signature_json.h"
#include "signing.h"
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
    return http_answer_query(request, &SQL_SHOW_FIRMWARE, &parameters, "firmware has the version", error);
}

/* The version in the path as it is stored: in its canonical form. What is no version is no release either. */
static const char *stored_version(struct http_request *request)
{
    struct error ignored;
    struct version version;
    if (version_parse(request->parameter, &version, &ignored) != STATUS_OK)
        return request->parameter;
    char *canonical = arena_allocate(&request->arena, VERSION_TEXT_SIZE);
    version_format(&version, canonical);
    return canonical;
}

enum status handle_firmware_show(struct http_request *request, struct error *error)
{
    return answer_firmware(request, stored_version(request), error);
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

static enum status read_flag(struct http_request *request, const struct multipart *form, const char *name,
                             bool *flag, struct error *error)
{
    const char *text;
    enum status status = text_field(request, form, name, &text, error);
    if (status != STATUS_OK || text == NULL)
        return status;
    *flag = strcmp(text, "true") == 0;
    if (!*flag && strcmp(text, "false") != 0)
        return error_set(error, STATUS_INVALID, name, "is \"%.20s\"; allowed are true and false", text);
    return STATUS_OK;
}

static enum status read_sequence(struct http_request *request, const struct multipart *form,
                                 struct firmware_new *firmware, struct error *error)
{
    const char *text;
    char *end;
    enum status status = text_field(request, form, "sequence", &text, error);
    if (status != STATUS_OK || text == NULL)
        return status;
    errno = 0;
    firmware->sequence = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
        return error_set(error, STATUS_INVALID, "sequence",
                         "is \"%.20s\"; allowed is a whole number from 0 to 4294967295", text);
    return STATUS_OK;
}

static enum status read_signature(struct http_request *request, const struct multipart *form,
                                  struct firmware_new *firmware, struct error *error)
{
    const char *text;
    enum status status = text_field(request, form, "signature", &text, error);
    if (status != STATUS_OK || text == NULL)
        return status;
    struct signature_document *document = arena_allocate(&request->arena, sizeof *document);
    firmware->signature = document;
    return signature_json_parse(text, strlen(text), "signature", &request->arena, document, error);
}

static bool is_text(const char *name)
{
    static const char *const texts[] = {"version", "notes",    "corename", "codename", "current",
                                        "strict",  "sequence", "requires", "signature"};
    int found;
    return name_find(texts, NAME_COUNT(texts), name, &found);
}

/* Every part that is no text is a file, named by the part's name. */
static enum status read_files(const struct multipart *form, struct firmware_new *firmware,
                              struct error *error)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct multipart_part *part = &form->parts[i];
        if (is_text(part->name))
            continue;
        if (part->file_name == NULL)
            return error_set(
                error, STATUS_INVALID, part->name,
                "unknown field; allowed here are version, notes, corename, codename, current, strict, "
                "sequence, requires, signature, and files (parts with a filename)");
        if (firmware->file_count < FIRMWARE_FILES_MAX)
            firmware->files[firmware->file_count] =
                (struct firmware_file){.name = part->name, .bytes = part->bytes, .size = part->size};
        firmware->file_count++;
    }
    return STATUS_OK;
}

static enum status read_form(struct http_request *request, struct firmware_new *firmware, struct error *error)
{
    struct multipart form;
    enum status status = multipart_parse(http_request_header(request, "Content-Type"), request->body,
                                         request->body_length, &request->arena, &form, error);
    if (status == STATUS_OK)
        status = read_files(&form, firmware, error);
    if (status == STATUS_OK)
        status = text_field(request, &form, "version", &firmware->version, error);
    if (status == STATUS_OK)
        status = text_field(request, &form, "notes", &firmware->notes, error);
    if (status == STATUS_OK)
        status = text_field(request, &form, "corename", &firmware->corename, error);
    if (status == STATUS_OK)
        status = text_field(request, &form, "codename", &firmware->codename, error);
    if (status == STATUS_OK)
        status = read_flag(request, &form, "current", &firmware->current, error);
    if (status == STATUS_OK)
        status = read_flag(request, &form, "strict", &firmware->strict, error);
    if (status == STATUS_OK)
        status = text_field(request, &form, "requires", &firmware->requires, error);
    if (status == STATUS_OK)
        status = read_sequence(request, &form, firmware, error);
    if (status == STATUS_OK)
        status = read_signature(request, &form, firmware, error);
    if (status == STATUS_OK && firmware->version == NULL)
        status = error_set(error, STATUS_INVALID, "version", "is missing; it is required here");
    return status;
}

/* The release as it is stored, and what was found to doubt. */
static const char *add_doubts(struct http_request *request, const char *json,
                              const struct release_doubts *doubts)
{
    const char *warnings[RELEASE_DOUBTS_MAX];
    for (int i = 0; i < doubts->count; i++)
        warnings[i] = doubts->texts[i];
    return api_texts_add(&request->arena, json, "warnings", warnings, (size_t)doubts->count);
}

enum status handle_firmware_upload(struct http_request *request, struct error *error)
{
    struct firmware_new firmware = {0};
    struct release_doubts doubts = {0};
    struct version version;
    char canonical[VERSION_TEXT_SIZE];
    enum status status = http_request_content_type(request, "multipart/form-data", error);
    if (status == STATUS_OK && request->body == NULL)
        status = error_set(error, STATUS_INVALID, NULL, "the body is empty");
    if (status == STATUS_OK)
        status = read_form(request, &firmware, error);
    if (status == STATUS_OK)
        status =
            operate_firmware_upload(http_request_store(request), &request->actor, &firmware, &doubts, error);
    if (status == STATUS_OK)
        status = version_parse(firmware.version, &version, error);
    if (status != STATUS_OK)
        return status;
    version_format(&version, canonical);
    status = answer_firmware(request, canonical, error);
    if (status != STATUS_OK)
        return status;
    request->answer.code = 201;
    request->answer.json = add_doubts(request, request->answer.json, &doubts);
    return STATUS_OK;
}

enum status handle_firmware_set_current(struct http_request *request, struct error *error)
{
    const char *version = stored_version(request);
    const char *reason = NULL;
    bool changed = false;
    enum status status = http_request_reason(request, &reason, error);
    if (status == STATUS_OK)
        status = operate_firmware_set_current(http_request_store(request), &request->actor, version, reason,
                                              &changed, error);
    if (status == STATUS_OK)
        http_answer_json(request, 200, api_changed_format(&request->arena, changed, "version", version));
    return status;
}

/* The database is what counts; the files of this cache go too, as far as they are there. */
enum status handle_firmware_delete(struct http_request *request, struct error *error)
{
    const char *version = stored_version(request);
    struct firmware_removed removed;
    enum status status =
        operate_firmware_delete(http_request_store(request), &request->actor, version, &removed, error);
    if (status != STATUS_OK)
        return status;
    for (int i = 0; i < removed.count; i++) {
        image_cache_forget(request->shared->images, removed.sha256[i]);
        image_answers_forget(request->shared->image_answers, removed.sha256[i]);
    }
    http_answer_json(request, 200, api_changed_format(&request->arena, true, "version", version));
    return STATUS_OK;
}

enum status handle_signature_add(struct http_request *request, struct error *error)
{
    const char *version = stored_version(request);
    struct signature_document document;
    bool changed = false;
    enum status status = http_request_content_type(request, "application/json", error);
    if (status == STATUS_OK)
        status = signature_json_parse(request->body == NULL ? "" : request->body, request->body_length, "",
                                      &request->arena, &document, error);
    if (status == STATUS_OK)
        status = operate_signature_add(http_request_store(request), &request->actor, version, &document,
                                       &changed, error);
    if (status == STATUS_OK)
        http_answer_json(request, changed ? 201 : 200,
                         api_changed_format(&request->arena, changed, "version", version));
    return status;
}
