#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"
#include "target_fsm.h"
#include "watch_view.h"

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
    const json_t *rate = json_object_get(campaign, "rate_per_minute");
    if (json_is_integer(rate) && json_integer_value(rate) == 0)
        json_object_set_new(copy, "rate_per_minute", json_string("no limit"));
    if (json_is_true(json_object_get(campaign, "downloads_stopped")))
        json_object_set_new(copy, "downloads", json_string("stopped by the pause"));
    return copy;
}

static void print_campaign(struct session *session, const json_t *campaign)
{
    json_t *shown = for_people(campaign);
    table_print_members(
        session->out, shown,
        "Campaign=name|Kind=kind|Rolls back=parent|Firmware=firmware|From=from|Tags=tags|Select=select|Plan=plan|Only=devices|Seed=seed|Priority=priority|Overlap=overlap|State=state|"
        "Reason=state_reason|Tick fails=tick_error|Fails since=@tick_error_at|Devices=members|To be written=unwritten|Waiting=queued|In flight=in_flight|Downloads=downloads|Cap=in_flight_cap|"
        "Starts at=@start_at|Ends at=@end_at|At its end=at_end|Rate a minute=rate_per_minute|Last minute=offers_last_minute|Seconds left=seconds_left|"
        "Created=@created_at|By=created_by|Started=@started_at|Ended=@ended_at");
    json_decref(shown);
    char counts[512];
    watch_view_counts(campaign, counts, sizeof counts);
    fprintf(session->out, "%-15s %s\n", "Counts:", counts);
    const json_t *ways = json_object_get(campaign, "ways");
    if (json_is_object(ways))
        fprintf(session->out, "%-15s %lld flip back, %lld download\n",
                "Expected:", (long long)json_integer_value(json_object_get(ways, "flip")),
                (long long)json_integer_value(json_object_get(ways, "download")));
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
    table_row(table, item, "device|wave_name|state|attempt|progress|from|to|hop|@state_at|reason");
}

static const char allowed_states[] =
#define X(name, text) ", " text
    TARGET_STATE_LIST(X)
#undef X
    ;

enum exit_code run_campaign_targets(struct session *session, const struct arguments *arguments)
{
    const char *state = arguments_value(arguments, "state");
    enum target_state known;
    long long wave = -1;
    char filter[96] = "";
    if (state != NULL && !target_state_parse(state, &known))
        return session_usage(session, "--state is \"%s\"; allowed is one of %s", state,
                             allowed_states + strlen(", "));
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
                  "DEVICE|WAVE|STATE|>ATTEMPT|>PERCENT|FROM|TO|>HOP|SINCE (UTC)|REASON", target_row);
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
        show_campaign_done(session, arguments->positionals[0], answer, note);
    json_decref(answer);
    return code;
}

/* The body of pause and resume. NULL: the usage was said. */
static json_t *order_body(struct session *session, const struct arguments *arguments)
{
    json_t *body;
    bool stops = arguments_value(arguments, "stop-downloads") != NULL,
         keeps = arguments_value(arguments, "keep-downloads") != NULL;
    if (stops && keeps) {
        session_usage(session, "give --stop-downloads or --keep-downloads, not both");
        return NULL;
    }
    if (!show_reason(session, arguments, &body))
        return NULL;
    if (body == NULL)
        body = json_object();
    if (stops || keeps)
        json_object_set_new(body, "stop_downloads", json_boolean(stops));
    if (arguments_value(arguments, "accept-no-success") != NULL)
        json_object_set_new(body, "accept_no_success", json_true());
    return body;
}

/* One line for each thing that happens. */
static void print_order_plan(struct session *session, const json_t *answer)
{
    const char *plan = json_string_value(json_object_get(answer, "plan"));
    if (plan == NULL) {
        fputs("It is so already.\n", session->out);
        return;
    }
    for (const char *end; (end = strstr(plan, "; ")) != NULL; plan = end + strlen("; "))
        fprintf(session->out, "- %.*s\n", (int)(end - plan), plan);
    fprintf(session->out, "- %s\n", plan);
    fflush(session->out);
}

/* Pause and resume say what they do before they do it. */
enum exit_code run_campaign_order(struct session *session, const struct arguments *arguments)
{
    const char *name = arguments->positionals[0];
    bool only_plan = arguments_value(arguments, "plan") != NULL;
    char suffix[32];
    json_t *answer = NULL, *body = order_body(session, arguments);
    if (body == NULL)
        return EXIT_USAGE;
    enum exit_code code = EXIT_DONE;
    snprintf(suffix, sizeof suffix, "/%s", arguments->command->name);
    if (only_plan || !session->json) {
        json_object_set_new(body, "plan_only", json_true());
        code = show_send_named(session, "POST", "/v1/campaigns/", name, suffix, body, &answer);
        if (answer != NULL)
            print_order_plan(session, answer);
        json_decref(answer);
        json_object_del(body, "plan_only");
    }
    if (code == EXIT_DONE && !only_plan) {
        code = show_send_named(session, "POST", "/v1/campaigns/", name, suffix, body, &answer);
        if (answer != NULL) {
            json_object_del(answer, "in_flight"); /* the plan has said what becomes of them */
            show_campaign_done(session, name, answer,
                               json_is_true(json_object_get(answer, "changed"))
                                   ? ""
                                   : " (it was so already; nothing changed)");
        }
        json_decref(answer);
    }
    json_decref(body);
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
