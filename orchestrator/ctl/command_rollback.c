#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy_json.h"
#include "show.h"

/* --- the plan --------------------------------------------------------------------------------------- */

static long long number_of(const json_t *plan, const char *member)
{
    return json_integer_value(json_object_get(plan, member));
}

static long long left_out_for(const json_t *plan, const char *reason)
{
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(plan, "left_out"), index, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "reason")), reason) == 0)
            return number_of(item, "devices");
    }
    return 0;
}

static void print_pace(FILE *out, const struct policy *policy)
{
    const struct gate_policy *gate = &policy->waves[0].gate;
    fprintf(out, "%-15s %lld in flight at most, ", "Pace:", (long long)policy->in_flight);
    if (policy->rate.per_minute > 0)
        fprintf(out, "%lld offers a minute%s\n", (long long)policy->rate.per_minute,
                policy->rate.growth_every > 0 ? " at the start" : "");
    else
        fputs("no limit of the rate\n", out);
    if (gate->kind == GATE_THRESHOLD)
        fprintf(out, "%-15s halts when %g%% of its devices have failed\n",
                "Gate:", gate->threshold.failure_percent);
    else
        fprintf(out, "%-15s sequential: %g%% failures are acceptable, %g%% are not\n",
                "Gate:", gate->sequential.acceptable_percent, gate->sequential.unacceptable_percent);
}

static void print_plan(struct session *session, const json_t *plan)
{
    struct error error = {0};
    struct policy policy;
    char *text = json_dumps(json_object_get(plan, "policy"), JSON_COMPACT);
    table_print_members(session->out, plan,
                        "Rolls back=campaign|State=state|Took part=took_part|Flip back=flip|"
                        "Download=download|Bytes to fetch=bytes");
    if (text != NULL && policy_json_parse(text, strlen(text), &policy, &error) == STATUS_OK)
        print_pace(session->out, &policy);
    free(text);
    show_part(session, json_object_get(plan, "to"), "BACK TO|WAY|>DEVICES", "version|way|devices");
    show_part(session, json_object_get(plan, "left_out"), "LEFT OUT FOR|>DEVICES", "reason|devices");
    show_part(session, json_object_get(plan, "other_campaigns"), "CAMPAIGN IN THE WAY|>DEVICES",
              "campaign|devices");
    fputc('\n', session->out);
    if (left_out_for(plan, "still_in_flight") > 0)
        fputs("Those still in flight go back too, where they end with the new firmware.\n", session->out);
    if (!json_is_true(json_object_get(plan, "possible")))
        fprintf(session->out, "It cannot be rolled back as it is: %s.\n",
                json_string_value(json_object_get(plan, "state")));
}

static void device_row(struct table *table, const json_t *item)
{
    table_row(table, item, "device|way|from|to|reason|campaign");
}

static enum exit_code list_devices(struct session *session, const struct arguments *arguments)
{
    char suffix[64] = "/rollback-plan/devices";
    const char *way = arguments_value(arguments, "way");
    if (way != NULL && strcmp(way, "flip") != 0 && strcmp(way, "download") != 0 && strcmp(way, "none") != 0)
        return session_usage(session, "--way is \"%s\"; allowed are flip, download and none", way);
    if (way != NULL)
        snprintf(suffix, sizeof suffix, "/rollback-plan/devices?way=%s", way);
    char *path = show_path("/v1/campaigns/", arguments->positionals[0], suffix);
    enum exit_code code =
        show_list(session, arguments, path, "devices", "DEVICE|WAY|RUNS|BACK TO|REASON|CAMPAIGN", device_row);
    free(path);
    return code;
}

/* --- the command ------------------------------------------------------------------------------------ */

static bool says_yes(struct session *session, long long devices)
{
    char answer[16] = "";
    fprintf(session->out, "Take %lld device%s back? yes or no: ", devices, devices == 1 ? "" : "s");
    fflush(session->out);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        fputc('\n', session->out);
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcmp(answer, "yes") == 0 || strcmp(answer, "y") == 0;
}

/* Shows the plan, and asks whoever sits there. False when the answer is no. */
static bool is_wanted(struct session *session, const struct arguments *arguments, const json_t *plan)
{
    bool possible = json_is_true(json_object_get(plan, "possible"));
    long long devices = number_of(plan, "flip") + number_of(plan, "download");
    if (!possible)
        return true; /* the server says why not, or that it is so already */
    print_plan(session, plan);
    if (devices == 0 && left_out_for(plan, "still_in_flight") == 0)
        fputs("No device would go back.\n", session->out);
    fflush(session->out);
    if (arguments_value(arguments, "yes") != NULL || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return true;
    return says_yes(session, devices);
}

static enum exit_code roll_back(struct session *session, const struct arguments *arguments)
{
    json_t *answer;
    const char *note;
    enum exit_code code = show_command(session, arguments, "/v1/campaigns/", "/rollback", &answer, &note);
    if (answer != NULL)
        show_campaign_done(session, arguments->positionals[0], answer, note);
    json_decref(answer);
    return code;
}

enum exit_code run_campaign_rollback(struct session *session, const struct arguments *arguments)
{
    bool only_plan = arguments_value(arguments, "plan") != NULL;
    bool only_devices = arguments_value(arguments, "devices") != NULL;
    if (!only_devices &&
        (arguments_value(arguments, "way") != NULL || arguments_value(arguments, "limit") != NULL))
        return session_usage(session, "--way and --limit are for --devices");
    if (only_devices)
        return list_devices(session, arguments);
    if (session->json && !only_plan)
        return roll_back(session, arguments); /* a program: one document, and nobody to ask */
    struct error declined = {.message = "nothing was done"};
    json_t *plan;
    char *path = show_path("/v1/campaigns/", arguments->positionals[0], "/rollback-plan");
    enum exit_code code = show_fetch(session, path, &plan);
    free(path);
    if (plan == NULL)
        return code;
    if (only_plan)
        print_plan(session, plan);
    else if (is_wanted(session, arguments, plan))
        code = roll_back(session, arguments);
    else
        code = session_fail(session, &declined);
    json_decref(plan);
    return code;
}
