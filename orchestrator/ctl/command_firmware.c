#include <stdlib.h>
#include <string.h>

#include "release_files.h"
#include "show.h"
#include "signature_file.h"

enum { TEXTS_MAX = 9 };

/* The options that are sent as they are. */
static int add_texts(const struct arguments *arguments, struct client_form_part *parts)
{
    static const char *const texts[] = {"notes", "corename", "codename", "sequence", "requires"};
    int count = 0;
    parts[count++] = (struct client_form_part){.name = "version", .text = arguments->positionals[0]};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *value = arguments_value(arguments, texts[i]);
        if (value != NULL)
            parts[count++] = (struct client_form_part){.name = texts[i], .text = value};
    }
    if (arguments_value(arguments, "current") != NULL)
        parts[count++] = (struct client_form_part){.name = "current", .text = "true"};
    if (arguments_value(arguments, "strict") != NULL)
        parts[count++] = (struct client_form_part){.name = "strict", .text = "true"};
    return count;
}

/* The signed manifest says sequence and requires; an option that says otherwise is for the server to refuse.
 */
static int add_signature(const struct arguments *arguments, const struct signature_parts *signature,
                         struct client_form_part *parts, int count)
{
    parts[count++] = (struct client_form_part){.name = "signature", .text = signature->document};
    if (arguments_value(arguments, "sequence") == NULL && signature->sequence != NULL)
        parts[count++] = (struct client_form_part){.name = "sequence", .text = signature->sequence};
    if (arguments_value(arguments, "requires") == NULL && signature->requires != NULL)
        parts[count++] = (struct client_form_part){.name = "requires", .text = signature->requires};
    return count;
}

static enum status send_release(struct session *session, const struct arguments *arguments,
                                struct client_form_part *parts, int count, json_t **answer,
                                struct error *error)
{
    for (int i = 1; i < arguments->positional_count; i++) {
        const char *path = arguments->positionals[i];
        parts[count++] = (struct client_form_part){.name = file_base_name(path), .file_path = path};
    }
    return client_upload(session->client, "/v1/firmware", parts, count, answer, error);
}

/* What the server doubts of the images. The release is stored all the same. */
static void print_warnings(struct session *session, const json_t *answer)
{
    size_t index;
    json_t *warning;
    json_array_foreach(json_object_get(answer, "warnings"), index, warning)
    {
        fprintf(session->errors, "warning: %s\n", json_string_value(warning));
    }
}

enum exit_code run_firmware_upload(struct session *session, const struct arguments *arguments)
{
    struct client_form_part parts[TEXTS_MAX + FIRMWARE_FILES_MAX];
    struct signature_parts signature;
    struct error error = {0};
    json_t *answer;
    if (arguments->positional_count > 1 + FIRMWARE_FILES_MAX)
        return session_usage(session, "a release has at most %d files; these are %d", FIRMWARE_FILES_MAX,
                             arguments->positional_count - 1);
    int count = add_texts(arguments, parts);
    struct arena arena = {0};
    const char *path = arguments_value(arguments, "signature");
    enum status status = STATUS_OK;
    if (path != NULL)
        status = signature_file_read(path, &arena, &signature, &error);
    if (status == STATUS_OK && path != NULL)
        count = add_signature(arguments, &signature, parts, count);
    if (status == STATUS_OK)
        status = send_release(session, arguments, parts, count, &answer, &error);
    arena_release(&arena);
    if (status != STATUS_OK)
        return session_fail(session, &error);
    print_warnings(session, answer);
    if (session->json)
        show_json(session->out, answer);
    else
        fprintf(session->out, "firmware %s uploaded%s\n", arguments->positionals[0],
                json_is_true(json_object_get(answer, "current")) ? "; it is current now" : "");
    json_decref(answer);
    return EXIT_DONE;
}

static void firmware_row(struct table *table, const json_t *item)
{
    table_row(table, item, "version|ptype|current");
    table_number(table, (long long)json_array_size(json_object_get(item, "files")));
    table_row(table, item, "@created_at|created_by|notes");
}

enum exit_code run_firmware_list(struct session *session, const struct arguments *arguments)
{
    return show_list(session, arguments, "/v1/firmware", "firmware",
                     "VERSION|>PTYPE|CURRENT|>FILES|UPLOADED (UTC)|BY|NOTES", firmware_row);
}

enum exit_code run_firmware_show(struct session *session, const struct arguments *arguments)
{
    json_t *firmware;
    enum exit_code code = show_fetch_named(session, "/v1/firmware/", arguments->positionals[0], &firmware);
    if (firmware == NULL)
        return code;
    table_print_members(
        session->out, firmware,
        "Version=version|Ptype=ptype|Current=current|Core name=corename|"
        "Code name=codename|Notes=notes|Sequence=sequence|Requires=requires|Uploaded=@created_at|By=created_by|"
        "Devices=devices|Campaigns=campaigns");
    show_part(session, json_object_get(firmware, "files"), "FILE|>BYTES|SHA-256", "name|size|sha256");
    show_part(session, json_object_get(firmware, "signatures"), "SIGNED BY|VALID|KEY ID|ADDED (UTC)|BY",
              "key|valid|key_id|@created_at|created_by");
    json_decref(firmware);
    return EXIT_DONE;
}

enum exit_code run_firmware_set_current(struct session *session, const struct arguments *arguments)
{
    json_t *answer;
    const char *note;
    enum exit_code code = show_command(session, arguments, "/v1/firmware/", "/current", &answer, &note);
    if (answer != NULL)
        fprintf(session->out, "firmware %s is current%s\n",
                json_string_value(json_object_get(answer, "version")), note);
    json_decref(answer);
    return code;
}

enum exit_code run_firmware_delete(struct session *session, const struct arguments *arguments)
{
    json_t *answer;
    enum exit_code code =
        show_send_named(session, "DELETE", "/v1/firmware/", arguments->positionals[0], "", NULL, &answer);
    if (answer != NULL)
        fprintf(session->out, "firmware %s deleted\n", json_string_value(json_object_get(answer, "version")));
    json_decref(answer);
    return code;
}
