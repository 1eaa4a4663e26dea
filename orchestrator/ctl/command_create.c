#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "device_ids.h"
#include "overlap.h"
#include "plan.h"
#include "policy_file.h"
#include "report.h"
#include "show.h"

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

/* Copies options to members of the same meaning. False when one is not UTF-8. */
static bool put_options(const struct arguments *arguments, const char *const members[][2], size_t count,
                        json_t *body)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = arguments_value(arguments, members[i][0]);
        if (value != NULL && json_object_set_new(body, members[i][1], json_string(value)) != 0)
            return false;
    }
    return true;
}

/* Who comes first. -1 when not given. */
struct order {
    long long priority, seed;
};

static bool read_order(struct session *session, const struct arguments *arguments, struct order *order)
{
    *order = (struct order){-1, -1};
    return (arguments_value(arguments, "priority") == NULL ||
            show_number(session, arguments, "priority", 0, PRIORITY_MAX, &order->priority)) &&
           (arguments_value(arguments, "seed") == NULL ||
            show_number(session, arguments, "seed", 0, SEED_MAX, &order->seed));
}

/* Who takes part, and how it goes. Release with json_decref; NULL when an argument is not UTF-8. */
static json_t *choice_body(const struct arguments *arguments, const char *policy_text, size_t policy_length,
                           json_t *devices, const struct order *order)
{
    static const char *const members[][2] = {
        {"firmware", "firmware"}, {"from", "from"}, {"select", "select"}, {"overlap", "overlap"}};
    int position = 0;
    json_t *body = json_pack("{s[] so}", "tags", "policy", json_loadb(policy_text, policy_length, 0, NULL));
    bool good = put_options(arguments, members, sizeof members / sizeof members[0], body);
    for (const char *tag; (tag = arguments_next(arguments, "tag", &position)) != NULL;)
        good = json_array_append_new(json_object_get(body, "tags"), json_string(tag)) == 0 && good;
    if (json_array_size(devices) > 0)
        json_object_set(body, "devices", devices);
    if (order->priority >= 0)
        json_object_set_new(body, "priority", json_integer(order->priority));
    if (order->seed >= 0)
        json_object_set_new(body, "seed", json_integer(order->seed));
    if (good)
        return body;
    json_decref(body);
    return NULL;
}

/* The same from files and options. *body is NULL after an error, which was said. */
static enum exit_code read_choice(struct session *session, const struct arguments *arguments,
                                  struct device_choice *choice, json_t **body)
{
    struct error error = {0};
    struct policy policy;
    char *text;
    size_t length;
    const char *path = arguments_value(arguments, "policy");
    struct order order;
    *body = NULL;
    if (!read_order(session, arguments, &order))
        return EXIT_USAGE;
    if (arguments_value(arguments, "firmware") == NULL || path == NULL)
        return session_usage(session, "--%s is missing; see %s --help", path == NULL ? "policy" : "firmware",
                             arguments->path);
    if (policy_file_read(path, &text, &length, &policy, &error) != STATUS_OK)
        return session_fail(session, &error);
    enum exit_code code = EXIT_DONE;
    if (choose_devices(session, arguments, choice, &error) != STATUS_OK)
        code = session_fail(session, &error);
    else if ((*body = choice_body(arguments, text, length, choice->ids, &order)) == NULL)
        code = session_usage(session, "the arguments are not UTF-8");
    free(text);
    return code;
}

/* Errors of the server name lines of the file of devices. */
static enum exit_code send(struct session *session, const char *path, json_t *body,
                           const struct device_choice *choice, json_t **answer)
{
    struct error error = {0};
    if (client_request(session->client, "POST", path, body, answer, &error) == STATUS_OK)
        return EXIT_DONE;
    csv_name_line(&error, choice->name, choice->lines, choice->line_count);
    *answer = NULL;
    return session_fail(session, &error);
}

/* --- campaigns -------------------------------------------------------------------------------------- */

/* {"plan"}, with nothing beside it that the plan has decided. */
static enum exit_code plan_body(struct session *session, const struct arguments *arguments, json_t **body)
{
    static const char *const decided[] = {"firmware", "policy",  "from",     "select",  "tag",
                                          "device",   "devices", "priority", "overlap", "seed"};
    long long plan = 0;
    *body = NULL;
    for (size_t i = 0; i < sizeof decided / sizeof decided[0]; i++) {
        int position = 0;
        if (arguments_next(arguments, decided[i], &position) != NULL)
            return session_usage(session, "--%s is not allowed beside --plan, which has decided it",
                                 decided[i]);
    }
    if (!show_number(session, arguments, "plan", 1, LLONG_MAX, &plan))
        return EXIT_USAGE;
    *body = json_pack("{sI}", "plan", (json_int_t)plan);
    return EXIT_DONE;
}

static enum exit_code create(struct session *session, const struct arguments *arguments, json_t *body,
                             const struct device_choice *choice)
{
    static const char *const members[][2] = {
        {"start-at", "start_at"}, {"end-at", "end_at"}, {"at-end", "at_end"}};
    const char *name = arguments->positionals[0];
    bool start = arguments_value(arguments, "start") != NULL;
    json_t *answer;
    if (json_object_set_new(body, "name", json_string(name)) != 0 ||
        !put_options(arguments, members, sizeof members / sizeof members[0], body))
        return session_usage(session, "the arguments are not UTF-8");
    json_object_set_new(body, "start", json_boolean(start));
    enum exit_code code = send(session, "/v1/campaigns", body, choice, &answer);
    if (answer == NULL)
        return code;
    const char *state = json_string_value(json_object_get(answer, "state"));
    if (session->json)
        show_json(session->out, answer);
    else if (start && state != NULL && strcmp(state, "awaiting_approval") == 0)
        fprintf(session->out, "campaign %s created; it awaits approval\n", name);
    else if (start)
        fprintf(session->out, "campaign %s created and started\n", name);
    else
        fprintf(session->out, "campaign %s created; start it with: orchestratorctl campaign start %s\n", name,
                name);
    json_decref(answer);
    return EXIT_DONE;
}

enum exit_code run_campaign_create(struct session *session, const struct arguments *arguments)
{
    struct device_choice choice = {0};
    json_t *body;
    enum exit_code code = arguments_value(arguments, "plan") != NULL
                              ? plan_body(session, arguments, &body)
                              : read_choice(session, arguments, &choice, &body);
    if (body != NULL)
        code = create(session, arguments, body, &choice);
    json_decref(body);
    release_devices(&choice);
    return code;
}

/* --- plans ------------------------------------------------------------------------------------------ */

/* Ways over stepping stones, one a line. */
static void print_paths(struct session *session, const json_t *paths)
{
    for (size_t i = 0; i < json_array_size(paths); i++) {
        const json_t *path = json_array_get(paths, i), *hops = json_object_get(path, "hops");
        fprintf(session->out, "%s%s", i == 0 ? "\n" : "", json_string_value(json_object_get(path, "from")));
        for (size_t hop = 0; hop < json_array_size(hops); hop++)
            fprintf(session->out, " -> %s", json_string_value(json_array_get(hops, hop)));
        fputc('\n', session->out);
    }
}

/* Whether devices are left out that a campaign of such a plan refuses to start beside. */
static bool plan_refuses(const json_t *plan)
{
    const json_t *left_out = json_object_get(plan, "left_out");
    const char *overlap = json_string_value(json_object_get(plan, "overlap"));
    for (size_t i = 0; i < json_array_size(left_out); i++) {
        const char *reason = json_string_value(json_object_get(json_array_get(left_out, i), "reason"));
        if (reason != NULL && strcmp(reason, "other_campaign") == 0)
            return overlap != NULL && strcmp(overlap, "refuse") == 0;
    }
    return false;
}

static void print_plan(struct session *session, const json_t *plan)
{
    long long number = json_integer_value(json_object_get(plan, "plan"));
    long long seconds = json_integer_value(json_object_get(plan, "least_seconds"));
    table_print_members(
        session->out, plan,
        "Plan=plan|Firmware=firmware|From=from|Tags=tags|Select=select|Devices=members|"
        "Bytes to fetch=bytes|Seed=seed|Priority=priority|Overlap=overlap|By=created_by|Created=@created_at");
    fprintf(session->out,
            "At least:       %lldh %02lldm %02llds, at the rate and with the soaks of its policy\n",
            seconds / 3600, seconds / 60 % 60, seconds % 60);
    show_part(session, json_object_get(plan, "waves"), "WAVE|>DEVICES", "name|members");
    print_paths(session, json_object_get(plan, "paths"));
    show_part(session, json_object_get(plan, "queued"), "WAITS FOR|>PRIORITY|STATE|>DEVICES",
              "campaign|priority|state|devices");
    show_part(session, json_object_get(plan, "left_out"), "LEFT OUT FOR|>DEVICES", "reason|devices");
    if (plan_refuses(plan))
        fprintf(session->out, "\nIt does not start before other campaigns have ended for the devices in "
                              "other_campaign: --overlap refuse.\n");
    fprintf(session->out,
            "\nWho: orchestratorctl plan devices %lld; plan left-out %lld. To do exactly this:\n"
            "orchestratorctl campaign create NAME --plan %lld\n",
            number, number, number);
}

enum exit_code run_campaign_plan(struct session *session, const struct arguments *arguments)
{
    struct device_choice choice = {0};
    json_t *body, *answer = NULL;
    enum exit_code code = read_choice(session, arguments, &choice, &body);
    if (body != NULL)
        code = send(session, "/v1/plans", body, &choice, &answer);
    if (answer != NULL && session->json)
        show_json(session->out, answer);
    else if (answer != NULL)
        print_plan(session, answer);
    json_decref(answer);
    json_decref(body);
    release_devices(&choice);
    return code;
}

enum exit_code run_plan_show(struct session *session, const struct arguments *arguments)
{
    json_t *plan;
    enum exit_code code = show_fetch_named(session, "/v1/plans/", arguments->positionals[0], &plan);
    if (plan == NULL)
        return code;
    print_plan(session, plan);
    json_decref(plan);
    return EXIT_DONE;
}

static void device_row(struct table *table, const json_t *item)
{
    table_row(table, item, "device|wave|version|slot");
}

static void left_out_row(struct table *table, const json_t *item)
{
    table_row(table, item, "device|reason|version");
}

enum exit_code run_plan_devices(struct session *session, const struct arguments *arguments)
{
    char suffix[64] = "/devices";
    long long wave = -1;
    if (arguments_value(arguments, "wave") != NULL) {
        if (!show_number(session, arguments, "wave", 0, 31, &wave))
            return EXIT_USAGE;
        snprintf(suffix, sizeof suffix, "/devices?wave=%lld", wave);
    }
    char *path = show_path("/v1/plans/", arguments->positionals[0], suffix);
    enum exit_code code =
        show_list(session, arguments, path, "devices", "DEVICE|>WAVE|VERSION|>SLOT", device_row);
    free(path);
    return code;
}

enum exit_code run_plan_left_out(struct session *session, const struct arguments *arguments)
{
    char *path = show_path("/v1/plans/", arguments->positionals[0], "/left-out");
    enum exit_code code =
        show_list(session, arguments, path, "devices", "DEVICE|REASON|VERSION", left_out_row);
    free(path);
    return code;
}
