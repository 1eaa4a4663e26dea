#include "fleet.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_policy.h"
#include "shifted_clock.h"

#define BASE_SHA256 "5555555555555555555555555555555555555555555555555555555555555555"
#define NO_NONCE "ffffffffffffffff"

enum {
    BACK_OFF_MILLISECONDS = 60000,
    CONFIRMS_FROM = 60, /* of 100: it has run for long enough */
    RESTARTS_MAX = 3,   /* of a download, boots of a trial, and trials */
    UNHEARD_MAX = 2,
    PAUSE_MILLISECONDS = 5000
};

void fleet_make(struct fleet *fleet, struct broker *broker, int count)
{
    memset(fleet, 0, sizeof *fleet);
    fleet->broker = broker;
    fleet->count = count;
    fleet->has_images = true;
    for (int i = 0; i < count; i++) {
        struct device *device = &fleet->devices[i];
        snprintf(device->id, sizeof device->id, "d%d", i + 1);
        device->is_steady = device->has_session = device->tries_again = true;
        device->slot = 1;
        snprintf(device->version[1], sizeof device->version[1], FLEET_BASE_VERSION);
        snprintf(device->sha256[1], sizeof device->sha256[1], BASE_SHA256);
    }
}

struct device *fleet_find(struct fleet *fleet, const char *id)
{
    int number = id[0] == 'd' ? atoi(id + 1) : 0;
    return number >= 1 && number <= fleet->count ? &fleet->devices[number - 1] : NULL;
}

struct device *fleet_addressee(struct fleet *fleet, const char *topic)
{
    static const char prefix[] = "fota/v1/";
    return strncmp(topic, prefix, sizeof prefix - 1) == 0 ? fleet_find(fleet, topic + sizeof prefix - 1)
                                                          : NULL;
}

/* --- reports ---------------------------------------------------------------------------------------- */

__attribute__((format(printf, 4, 5))) static void send(struct fleet *fleet, const struct device *device,
                                                       const char *kind, const char *format, ...)
{
    char topic[TOPIC_SIZE], payload[PAYLOAD_SIZE];
    va_list arguments;
    if (!device->online)
        return;
    va_start(arguments, format);
    vsnprintf(payload, sizeof payload, format, arguments);
    va_end(arguments);
    snprintf(topic, sizeof topic, "fota/v1/%s/%s", device->id, kind);
    shifted_trace("%s %s %s", device->id, kind, payload);
    broker_publish(fleet->broker, (int)(device - fleet->devices), topic, payload);
}

/* A member `session`, or nothing. */
static void format_session(const struct device *device, char text[40])
{
    text[0] = '\0';
    if (device->has_session)
        snprintf(text, 40, ",\"session\":\"%04x%04x.%d\"", (unsigned)atoi(device->id + 1), device->boots,
                 device->connections);
}

static void format_presence(const struct device *device, bool online, char text[80])
{
    char session[40];
    format_session(device, session);
    snprintf(text, 80, "{\"online\":%s%s}", online ? "true" : "false", session);
}

static void send_hello(struct fleet *fleet, const struct device *device);

static void send_progress(struct fleet *fleet, const struct device *device)
{
    static const char *const reports[] = {[WORK_ACCEPTED] = "accepted",
                                          [WORK_DOWNLOADING] = "downloading",
                                          [WORK_INSTALLED] = "installed",
                                          [WORK_TRIAL] = "trial"};
    const struct attempt *attempt = device->current;
    if (device->work == WORK_RETRIAL) {
        send_hello(fleet, device);
        return;
    }
    send(fleet, device, "report",
         "{\"report\":\"%s\",\"campaign\":%lld,\"attempt\":%d,\"progress\":50,\"reset_reason\":\"software\"}",
         reports[device->work], (long long)attempt->campaign, attempt->attempt);
}

static void format_result(const struct attempt *attempt, char *text, size_t size)
{
    snprintf(
        text, size,
        "{\"report\":\"%s\",\"campaign\":%lld,\"attempt\":%d,\"nonce\":\"%s\",\"reason\":\"%s\","
        "\"version\":\"%s\",\"slot\":%d,\"sha256\":\"%s\",\"progress\":50,\"reset_reason\":\"software\"}",
        target_event_name(attempt->result), (long long)attempt->campaign, attempt->attempt,
        attempt->nonce[0] != '\0' ? attempt->nonce : NO_NONCE, attempt->reason, attempt->ran_version,
        attempt->slot, attempt->ran_sha256);
}

static void send_result(struct fleet *fleet, const struct device *device, const struct attempt *attempt)
{
    char text[600];
    format_result(attempt, text, sizeof text);
    send(fleet, device, "report", "%s", text);
}

static void send_cancelled(struct fleet *fleet, const struct device *device, const struct attempt *attempt)
{
    send(fleet, device, "report", "{\"report\":\"cancelled\",\"campaign\":%lld,\"attempt\":%d}",
         (long long)attempt->campaign, attempt->attempt);
}

static bool is_waiting(const struct attempt *attempt)
{
    return attempt->has_result && !attempt->acknowledged;
}

static void send_hello(struct fleet *fleet, const struct device *device)
{
    char result[640] = "", activity[100] = "", session[40];
    format_session(device, session);
    for (int i = device->attempt_count - 1; i >= 0 && result[0] == '\0'; i--) {
        char text[600];
        if (!is_waiting(&device->attempts[i]))
            continue;
        format_result(&device->attempts[i], text, sizeof text);
        snprintf(result, sizeof result, ",\"result\":%s", text);
    }
    if (device->work != WORK_NONE)
        snprintf(activity, sizeof activity,
                 ",\"activity\":{\"campaign\":%lld,\"attempt\":%d,\"state\":\"%s\"}",
                 (long long)device->current->campaign, device->current->attempt,
                 device->work == WORK_RETRIAL ? "retrial" : "accepted");
    send(fleet, device, "report",
         "{\"report\":\"hello\",\"version\":\"%s\",\"slot\":%d,\"boot\":\"%s\",\"sha256\":\"%s\","
         "\"reset_reason\":\"power_on\"%s%s%s}",
         device->version[device->slot], device->slot, device->work == WORK_TRIAL ? "trial" : "confirmed",
         device->sha256[device->slot], session, activity, result);
}

int fleet_send_results(struct fleet *fleet, struct device *device)
{
    int waiting = 0;
    for (int i = 0; i < device->attempt_count; i++) {
        if (!is_waiting(&device->attempts[i]))
            continue;
        send_result(fleet, device, &device->attempts[i]);
        waiting++;
    }
    return waiting;
}

static void note_running(const struct device *device, struct attempt *attempt)
{
    attempt->slot = device->slot;
    snprintf(attempt->ran_version, sizeof attempt->ran_version, "%s", device->version[device->slot]);
    snprintf(attempt->ran_sha256, sizeof attempt->ran_sha256, "%s", device->sha256[device->slot]);
}

static void finish(struct fleet *fleet, struct device *device, struct attempt *attempt,
                   enum target_event result, const char *reason)
{
    attempt->has_result = true;
    attempt->result = result;
    attempt->ended_at = shifted_wall();
    snprintf(attempt->reason, sizeof attempt->reason, "%s", reason);
    note_running(device, attempt);
    if (device->current == attempt) {
        device->current = NULL;
        device->work = WORK_NONE;
    }
    send_result(fleet, device, attempt);
}

static void note_fault(struct device *device)
{
    if (device->fault_at == 0)
        device->fault_at = shifted_wall();
}

/* --- connections ------------------------------------------------------------------------------------ */

/* Without a goodbye, as when the network or the power fails. */
static void leave(struct fleet *fleet, struct device *device)
{
    char will[80];
    if (!device->online)
        return;
    format_presence(device, false, will);
    device->online = false;
    broker_leave(fleet->broker, (int)(device - fleet->devices), device->id, will, device->has_session);
}

static void come(struct fleet *fleet, struct device *device)
{
    char presence[80];
    leave(fleet, device);
    device->connections++;
    device->online = fleet->broker->is_up;
    device->is_away = !device->online;
    if (device->work == WORK_TRIAL)
        device->current->is_heard = device->current->is_heard || device->online;
    if (device->work == WORK_RETRIAL) /* in which it may be told to stop */
        device->deadline = shifted_wall() + (device->current->confirm_seconds * 50LL < PAUSE_MILLISECONDS
                                                 ? device->current->confirm_seconds * 50LL
                                                 : PAUSE_MILLISECONDS);
    format_presence(device, true, presence);
    send(fleet, device, "presence", "%s", presence);
    send_hello(fleet, device);
}

static void boot(struct fleet *fleet, struct device *device)
{
    leave(fleet, device);
    device->boots++;
    device->connections = 0;
    come(fleet, device);
}

void fleet_connect(struct fleet *fleet, struct device *device, bool online)
{
    if (online) {
        come(fleet, device);
        return;
    }
    note_fault(device);
    leave(fleet, device);
    device->is_away = false;
}

void fleet_lose_broker(struct fleet *fleet, uint64_t *random)
{
    for (int i = 0; i < fleet->count; i++) {
        struct device *device = &fleet->devices[i];
        device->is_away = device->is_away || device->online;
        device->online = false;
        device->back_at = shifted_wall() + random_below(random, BACK_OFF_MILLISECONDS);
    }
}

/* --- commands --------------------------------------------------------------------------------------- */

static struct attempt *find_attempt(struct device *device, int64_t campaign, int number)
{
    for (int i = 0; i < device->attempt_count; i++) {
        struct attempt *attempt = &device->attempts[i];
        if (attempt->campaign == campaign && attempt->attempt == number)
            return attempt;
    }
    if (device->attempt_count == ATTEMPTS_MAX)
        abort();
    struct attempt *attempt = &device->attempts[device->attempt_count++];
    attempt->campaign = campaign;
    attempt->attempt = number;
    return attempt;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static bool take(struct device *device, struct attempt *attempt, const json_t *command, bool goes_back)
{
    int inactive = 3 - device->slot;
    char slot[2] = {(char)('0' + inactive), '\0'};
    const char *flips_to = text_of(command, "sha256");
    const char *image = text_of(json_object_get(json_object_get(command, "images"), slot), "sha256");
    if (goes_back && strcmp(flips_to, device->sha256[inactive]) == 0)
        image = flips_to;
    if (image[0] == '\0' || (!goes_back && strcmp(attempt->version, device->version[device->slot]) <= 0))
        return false;
    snprintf(attempt->sha256, sizeof attempt->sha256, "%s", image);
    attempt->download_seconds = (int)json_integer_value(json_object_get(command, "download_seconds"));
    attempt->confirm_seconds = (int)json_integer_value(json_object_get(command, "confirm_seconds"));
    device->deadline = shifted_wall() + attempt->download_seconds * 1000LL;
    device->work = WORK_ACCEPTED;
    device->current = attempt;
    return true;
}

static void receive_offer(struct fleet *fleet, struct device *device, struct attempt *attempt,
                          const json_t *command, bool goes_back)
{
    const char *nonce = text_of(command, "nonce"), *version = text_of(command, "version");
    if (attempt->nonce[0] != '\0' &&
        (strcmp(attempt->nonce, nonce) != 0 || strcmp(attempt->version, version) != 0))
        fleet->broken = "an attempt's number is used again for another offer";
    snprintf(attempt->nonce, sizeof attempt->nonce, "%s", nonce);
    snprintf(attempt->version, sizeof attempt->version, "%s", version);
    if (attempt->cancelled)
        send_cancelled(fleet, device, attempt);
    else if (attempt->has_result)
        send_result(fleet, device, attempt);
    else if (device->current == attempt)
        send_progress(fleet, device);
    else if (device->work != WORK_NONE || !take(device, attempt, command, goes_back))
        finish(fleet, device, attempt, TARGET_EVENT_REJECTED, "busy");
    else
        send_progress(fleet, device);
}

static void receive_cancel(struct fleet *fleet, struct device *device, struct attempt *attempt)
{
    if (attempt->has_result) {
        send_result(fleet, device, attempt);
        return;
    }
    if (device->current == attempt) {
        if (device->work == WORK_TRIAL)
            return;
        device->current = NULL;
        device->work = WORK_NONE;
    }
    attempt->cancelled = true;
    send_cancelled(fleet, device, attempt);
}

void fleet_receive(struct fleet *fleet, const struct message *message)
{
    struct device *device = fleet_addressee(fleet, message->topic);
    if (device == NULL || !device->online)
        return;
    shifted_trace("%s gets %.80s", device->id, message->payload);
    json_t *command = json_loads(message->payload, 0, NULL);
    const char *name = text_of(command, "command");
    int64_t campaign = json_integer_value(json_object_get(command, "campaign"));
    int number = (int)json_integer_value(json_object_get(command, "attempt"));
    struct attempt *attempt = campaign > 0 ? find_attempt(device, campaign, number) : NULL;
    if (strcmp(name, "report") == 0)
        send_hello(fleet, device);
    else if (attempt == NULL)
        fleet->broken = "a command names no attempt";
    else if (strcmp(name, "update") == 0 || strcmp(name, "rollback") == 0)
        receive_offer(fleet, device, attempt, command, name[0] == 'r');
    else if (strcmp(name, "cancel") == 0)
        receive_cancel(fleet, device, attempt);
    else if (strcmp(name, "ack") == 0)
        attempt->acknowledged = attempt->has_result;
    else
        fleet->broken = "a command that no device knows";
    json_decref(command);
}

void fleet_note_published(struct fleet *fleet, const struct message *message, int64_t event)
{
    struct device *device = fleet_addressee(fleet, message->topic);
    json_t *command = json_loads(message->payload, 0, NULL);
    if (device != NULL && strcmp(text_of(command, "command"), "ack") == 0) {
        struct attempt *attempt =
            find_attempt(device, json_integer_value(json_object_get(command, "campaign")),
                         (int)json_integer_value(json_object_get(command, "attempt")));
        if (attempt->stored_by == 0)
            attempt->stored_by = event;
    }
    json_decref(command);
}

/* --- work ------------------------------------------------------------------------------------------- */

static void begin_trial(struct fleet *fleet, struct device *device)
{
    struct attempt *attempt = device->current;
    device->slot = 3 - device->slot;
    device->work = WORK_TRIAL;
    device->deadline = shifted_wall() + attempt->confirm_seconds * 1000LL;
    attempt->boots = 1;
    attempt->is_heard = attempt->by_outage = false;
    boot(fleet, device);
}

static void flip(struct fleet *fleet, struct device *device)
{
    int inactive = 3 - device->slot;
    struct attempt *attempt = device->current;
    snprintf(device->version[inactive], sizeof device->version[inactive], "%s", attempt->version);
    snprintf(device->sha256[inactive], sizeof device->sha256[inactive], "%s", attempt->sha256);
    attempt->flashed++;
    begin_trial(fleet, device);
}

static void revert(struct fleet *fleet, struct device *device, const char *reason)
{
    struct attempt *attempt = device->current;
    device->slot = 3 - device->slot;
    device->boots++; /* its result goes with the hello of this boot */
    device->connections = 0;
    device->work = WORK_NONE;
    leave(fleet, device);
    finish(fleet, device, attempt, TARGET_EVENT_REVERTED, reason);
    come(fleet, device);
    send_result(fleet, device, attempt);
}

/* Without a connection nothing is known of the new image: the old one waits for one, and boots it again. */
static void end_undecided(struct fleet *fleet, struct device *device)
{
    struct attempt *attempt = device->current;
    attempt->trials++;
    attempt->unheard += !attempt->is_heard;
    if (attempt->trials >= RESTARTS_MAX || attempt->unheard >= UNHEARD_MAX) {
        revert(fleet, device, "no_connection");
        return;
    }
    device->slot = 3 - device->slot;
    device->work = WORK_RETRIAL;
    boot(fleet, device);
}

void fleet_work(struct fleet *fleet, struct device *device, int chance)
{
    struct attempt *attempt = device->current;
    bool fails = !device->is_steady && chance < (device->work == WORK_TRIAL ? 8 : 3);
    switch (device->work) {
    case WORK_NONE:
        break;
    case WORK_ACCEPTED:
    case WORK_DOWNLOADING:
        if (fails) {
            note_fault(device);
            finish(fleet, device, attempt, TARGET_EVENT_FAILED, "flash_error");
        } else if (fleet->has_images) {
            device->work = chance < 50 ? WORK_DOWNLOADING : WORK_INSTALLED;
            if (device->work == WORK_INSTALLED && device->is_steady) /* it boots into the new image at once */
                device->deadline = shifted_wall();
            send_progress(fleet, device);
        }
        break;
    case WORK_INSTALLED:
        flip(fleet, device);
        send_progress(fleet, device);
        break;
    case WORK_TRIAL:
        if (fails) {
            note_fault(device);
            revert(fleet, device, "health_check");
        } else if (device->online && chance >= CONFIRMS_FROM) {
            finish(fleet, device, attempt, TARGET_EVENT_CONFIRMED, "");
        }
        break;
    case WORK_RETRIAL:
        if (device->online && device->deadline <= shifted_wall())
            begin_trial(fleet, device);
        break;
    }
}

void fleet_hurry(struct fleet *fleet, int64_t until)
{
    for (int i = 0; i < fleet->count; i++) {
        struct device *device = &fleet->devices[i];
        if (device->is_away && fleet->broker->is_up && device->back_at <= until)
            come(fleet, device);
        for (int step = 0;
             device->is_steady && device->work != WORK_NONE && device->deadline <= until && step < 4; step++)
            fleet_work(fleet, device, 99);
    }
}

void fleet_expire(struct fleet *fleet)
{
    for (int i = 0; i < fleet->count; i++) {
        struct device *device = &fleet->devices[i];
        struct attempt *attempt = device->current;
        bool on_trial = device->work == WORK_TRIAL;
        if (device->work == WORK_NONE || device->deadline > shifted_wall())
            continue;
        if (device->work == WORK_RETRIAL) {
            fleet_work(fleet, device, 99);
            continue;
        }
        attempt->by_outage = on_trial ? device->is_away : !fleet->has_images;
        if (!attempt->by_outage)
            note_fault(device);
        if (on_trial && device->tries_again && !device->online)
            end_undecided(fleet, device);
        else if (on_trial)
            revert(fleet, device, "confirm_timeout");
        else
            finish(fleet, device, attempt, TARGET_EVENT_FAILED, "download_timeout");
    }
}

void fleet_reboot(struct fleet *fleet, struct device *device)
{
    note_fault(device);
    if (device->work < WORK_TRIAL) {
        device->work = WORK_NONE;
        device->current = NULL;
    }
    boot(fleet, device);
}

void fleet_restart(struct fleet *fleet, struct device *device)
{
    struct attempt *attempt = device->current;
    bool on_trial = device->work == WORK_TRIAL;
    if (on_trial && (!device->has_session || attempt->boots >= RESTARTS_MAX))
        return;
    if (on_trial) {
        attempt->boots++;
        device->deadline = shifted_wall() + attempt->confirm_seconds * 1000LL;
    } else if (device->work != WORK_NONE && device->work != WORK_RETRIAL) {
        if (attempt->restarts >= RESTARTS_MAX)
            return;
        attempt->restarts++;
        device->work = WORK_NONE;
        device->current = NULL;
    }
    boot(fleet, device);
}

void fleet_lie(struct fleet *fleet, struct device *device, uint32_t choice)
{
    if (device->attempt_count == 0)
        return;
    struct attempt *attempt = &device->attempts[choice % (uint32_t)device->attempt_count];
    struct attempt untrue = *attempt;
    note_running(device, &untrue);
    untrue.result = (enum target_event)((choice >> 8) % (TARGET_EVENT_REVERTED + 1));
    snprintf(untrue.reason, sizeof untrue.reason, "flash_error");
    if (untrue.result == TARGET_EVENT_CONFIRMED) /* the nonce is proof: without it there is none */
        untrue.nonce[0] = '\0';
    attempt->lied = true;
    send_result(fleet, device, &untrue);
}
