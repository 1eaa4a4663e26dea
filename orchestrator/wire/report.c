#include "report.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const rejection_names[] = {
#define X(name, text) [name] = text,
    REJECTION_LIST(X)
#undef X
};

const char *rejection_name(enum rejection rejection)
{
    return rejection_names[rejection];
}

bool device_id_is_valid(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return length >= 1 && length < DEVICE_ID_SIZE && text[length] == '\0';
}

bool can_has(const char *can, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(can, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == can || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

bool target_event_is_result(enum target_event event)
{
    return event == TARGET_EVENT_CONFIRMED || event == TARGET_EVENT_REJECTED ||
           event == TARGET_EVENT_FAILED || event == TARGET_EVENT_REVERTED;
}

static bool reject(struct report *report, enum rejection rejection, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Always false, so that a parser can end with it. */
static bool reject(struct report *report, enum rejection rejection, const char *format, ...)
{
    report->kind = REPORT_REJECTED;
    report->rejection = rejection;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->detail, sizeof report->detail, format, arguments);
    va_end(arguments);
    return false;
}

/* --- members ---------------------------------------------------------------------------------------- */

static bool read_integer(json_t *object, const char *name, int64_t low, int64_t high, int64_t *value,
                         struct report *report)
{
    json_t *member = json_object_get(object, name);
    if (!json_is_integer(member) || json_integer_value(member) < low || json_integer_value(member) > high)
        return reject(report, REJECTION_BAD_MEMBER, "%s: must be an integer from %lld to %lld", name,
                      (long long)low, (long long)high);
    *value = json_integer_value(member);
    return true;
}

static bool is_word(const char *text, size_t size)
{
    return text != NULL && text[0] != '\0' && strlen(text) < size &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static bool read_word(json_t *object, const char *name, char *text, size_t size, struct report *report)
{
    const char *value = json_string_value(json_object_get(object, name));
    if (!is_word(value, size))
        return reject(report, REJECTION_BAD_MEMBER, "%s: must be a word of 1 to %zu characters of a-z 0-9 _",
                      name, size - 1);
    snprintf(text, size, "%s", value);
    return true;
}

static bool read_running(json_t *object, struct running_image *running, struct report *report)
{
    int64_t slot = 0;
    struct error error;
    const char *version = json_string_value(json_object_get(object, "version"));
    if (version == NULL || version_parse(version, &running->parsed, &error) != STATUS_OK)
        return reject(report, REJECTION_BAD_MEMBER,
                      "version: must be a version such as v1.1.0t45772(a) or 1.4.0-rc.1t45772(a)");
    version_format(&running->parsed, running->version);
    if (!read_integer(object, "slot", 1, 2, &slot, report))
        return false;
    running->slot = (int)slot;
    const char *sha256 = json_string_value(json_object_get(object, "sha256"));
    if (sha256 == NULL || !hex_is_sha256(sha256))
        return reject(report, REJECTION_BAD_MEMBER, "sha256: must be 64 lower-case hexadecimal digits");
    snprintf(running->sha256, sizeof running->sha256, "%s", sha256);
    return true;
}

static bool read_attempt(json_t *object, struct target_report *target, struct report *report)
{
    int64_t attempt = 0;
    if (!read_integer(object, "campaign", 1, 9007199254740991, &target->campaign, report) ||
        !read_integer(object, "attempt", 1, 32767, &attempt, report))
        return false;
    target->attempt = (int)attempt;
    return true;
}

static bool read_nonce(json_t *object, struct target_report *target, struct report *report)
{
    unsigned char nonce[8];
    const char *text = json_string_value(json_object_get(object, "nonce"));
    if (text == NULL || !hex_parse(text, nonce, sizeof nonce))
        return reject(report, REJECTION_BAD_MEMBER, "nonce: must be 16 lower-case hexadecimal digits");
    snprintf(target->nonce, sizeof target->nonce, "%s", text);
    return true;
}

/* Of firmware that knows attempts by it. */
static bool read_nonce_if_any(json_t *object, struct target_report *target, struct report *report)
{
    return json_object_get(object, "nonce") == NULL || read_nonce(object, target, report);
}

static bool read_answer(json_t *object, struct target_report *target, struct report *report)
{
    if (!read_nonce(object, target, report) ||
        !read_word(object, "status", target->reason, sizeof target->reason, report))
        return false;
    if (strcmp(target->reason, CALL_REBOOTING) != 0 && strcmp(target->reason, CALL_BUSY) != 0)
        return reject(report, REJECTION_BAD_MEMBER, "status: must be \"rebooting\" or \"busy\"");
    return true;
}

static bool read_target(json_t *object, struct target_report *target, struct report *report)
{
    if (!read_attempt(object, target, report) || !read_nonce_if_any(object, target, report))
        return false;
    int64_t progress = 0;
    switch (target->event) {
    case TARGET_EVENT_DOWNLOADING:
        if (!read_integer(object, "progress", 0, 100, &progress, report))
            return false;
        target->progress = (int)progress;
        return true;
    case TARGET_EVENT_REJECTED:
    case TARGET_EVENT_FAILED:
        return read_word(object, "reason", target->reason, sizeof target->reason, report);
    case TARGET_EVENT_REVERTED:
        target->has_running = true;
        return read_word(object, "reason", target->reason, sizeof target->reason, report) &&
               read_running(object, &target->running, report);
    case TARGET_EVENT_CONFIRMED:
        target->has_running = true;
        return read_nonce(object, target, report) && read_running(object, &target->running, report);
    default:
        return true;
    }
}

/* --- messages --------------------------------------------------------------------------------------- */

/* `result` or `last`. */
static bool read_result(json_t *object, const char *member, struct target_report *target, bool *has,
                        struct report *report)
{
    json_t *result = json_object_get(object, member);
    if (result == NULL || json_is_null(result))
        return true;
    /* Of a push over the LAN, kept by a firmware that does not know better: no reason to lose the device. */
    json_t *campaign = json_object_get(result, "campaign");
    if (json_is_integer(campaign) && json_integer_value(campaign) == 0)
        return true;
    const char *name = json_string_value(json_object_get(result, "report"));
    if (name == NULL || !target_event_parse(name, &target->event) || !target_event_is_result(target->event))
        return reject(report, REJECTION_BAD_MEMBER,
                      "%s.report: must be confirmed, rejected, failed or reverted", member);
    *has = true;
    return read_target(result, target, report);
}

static bool read_can(json_t *object, struct report *report)
{
    json_t *can = json_object_get(object, "can"), *word;
    size_t i, used = 0;
    if (can == NULL)
        return true;
    bool is_good = json_is_array(can) && json_array_size(can) <= CAN_WORDS_MAX;
    json_array_foreach(can, i, word)
    {
        const char *text = json_string_value(word);
        is_good = is_good && is_word(text, CAN_WORD_SIZE);
        if (is_good)
            used += (size_t)snprintf(report->can + used, sizeof report->can - used, "%s%s", i > 0 ? "," : "",
                                     text);
    }
    return is_good || reject(report, REJECTION_BAD_MEMBER,
                             "can: must be an array of at most %d words of 1 to %d characters of a-z 0-9 _",
                             CAN_WORDS_MAX, CAN_WORD_SIZE - 1);
}

/* Firmware from before there were sessions names none. */
static bool read_session(json_t *object, struct report *report)
{
    json_t *session = json_object_get(object, "session");
    if (session == NULL)
        return true;
    if (!json_is_string(session) || !session_parse(json_string_value(session), &report->session))
        return reject(
            report, REJECTION_BAD_MEMBER,
            "session: must be BOOTID.N: 8 lower-case hexadecimal digits, a dot, and a number from 1 to "
            "%d without a leading zero",
            SESSION_NUMBER_MAX);
    return true;
}

/* Both members or neither: one of the maps that there are. */
static bool read_flash(json_t *object, struct report *report)
{
    json_t *size = json_object_get(object, "flash_kb");
    json_t *name = json_object_get(object, "flash_map");
    int64_t size_kb = 0;
    struct error error;
    if (size == NULL && name == NULL)
        return true;
    if (!read_integer(object, "flash_kb", 1, FLASH_SIZE_KB_MAX, &size_kb, report))
        return false;
    if (!json_is_string(name))
        return reject(report, REJECTION_BAD_MEMBER, "flash_map: must be a text beside flash_kb");
    if (flash_map_find((int)size_kb, json_string_value(name), &report->flash, &error) != STATUS_OK)
        return reject(report, REJECTION_BAD_MEMBER, "flash_%s: %s",
                      strcmp(error.field, "size") == 0 ? "kb" : "map", error.message);
    return true;
}

static bool read_hello(json_t *object, struct report *report)
{
    report->kind = REPORT_HELLO;
    if (!read_running(object, &report->hello, report) ||
        !read_word(object, "reset_reason", report->reset_reason, sizeof report->reset_reason, report))
        return false;
    const char *boot = json_string_value(json_object_get(object, "boot"));
    if (boot == NULL || (strcmp(boot, "confirmed") != 0 && strcmp(boot, "trial") != 0))
        return reject(report, REJECTION_BAD_MEMBER, "boot: must be \"confirmed\" or \"trial\"");
    report->on_trial = strcmp(boot, "trial") == 0;
    const json_t *activity = json_object_get(object, "activity");
    report->is_busy = json_is_object(activity);
    report->work_campaign = json_integer_value(json_object_get(activity, "campaign"));
    report->work_attempt = json_integer_value(json_object_get(activity, "attempt"));
    const char *state = json_string_value(json_object_get(activity, "state"));
    report->is_retrial = state != NULL && strcmp(state, "retrial") == 0;
    struct target_report work = {0};
    if (report->is_busy && !read_nonce_if_any(json_object_get(object, "activity"), &work, report))
        return false;
    memcpy(report->work_nonce, work.nonce, sizeof report->work_nonce);
    return read_session(object, report) && read_can(object, report) && read_flash(object, report) &&
           read_result(object, "result", &report->target, &report->has_result, report) &&
           read_result(object, "last", &report->last, &report->has_last, report);
}

static bool read_report(json_t *object, struct report *report)
{
    json_t *device = json_object_get(object, "device");
    if (device != NULL && (!json_is_string(device) || strcmp(json_string_value(device), report->device) != 0))
        return reject(report, REJECTION_DEVICE_MISMATCH, "device: is not the device of the topic");
    const char *name = json_string_value(json_object_get(object, "report"));
    if (name == NULL)
        return reject(report, REJECTION_BAD_MEMBER, "report: must be a report's name");
    if (strcmp(name, "hello") == 0)
        return read_hello(object, report);
    if (strcmp(name, "cancelled") == 0) {
        report->kind = REPORT_CANCELLED;
        return read_attempt(object, &report->target, report) &&
               read_nonce_if_any(object, &report->target, report);
    }
    if (strcmp(name, "answered") == 0) {
        report->kind = REPORT_ANSWERED;
        return read_answer(object, &report->target, report);
    }
    report->kind = REPORT_TARGET;
    if (!target_event_parse(name, &report->target.event) || report->target.event > TARGET_EVENT_REVERTED)
        return reject(report, REJECTION_BAD_MEMBER, "report: no report has the name %.40s", name);
    return read_target(object, &report->target, report) && read_session(object, report);
}

static bool read_presence(json_t *object, struct report *report)
{
    json_t *online = json_object_get(object, "online");
    report->kind = REPORT_PRESENCE;
    if (!json_is_boolean(online))
        return reject(report, REJECTION_BAD_MEMBER, "online: must be true or false");
    report->online = json_is_true(online);
    return read_session(object, report);
}

/* fota/v1/{device}/report or /presence. */
static bool read_topic(const char *topic, struct report *report, bool *is_presence)
{
    static const char prefix[] = "fota/v1/";
    const char *device = strncmp(topic, prefix, strlen(prefix)) == 0 ? topic + strlen(prefix) : NULL;
    const char *slash = device != NULL ? strchr(device, '/') : NULL;
    if (slash == NULL || (strcmp(slash, "/report") != 0 && strcmp(slash, "/presence") != 0))
        return reject(report, REJECTION_BAD_TOPIC, "topic: must be fota/v1/{device}/report or /presence");
    size_t length = (size_t)(slash - device);
    if (length >= sizeof report->device)
        return reject(report, REJECTION_BAD_TOPIC, "topic: a device id has at most 64 characters");
    memcpy(report->device, device, length);
    if (!device_id_is_valid(report->device)) {
        report->device[0] = '\0';
        return reject(report, REJECTION_BAD_TOPIC, "topic: a device id is of A-Z a-z 0-9 . _ -");
    }
    *is_presence = strcmp(slash, "/presence") == 0;
    return true;
}

void report_parse(const char *topic, const void *payload, size_t size, struct report *report)
{
    memset(report, 0, sizeof *report);
    bool is_presence = false;
    if (!read_topic(topic, report, &is_presence))
        return;
    if (size > MESSAGE_SIZE_MAX) {
        reject(report, REJECTION_TOO_LARGE, "%zu bytes; at most %d are allowed", size, MESSAGE_SIZE_MAX);
        return;
    }
    json_error_t where;
    /* jansson passes over a zero byte that follows a number */
    bool is_text = size > 0 && memchr(payload, 0, size) == NULL;
    json_t *object = is_text ? json_loadb(payload, size, JSON_REJECT_DUPLICATES, &where) : NULL;
    if (!json_is_object(object))
        reject(report, REJECTION_NOT_JSON, "must be one JSON object");
    else if (is_presence)
        read_presence(object, report);
    else
        read_report(object, report);
    json_decref(object);
}
