#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csv.h"
#include "show.h"

enum exit_code run_device_register(struct session *session, const struct arguments *arguments)
{
    const char *id = arguments->positionals[0];
    const char *version = arguments_value(arguments, "version");
    const char *product = arguments_value(arguments, "product");
    long long ptype = 0;
    int position = 0;
    if (arguments_value(arguments, "ptype") == NULL)
        return session_usage(session, "--ptype is missing: device register ID --ptype P");
    if (!show_number(session, arguments, "ptype", 0, INT_MAX, &ptype))
        return EXIT_USAGE;
    json_t *device = json_pack("{ss sI s[]}", "id", id, "ptype", (json_int_t)ptype, "tags");
    if (device == NULL)
        return session_usage(session, "the id is not UTF-8");
    for (const char *tag; (tag = arguments_next(arguments, "tag", &position)) != NULL;)
        json_array_append_new(json_object_get(device, "tags"), json_string(tag));
    if (version != NULL)
        json_object_set_new(device, "version", json_string(version));
    if (product != NULL)
        json_object_set_new(device, "product", json_string(product));
    json_t *body = json_pack("{s[o]}", "devices", device);
    enum exit_code code = show_post(session, "/v1/devices", body, "device %s registered", id);
    json_decref(body);
    return code;
}

/* Sends what was read from `name`; errors of the server name its lines. */
static enum exit_code send_devices(struct session *session, const char *name, json_t *devices,
                                   const int *lines)
{
    struct error error = {0};
    json_t *answer;
    size_t count = json_array_size(json_object_get(devices, "devices"));
    if (isatty(STDERR_FILENO))
        client_show_progress(session->client, "importing");
    if (client_request(session->client, "POST", "/v1/devices", devices, &answer, &error) != STATUS_OK) {
        csv_name_line(&error, name, lines, count);
        return session_fail(session, &error);
    }
    if (session->json)
        show_json(session->out, answer);
    else
        fprintf(session->out, "%zu device%s registered\n", count, count == 1 ? "" : "s");
    json_decref(answer);
    return EXIT_DONE;
}

enum exit_code run_device_import(struct session *session, const struct arguments *arguments)
{
    struct error error = {0};
    const char *name;
    char *text;
    size_t length;
    json_t *devices;
    int *lines;
    if (csv_read_file(arguments->positionals[0], &name, &text, &length, &error) != STATUS_OK)
        return session_fail(session, &error);
    enum status status = csv_read_devices(name, text, length, session->errors, &devices, &lines, &error);
    free(text);
    if (status != STATUS_OK)
        return session_fail(session, &error);
    enum exit_code code = send_devices(session, name, devices, lines);
    json_decref(devices);
    free(lines);
    return code;
}

static void device_row(struct table *table, const json_t *item)
{
    table_row(table, item, "id|ptype|version|slot|online|@last_seen|tags");
}

enum exit_code run_device_list(struct session *session, const struct arguments *arguments)
{
    static const char *const filters[] = {"ptype", "tag", "version"};
    char *path = strdup("/v1/devices");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        const char *value = arguments_value(arguments, filters[i]);
        if (value == NULL)
            continue;
        char *before = path;
        char *escaped = client_escape(value);
        if (asprintf(&path, "%s%c%s=%s", before, strchr(before, '?') == NULL ? '?' : '&', filters[i],
                     escaped) < 0)
            abort();
        free(escaped);
        free(before);
    }
    enum exit_code code = show_list(session, arguments, path, "devices",
                                    "ID|>PTYPE|VERSION|>SLOT|ONLINE|LAST SEEN (UTC)|TAGS", device_row);
    free(path);
    return code;
}

static void print_targets(struct session *session, const json_t *device)
{
    show_part(session, json_object_get(device, "targets"),
              "CAMPAIGN|WAVE|STATE|>ATTEMPT|>PERCENT|FROM|TO|SINCE (UTC)|REASON",
              "campaign|wave_name|state|attempt|progress|from|to|@state_at|reason");
}

static void print_events(struct session *session, const json_t *device)
{
    show_part(session, json_object_get(device, "events"), "EVENT AT (UTC)|CAMPAIGN|>ATTEMPT|FROM|TO|REASON",
              "@at|campaign|attempt|from|to|reason");
}

enum exit_code run_device_show(struct session *session, const struct arguments *arguments)
{
    json_t *device;
    enum exit_code code = show_fetch_named(session, "/v1/devices/", arguments->positionals[0], &device);
    if (device == NULL)
        return code;
    table_print_members(session->out, device,
                        "Device=id|Product=product|Ptype=ptype|Tags=tags|Version=version|"
                        "Upgrade to=upgrade_to|Slot=slot|Boot=boot|"
                        "SHA-256=sha256|Reset reason=reset_reason|Online=online|Since=@online_changed_at|"
                        "Last seen=@last_seen|Reported=@reported_at|Registered=@registered_at");
    print_targets(session, device);
    print_events(session, device);
    json_decref(device);
    return EXIT_DONE;
}
