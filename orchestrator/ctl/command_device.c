#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "age.h"
#include "csv.h"
#include "device_key.h"
#include "flash_map.h"
#include "key_file.h"
#include "local_file.h"
#include "show.h"

static enum exit_code post_device(struct session *session, const char *id, json_t *body, const char *key_file)
{
    struct error error = {0};
    json_t *answer;
    if (client_request(session->client, "POST", "/v1/devices", body, &answer, &error) != STATUS_OK)
        return session_fail(session, &error);
    if (session->json)
        show_json(session->out, answer);
    else
        fprintf(session->out, "device %s registered\n", id);
    const json_t *made = json_array_get(json_object_get(answer, "devices"), 0);
    enum exit_code code =
        device_key_show(session, id, "master", json_string_value(json_object_get(made, "key")), key_file);
    json_decref(answer);
    return code;
}

enum exit_code run_device_register(struct session *session, const struct arguments *arguments)
{
    const char *id = arguments->positionals[0];
    const char *version = arguments_value(arguments, "version");
    const char *product = arguments_value(arguments, "product");
    const char *flash_map = arguments_value(arguments, "flash-map");
    const char *file = arguments_value(arguments, "key-bin");
    enum exit_code code = EXIT_DONE;
    long long ptype = 0;
    long long flash_kb = 0;
    int position = 0;
    if (arguments_value(arguments, "ptype") == NULL)
        return session_usage(session, "--ptype is missing: device register ID --ptype P");
    if (!show_number(session, arguments, "ptype", 0, INT_MAX, &ptype) ||
        !show_number(session, arguments, "flash-kb", 1, FLASH_SIZE_KB_MAX, &flash_kb))
        return EXIT_USAGE;
    if (!device_key_may_be_written(session, file, &code))
        return code;
    json_t *device = json_pack("{ss sI s[]}", "id", id, "ptype", (json_int_t)ptype, "tags");
    if (device == NULL)
        return session_usage(session, "the id is not UTF-8");
    for (const char *tag; (tag = arguments_next(arguments, "tag", &position)) != NULL;)
        json_array_append_new(json_object_get(device, "tags"), json_string(tag));
    if (version != NULL)
        json_object_set_new(device, "version", json_string(version));
    if (product != NULL)
        json_object_set_new(device, "product", json_string(product));
    if (flash_kb != 0)
        json_object_set_new(device, "flash_kb", json_integer(flash_kb));
    if (flash_map != NULL)
        json_object_set_new(device, "flash_map", json_string(flash_map));
    json_t *body = json_pack("{s[o]}", "devices", device);
    code = post_device(session, id, body, file);
    json_decref(body);
    return code;
}

/* What the server answered: the keys go to the file, or nowhere. */
static enum exit_code finish_import(struct session *session, size_t count, json_t *answer, const char *keys)
{
    struct error error = {0};
    const json_t *made = json_object_get(answer, "devices");
    if (keys != NULL && key_list_write(keys, made, &error) != STATUS_OK) {
        error_context(&error, "%zu device%s registered, but the keys are lost: device key makes others",
                      count, count == 1 ? " is" : "s are");
        return session_fail(session, &error);
    }
    if (session->json) {
        json_object_del(answer, "devices");
        show_json(session->out, answer);
        return EXIT_DONE;
    }
    fprintf(session->out, "%zu device%s registered\n", count, count == 1 ? "" : "s");
    if (keys != NULL)
        fprintf(session->out, "%zu new keys written to %s\n", json_array_size(made), keys);
    else if (json_array_size(made) > 0)
        fputs("their keys are not shown: --keys would have kept them, device key makes others\n",
              session->out);
    return EXIT_DONE;
}

/* Sends what was read from `name`; errors of the server name its lines. */
static enum exit_code send_devices(struct session *session, const char *name, json_t *devices,
                                   const int *lines, const char *keys)
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
    enum exit_code code = finish_import(session, count, answer, keys);
    json_decref(answer);
    return code;
}

enum exit_code run_device_import(struct session *session, const struct arguments *arguments)
{
    struct error error = {0};
    const char *name;
    char *text;
    size_t length;
    json_t *devices;
    int *lines;
    const char *keys = arguments_value(arguments, "keys");
    if (keys != NULL && local_file_check_new(keys, &error) != STATUS_OK)
        return session_fail(session, &error);
    if (csv_read_file(arguments->positionals[0], &name, &text, &length, &error) != STATUS_OK)
        return session_fail(session, &error);
    enum status status = csv_read_devices(name, text, length, session->errors, &devices, &lines, &error);
    free(text);
    if (status != STATUS_OK)
        return session_fail(session, &error);
    enum exit_code code = send_devices(session, name, devices, lines, keys);
    json_decref(devices);
    free(lines);
    return code;
}

static void device_row(struct table *table, const json_t *item)
{
    table_row(table, item, "id|ptype|version|slot|flash_kb|flash_map|online|@activated_at|@last_seen|tags");
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
    enum exit_code code = show_list(
        session, arguments, path, "devices",
        "ID|>PTYPE|VERSION|>SLOT|>FLASH|MAP|ONLINE|ACTIVATED (UTC)|LAST ACTIVE (UTC)|TAGS", device_row);
    free(path);
    return code;
}

static void print_targets(struct session *session, const json_t *device)
{
    show_part_with_ages(session, json_object_get(device, "targets"), show_text(device, "now"),
                        "CAMPAIGN|WAVE|STATE|>ATTEMPT|>PERCENT|FROM|TO|SINCE (UTC)|REASON",
                        "campaign|wave_name|state|attempt|progress|from|to|~state_at|reason");
}

static void print_events(struct session *session, const json_t *device)
{
    show_part_with_ages(session, json_object_get(device, "events"), show_text(device, "now"),
                        "EVENT AT (UTC)|CAMPAIGN|>ATTEMPT|FROM|TO|REASON",
                        "~at|campaign|attempt|from|to|reason");
}

/* "yes, for 2 h 5 min; heard of 40 s ago": what is known of the connection, and how old that is. */
static void describe_connection(json_t *device)
{
    const char *now = show_text(device, "now");
    char since[AGE_SIZE], heard[AGE_SIZE];
    bool is_future;
    bool has_since = age_write(show_text(device, "online_changed_at"), now, since, &is_future);
    bool has_heard = age_write(show_text(device, "last_seen"), now, heard, &is_future);
    json_object_set_new(device, "connection",
                        json_sprintf("%s%s%s%s%s%s",
                                     json_is_true(json_object_get(device, "online")) ? "yes" : "no",
                                     has_since ? ", for " : "", since, has_heard ? "; heard of " : "", heard,
                                     has_heard ? " ago" : ""));
}

enum exit_code run_device_show(struct session *session, const struct arguments *arguments)
{
    json_t *device;
    enum exit_code code = show_fetch_named(session, "/v1/devices/", arguments->positionals[0], &device);
    if (device == NULL)
        return code;
    describe_connection(device);
    table_print_members(
        session->out, device,
        "Device=id|Product=product|Ptype=ptype|Tags=tags|Version=version|"
        "Upgrade to=upgrade_to|Slot=slot|Boot=boot|"
        "SHA-256=sha256|Flash (KB)=flash_kb|Flash map=flash_map|Largest image=image_max|Reset reason=reset_reason|Online=connection|Since=~online_changed_at|"
        "Activated=~activated_at|Last active=~last_seen|Reported=~reported_at|Registered=~registered_at|"
        "Quarantined until=~quarantined_until|Quarantined by=quarantined_by");
    print_targets(session, device);
    print_events(session, device);
    json_decref(device);
    return EXIT_DONE;
}

enum exit_code run_device_release(struct session *session, const struct arguments *arguments)
{
    json_t *answer;
    const char *note;
    enum exit_code code = show_command(session, arguments, "/v1/devices/", "/release", &answer, &note);
    if (answer != NULL)
        fprintf(session->out, "device %s %s\n", json_string_value(json_object_get(answer, "id")),
                note[0] == '\0' ? "is released" : "was in no quarantine; nothing changed");
    json_decref(answer);
    return code;
}
