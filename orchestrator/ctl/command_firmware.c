#include <stdlib.h>
#include <string.h>

#include "show.h"

/* user1.bin or user2.bin by the end of the path; NULL when it is neither. */
static const char *slot_name(const char *path)
{
    static const char *const names[] = {"user1.bin", "user2.bin"};
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(name, names[i]) == 0)
            return names[i];
    }
    return NULL;
}

enum exit_code run_firmware_upload(struct session *session, const struct arguments *arguments)
{
    struct client_form_part parts[4] = {{.name = "version", .text = arguments->positionals[0]}};
    int count = 1;
    const char *notes = arguments_value(arguments, "notes");
    struct error error = {0};
    json_t *answer;
    if (notes != NULL)
        parts[count++] = (struct client_form_part){.name = "notes", .text = notes};
    for (int i = 1; i < arguments->positional_count; i++) {
        const char *path = arguments->positionals[i];
        const char *name = slot_name(path);
        if (name == NULL)
            return session_usage(session, "the file \"%s\" must be called user1.bin or user2.bin", path);
        parts[count++] = (struct client_form_part){.name = name, .file_path = path};
    }
    if (client_upload(session->client, "/v1/firmware", parts, count, &answer, &error) != STATUS_OK)
        return session_fail(session, &error);
    if (session->json)
        show_json(session->out, answer);
    else
        fprintf(session->out, "firmware %s uploaded\n", arguments->positionals[0]);
    json_decref(answer);
    return EXIT_DONE;
}

static void firmware_row(struct table *table, const json_t *item)
{
    table_row(table, item, "version|ptype");
    table_number(table, (long long)json_array_size(json_object_get(item, "images")));
    table_row(table, item, "@created_at|created_by|notes");
}

enum exit_code run_firmware_list(struct session *session, const struct arguments *arguments)
{
    return show_list(session, arguments, "/v1/firmware", "firmware",
                     "VERSION|>PTYPE|>IMAGES|UPLOADED (UTC)|BY|NOTES", firmware_row);
}

enum exit_code run_firmware_show(struct session *session, const struct arguments *arguments)
{
    json_t *firmware;
    enum exit_code code = show_fetch_named(session, "/v1/firmware/", arguments->positionals[0], &firmware);
    if (firmware == NULL)
        return code;
    table_print_members(session->out, firmware,
                        "Version=version|Ptype=ptype|Notes=notes|Uploaded=@created_at|By=created_by|"
                        "Devices=devices|Campaigns=campaigns");
    show_part(session, json_object_get(firmware, "images"), ">SLOT|>BYTES|SHA-256", "slot|size|sha256");
    json_decref(firmware);
    return EXIT_DONE;
}
