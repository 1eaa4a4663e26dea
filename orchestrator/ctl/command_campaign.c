#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "device_ids.h"
#include "policy_file.h"
#include "report.h"
#include "show.h"
#include "target_fsm.h"
#include "watch_view.h"

/* The devices that a campaign is for: those of the file first, so that their places are those of its lines.
 */
struct device_choice {
    json_t *ids;      /* empty: any device */
    const char *name; /* of the file; NULL when there is none */
    int *lines;       /* of the file's ids */
    size_t line_count;
};

static enum status read_file_of_devices(struct session *session, const char *path,
                                        struct device_choice *choice, struct error *error)
{
    char *text;
    size_t length;
    enum status status = csv_read_file(path, &choice->name, &text, &length, error);
    if (status != STATUS_OK)
        return status;
    status =
        device_ids_read(choice->name, text, length, session->errors, &choice->ids, &choice->lines, error);
    choice->line_count = json_array_size(choice->ids);
    free(text);
    return status;
}

static void release_devices(struct device_choice *choice)
{
    json_decref(choice->ids);
    free(choice->lines);
}

/* Release with release_devices, also after an error. */
static enum status choose_devices(struct session *session, const struct arguments *arguments,
                                  struct device_choice *choice, struct error *error)
{
    int position = 0;
    const char *path = arguments_value(arguments, "devices");
    *choice = (struct device_choice){0};
    if (path != NULL && read_file_of_devices(session, path, choice, error) != STATUS_OK)
        return error->status;
    if (choice->ids == NULL)
        choice->ids = json_array();
    for (const char *id; (id = arguments_next(arguments, "device", &position)) != NULL;) {
        if (!device_id_is_valid(id))
            return error_set(error, STATUS_INVALID, NULL,
                             "--device \"%.80s\": allowed are 1 to 64 characters of A-Z a-z 0-9 . _ -", id);
        json_array_append_new(choice->ids, json_string(id));
    }
    return STATUS_OK;
}

static json_t *campaign_body(const struct arguments *arguments, const char *policy_text, size_t policy_length,
                             json_t *devices)
{
    int position = 0;
    json_t *body = json_pack("{ss ss s[] so sb}", "name", arguments->positionals[0], "firmware",
                             arguments_value(arguments, "firmware"), "tags", "policy",
                             json_loadb(policy_text, policy_length, 0, NULL), "start",
                             arguments_value(arguments, "start") != NULL);
    if (body == NULL)
        return NULL;
    static const char *const members[][2] = {
        {"from", "from"}, {"start-at", "start_at"}, {"end-at", "end_at"}, {"at-end", "at_end"}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *value = arguments_value(arguments, members[i][0]);
        if (value != NULL)
            json_object_set_new(body, members[i][1], json_string(value));
    }
    for (const char *tag; (tag = arguments_next(arguments, "tag", &position)) != NULL;)
        json_array_append_new(json_object_get(body, "tags"), json_string(tag));
    if (json_array_size(devices) > 0)
        json_object_set(body, "devices", devices);
    return body;
}

/* Errors of the server name lines of the file of devices. */
static enum exit_code create_campaign(struct session *session, const struct arguments *arguments,
                                      json_t *body, const struct device_choice *choice)
{
    struct error error = {0};
    json_t *answer;
    const char *name = arguments->positionals[0];
    if (client_request(session->client, "POST", "/v1/campaigns", body, &answer, &error) != STATUS_OK) {
        csv_name_line(&error, choice->name, choice->lines, choice->line_count);
        return session_fail(session, &error);
    }
    if (session->json)
        show_json(session->out, answer);
    else if (arguments_value(arguments, "start") != NULL)
        fprintf(session->out, "campaign %s created and started\n", name);
    else
        fprintf(session->out, "campaign %s created; start it with: orchestratorctl campaign start %s\n", name,
                name);
    json_decref(answer);
    return EXIT_DONE;
}

enum exit_code run_campaign_create(struct session *session, const struct arguments *arguments)
{
    struct error error = {0};
    struct policy policy;
    struct device_choice choice;
    char *text;
    size_t length;
    const char *path = arguments_value(arguments, "policy");
    if (arguments_value(arguments, "firmware") == NULL || path == NULL)
        return session_usage(session, "--%s is missing; see %s --help", path == NULL ? "policy" : "firmware",
                             arguments->path);
    if (policy_file_read(path, &text, &length, &policy, &error) != STATUS_OK)
        return session_fail(session, &error);
    enum exit_code code;
    if (choose_devices(session, arguments, &choice, &error) != STATUS_OK) {
        code = session_fail(session, &error);
    } else {
        json_t *body = campaign_body(arguments, text, length, choice.ids);
        code = body == NULL ? session_usage(session, "the arguments are not UTF-8")
                            : create_campaign(session, arguments, body, &choice);
        json_decref(body);
    }
    release_devices(&choice);
    free(text);
    return code;
}

static void campaign_row(struct table *table, const json_t *item)
{
    table_row(table, item,
              "name|kind|firmware|state|members|confirmed|failures|in_flight|pending|@created_at|@ended_at");
}

enum exit_code run_campaign_list(struct session *session, const struct arguments *arguments)
{
    return show_list(
        session, arguments, "/v1/campaigns", "campaigns",
        "NAME|KIND|FIRMWARE|STATE|>DEVICES|>CONFIRMED|>FAILED|>IN FLIGHT|>LEFT|CREATED (UTC)|ENDED (UTC)",
        campaign_row);
}

static void print_waves(struct session *session, const json_t *campaign)
{
    show_part(session, json_object_get(campaign, "waves"),
              "WAVE|STATE|>DEVICES|>CONFIRMED|>FAILED|>IN FLIGHT|>LEFT|VERDICT",
              "name|state|members|counts.confirmed|failures|in_flight|counts.pending|verdict");
}

/* The same campaign with what people want told otherwise. Release with json_decref. */
static json_t *for_people(const json_t *campaign)
{
    enum { DEVICES_SHOWN = 5 };
    json_t *copy = json_copy((json_t *)(uintptr_t)campaign);
    size_t devices = json_array_size(json_object_get(campaign, "devices"));
    if (devices > DEVICES_SHOWN)
        json_object_set_new(copy, "devices", json_sprintf("%zu devices, by name", devices));
    if (json_integer_value(json_object_get(campaign, "rate_per_minute")) == 0)
        json_object_set_new(copy, "rate_per_minute", json_string("no limit"));
    return copy;
}

static void print_campaign(struct session *session, const json_t *campaign)
{
    json_t *shown = for_people(campaign);
    table_print_members(
        session->out, shown,
        "Campaign=name|Kind=kind|Rolls back=parent|Firmware=firmware|From=from|Tags=tags|Only=devices|State=state|"
        "Reason=state_reason|Devices=members|In flight=in_flight|Cap=in_flight_cap|"
        "Starts at=@start_at|Ends at=@end_at|At its end=at_end|Rate a minute=rate_per_minute|Last minute=offers_last_minute|Seconds left=seconds_left|"
        "Created=@created_at|By=created_by|Started=@started_at|Ended=@ended_at");
    json_decref(shown);
    char counts[512];
    watch_view_counts(campaign, counts, sizeof counts);
    fprintf(session->out, "%-15s %s\n", "Counts:", counts);
    print_waves(session, campaign);
}

/* Both sides of a rollback: the campaign and, when there is one, the campaign that takes it back. */
enum exit_code run_campaign_show(struct session *session, const struct arguments *arguments)
{
    json_t *campaign;
    enum exit_code code = show_fetch_named(session, "/v1/campaigns/", arguments->positionals[0], &campaign);
    if (campaign == NULL)
        return code;
    print_campaign(session, campaign);
    const char *rollback = json_string_value(json_object_get(json_object_get(campaign, "rollback"), "name"));
    if (rollback != NULL) {
        json_t *child;
        code = show_fetch_named(session, "/v1/campaigns/", rollback, &child);
        if (child != NULL) {
            fprintf(session->out, "\nRollback\n--------\n");
            print_campaign(session, child);
            json_decref(child);
        }
    }
    json_decref(campaign);
    return code;
}

static void target_row(struct table *table, const json_t *item)
{
    table_row(table, item, "device|wave_name|state|attempt|progress|from|to|@state_at|reason");
}

enum exit_code run_campaign_targets(struct session *session, const struct arguments *arguments)
{
    const char *state = arguments_value(arguments, "state");
    enum target_state known;
    long long wave = -1;
    char filter[96] = "";
    if (state != NULL && !target_state_parse(state, &known))
        return session_usage(session, "--state \"%s\" is no state of a device in a campaign", state);
    if (!show_number(session, arguments, "wave", 0, SHRT_MAX, &wave))
        return EXIT_USAGE;
    if (wave >= 0)
        snprintf(filter, sizeof filter, "?wave=%lld%s%s", wave,
                 state == NULL ? "" : "&state=", state == NULL ? "" : state);
    else if (state != NULL)
        snprintf(filter, sizeof filter, "?state=%s", state);
    char *segment = show_path("/v1/campaigns/", arguments->positionals[0], "/targets");
    char *path;
    if (asprintf(&path, "%s%s", segment, filter) < 0)
        abort();
    enum exit_code code =
        show_list(session, arguments, path, "targets",
                  "DEVICE|WAVE|STATE|>ATTEMPT|>PERCENT|FROM|TO|SINCE (UTC)|REASON", target_row);
    free(path);
    free(segment);
    return code;
}

enum exit_code run_campaign_command(struct session *session, const struct arguments *arguments)
{
    json_t *answer;
    const char *note;
    char suffix[32];
    snprintf(suffix, sizeof suffix, "/%s", arguments->command->name);
    enum exit_code code = show_command(session, arguments, "/v1/campaigns/", suffix, &answer, &note);
    if (answer != NULL)
        fprintf(session->out, "campaign %s: %s%s\n", arguments->positionals[0],
                json_string_value(json_object_get(answer, "state")), note);
    json_decref(answer);
    return code;
}

enum exit_code run_campaign_approve(struct session *session, const struct arguments *arguments)
{
    struct error error = {0};
    json_t *answer, *body;
    const char *wave = arguments_value(arguments, "wave"), *name = arguments->positionals[0];
    if (!show_reason(session, arguments, &body))
        return EXIT_USAGE;
    if (wave != NULL && body == NULL)
        body = json_object();
    if (wave != NULL && json_object_set_new(body, "wave", json_string(wave)) != 0) {
        json_decref(body);
        return session_usage(session, "--wave is not UTF-8");
    }
    char *path = show_path("/v1/campaigns/", name, "/approve");
    enum status status = client_request(session->client, "POST", path, body, &answer, &error);
    free(path);
    json_decref(body);
    if (status != STATUS_OK)
        return session_fail(session, &error);
    long long missing = json_integer_value(json_object_get(answer, "missing"));
    if (session->json)
        show_json(session->out, answer);
    else
        fprintf(session->out, "campaign %s: approved%s, %lld more wanted; it is %s\n", name,
                json_is_true(json_object_get(answer, "changed")) ? "" : " already", missing,
                json_string_value(json_object_get(answer, "state")));
    json_decref(answer);
    return EXIT_DONE;
}
