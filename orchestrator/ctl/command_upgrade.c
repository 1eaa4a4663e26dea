/* device upgrade: a campaign of one device, and what the device answers to it. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "moment.h"
#include "one_device.h"
#include "policy_file.h"
#include "policy_json.h"
#include "report.h"
#include "show.h"
#include "target_fsm.h"
#include "version.h"

enum { WAIT_SECONDS = 30, WAIT_SECONDS_MAX = 86400 };

struct upgrade {
    struct session *session;
    const char *device;
    struct version version;
    char to[VERSION_TEXT_SIZE];
    char campaign[NAME_MAX_LENGTH + 1];
    int64_t now;    /* the server's time: this computer's clock has no say in names */
    long long wait; /* seconds */
    json_t *target; /* as it was last seen; NULL: the campaign has not been planned yet */
};

static enum target_state state_of(const json_t *target)
{
    enum target_state state;
    return target_state_parse(show_text(target, "state"), &state) ? state : TARGET_PENDING;
}

/* --- before: what would keep the device out of a campaign, told of this one device --- */

static enum status check_version(const struct upgrade *upgrade, const json_t *device, struct error *error)
{
    const char *text = show_text(device, "version");
    struct version current;
    if (json_integer_value(json_object_get(device, "ptype")) != upgrade->version.ptype)
        return error_set(error, STATUS_CONFLICT, NULL, "device %s is of ptype %lld, %s is for another",
                         upgrade->device, json_integer_value(json_object_get(device, "ptype")), upgrade->to);
    if (text[0] == '\0')
        return error_set(error, STATUS_CONFLICT, NULL,
                         "it is not known what device %s runs: it has never reported, nor been registered "
                         "with a version",
                         upgrade->device);
    if (version_parse(text, &current, error) != STATUS_OK)
        return error_context(error, "the version of device %s", upgrade->device);
    if (!version_is_online(&current))
        return error_set(error, STATUS_CONFLICT, NULL,
                         "device %s runs %s, whose class cannot be upgraded online", upgrade->device, text);
    if (current.scheme != upgrade->version.scheme)
        return error_set(error, STATUS_CONFLICT, NULL,
                         "device %s runs %s: versions of different schemes have no order", upgrade->device,
                         text);
    if (version_compare(&upgrade->version, &current) <= 0)
        return error_set(error, STATUS_CONFLICT, NULL, "device %s runs %s: %s is not newer", upgrade->device,
                         text, upgrade->to);
    return STATUS_OK;
}

static enum status check_campaigns(const struct upgrade *upgrade, const json_t *device, struct error *error)
{
    size_t index;
    json_t *target;
    json_array_foreach(json_object_get(device, "targets"), index, target)
    {
        if (!target_state_ended(state_of(target)))
            return error_set(error, STATUS_CONFLICT, NULL,
                             "device %s is in campaign %s already (%s); it can be in one at a time",
                             upgrade->device, show_text(target, "campaign"), show_text(target, "state"));
    }
    return STATUS_OK;
}

static enum status fetch_device(const struct upgrade *upgrade, json_t **device, struct error *error)
{
    char *path = show_path("/v1/devices/", upgrade->device, "");
    enum status status = client_request(upgrade->session->client, "GET", path, NULL, device, error);
    free(path);
    if (status == STATUS_NOT_FOUND)
        return error_set(error, STATUS_NOT_FOUND, NULL, "no device has the id %s", upgrade->device);
    return status;
}

static enum status read_time(struct upgrade *upgrade, const json_t *device, struct error *error)
{
    if (moment_parse(show_text(device, "now"), &upgrade->now))
        return STATUS_OK;
    return error_set(error, STATUS_INTERNAL, NULL,
                     "the server does not say what time it is: it is older than this orchestratorctl");
}

static enum status check_device(struct upgrade *upgrade, struct error *error)
{
    json_t *device;
    enum status status = fetch_device(upgrade, &device, error);
    if (status != STATUS_OK)
        return status;
    status = check_version(upgrade, device, error);
    if (status == STATUS_OK)
        status = read_time(upgrade, device, error);
    if (status == STATUS_OK)
        status = check_campaigns(upgrade, device, error);
    json_decref(device);
    return status;
}

/* --- the campaign --- */

static json_t *default_policy(void)
{
    struct policy policy;
    one_device_policy(&policy);
    char *text = policy_json_format(&policy);
    json_t *document = json_loads(text, 0, NULL);
    free(text);
    return document;
}

static enum status read_policy(const struct arguments *arguments, json_t **document, struct error *error)
{
    const char *path = arguments_value(arguments, "policy");
    struct policy policy;
    char *text;
    size_t length;
    if (path == NULL) {
        *document = default_policy();
        return STATUS_OK;
    }
    enum status status = policy_file_read(path, &text, &length, &policy, error);
    if (status != STATUS_OK)
        return status;
    *document = json_loadb(text, length, 0, NULL);
    free(text);
    return STATUS_OK;
}

static enum status create_campaign(struct upgrade *upgrade, const struct arguments *arguments,
                                   struct error *error)
{
    json_t *policy;
    json_t *answer;
    enum status status = read_policy(arguments, &policy, error);
    if (status != STATUS_OK)
        return status;
    one_device_campaign(upgrade->device, &upgrade->version, upgrade->now, upgrade->campaign);
    json_t *body = json_pack("{ss ss s[s] so sb}", "name", upgrade->campaign, "firmware", upgrade->to,
                             "devices", upgrade->device, "policy", policy, "start", true);
    if (body == NULL)
        abort(); /* all of it has been checked to be ASCII */
    status = client_request(upgrade->session->client, "POST", "/v1/campaigns", body, &answer, error);
    json_decref(body);
    if (status == STATUS_OK)
        json_decref(answer);
    return status;
}

/* --- the answer --- */

static enum status look(struct upgrade *upgrade, struct error *error)
{
    json_t *answer;
    char *path = show_path("/v1/campaigns/", upgrade->campaign, "/targets");
    enum status status = client_request(upgrade->session->client, "GET", path, NULL, &answer, error);
    free(path);
    if (status != STATUS_OK)
        return status;
    json_t *target = json_array_get(json_object_get(answer, "targets"), 0);
    json_decref(upgrade->target);
    upgrade->target = json_incref(target);
    json_decref(answer);
    return STATUS_OK;
}

static bool has_answered(const struct upgrade *upgrade)
{
    enum target_state state = state_of(upgrade->target);
    return state != TARGET_PENDING && state != TARGET_OFFERED;
}

static void show_waiting(const struct upgrade *upgrade, long long waited)
{
    FILE *out = upgrade->session->errors;
    if (!isatty(fileno(out)))
        return;
    fprintf(out, "\r\033[Kdevice %s: %s, %lld of %lld s", upgrade->device,
            target_state_name(state_of(upgrade->target)), waited, upgrade->wait);
    fflush(out);
}

static void show_no_more(const struct upgrade *upgrade)
{
    if (isatty(fileno(upgrade->session->errors)))
        fputs("\r\033[K", upgrade->session->errors);
}

/* Until the device has answered or the time is over; an outage of the server may end within that time. */
static enum status wait_for_answer(struct upgrade *upgrade, struct error *error)
{
    struct timespec pause = {.tv_nsec = 200000000};
    int64_t began = clock_seconds();
    for (;;) {
        enum status status = look(upgrade, error);
        bool outage = client_unreachable(upgrade->session->client) || status == STATUS_UNAVAILABLE;
        long long waited = (long long)(clock_seconds() - began);
        if ((status != STATUS_OK && !outage) || waited >= upgrade->wait ||
            (status == STATUS_OK && has_answered(upgrade))) {
            show_no_more(upgrade);
            return status;
        }
        show_waiting(upgrade, waited);
        nanosleep(&pause, NULL);
    }
}

static bool is_online(const struct upgrade *upgrade)
{
    struct error error;
    json_t *device;
    if (fetch_device(upgrade, &device, &error) != STATUS_OK)
        return true; /* not known: then nothing is said of it */
    bool online = json_is_true(json_object_get(device, "online"));
    json_decref(device);
    return online;
}

/* What a device that has not taken the release, or not kept it, did instead. */
static enum status tell_refusal(const struct upgrade *upgrade, struct error *error)
{
    const char *reason = show_text(upgrade->target, "reason");
    const char *of = upgrade->device;
    switch (state_of(upgrade->target)) {
    case TARGET_REJECTED:
        return error_set(error, STATUS_CONFLICT, NULL, "device %s rejected %s: %s", of, upgrade->to, reason);
    case TARGET_FAILED:
    case TARGET_REVERTED:
        return error_set(error, STATUS_CONFLICT, NULL,
                         "device %s accepted %s, and is back at what it ran before: %s", of, upgrade->to,
                         reason);
    case TARGET_SILENT:
        return error_set(error, STATUS_CONFLICT, NULL,
                         "device %s is silent: it was offered %s and let the time pass", of, upgrade->to);
    case TARGET_CANCELLED:
    case TARGET_SKIPPED:
        return error_set(error, STATUS_CONFLICT, NULL, "device %s was %s before it had taken %s: %s", of,
                         show_text(upgrade->target, "state"), upgrade->to, reason);
    case TARGET_OFFERED:
        return error_set(
            error, STATUS_CONFLICT, NULL,
            "device %s was offered %s and has not answered within %lld s; it may still: watch it with "
            "orchestratorctl campaign watch %s, or end it with orchestratorctl campaign cancel %s",
            of, upgrade->to, upgrade->wait, upgrade->campaign, upgrade->campaign);
    default:
        return error_set(
            error, STATUS_CONFLICT, NULL,
            "device %s%s was not offered %s within %lld s; the campaign still waits for it: watch it with "
            "orchestratorctl campaign watch %s, or end it with orchestratorctl campaign cancel %s",
            of, is_online(upgrade) ? "" : " is offline and", upgrade->to, upgrade->wait, upgrade->campaign,
            upgrade->campaign);
    }
}

/* The target's document, with the name of its campaign. */
static void print_target(const struct upgrade *upgrade)
{
    json_t *document = upgrade->target != NULL
                           ? json_copy(upgrade->target)
                           : json_pack("{ss ss}", "device", upgrade->device, "state", "pending");
    json_object_set_new(document, "campaign", json_string(upgrade->campaign));
    show_json(upgrade->session->out, document);
    json_decref(document);
}

static enum exit_code tell_answer(const struct upgrade *upgrade)
{
    struct error error = {0};
    enum target_state state = state_of(upgrade->target);
    bool taken = has_answered(upgrade) && (state == TARGET_CONFIRMED || target_state_in_flight(state));
    if (upgrade->session->json)
        print_target(upgrade);
    if (!taken) {
        (void)!tell_refusal(upgrade, &error);
        return session_fail(upgrade->session, &error);
    }
    if (upgrade->session->json)
        return EXIT_DONE;
    if (state == TARGET_CONFIRMED)
        fprintf(upgrade->session->out, "device %s runs %s, and has confirmed it\n", upgrade->device,
                upgrade->to);
    else
        fprintf(upgrade->session->out,
                "device %s has accepted %s (now: %s); watch it with: orchestratorctl campaign watch %s\n",
                upgrade->device, upgrade->to, target_state_name(state), upgrade->campaign);
    return EXIT_DONE;
}

enum exit_code run_device_upgrade(struct session *session, const struct arguments *arguments)
{
    struct upgrade upgrade = {.session = session, .device = arguments->positionals[0], .wait = WAIT_SECONDS};
    struct error error = {0};
    const char *to = arguments_value(arguments, "to");
    if (to == NULL)
        return session_usage(session, "--to is missing: device upgrade ID --to VERSION");
    if (!device_id_is_valid(upgrade.device))
        return session_usage(session, "the id must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
    if (!show_number(session, arguments, "wait", 1, WAIT_SECONDS_MAX, &upgrade.wait))
        return EXIT_USAGE;
    if (version_parse(to, &upgrade.version, &error) != STATUS_OK)
        return session_usage(session, "--to: %s", error.message);
    version_format(&upgrade.version, upgrade.to);
    if (check_device(&upgrade, &error) != STATUS_OK ||
        create_campaign(&upgrade, arguments, &error) != STATUS_OK)
        return session_fail(session, &error);
    enum exit_code code;
    if (wait_for_answer(&upgrade, &error) == STATUS_OK) {
        code = tell_answer(&upgrade);
    } else {
        error_context(&error, "campaign %s has begun", upgrade.campaign);
        code = session_fail(session, &error);
    }
    json_decref(upgrade.target);
    return code;
}
