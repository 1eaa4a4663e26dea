/* Reports. Input: the topic, a newline, the message. What is read is written as a message and read again. */
#include "report.h"

#include <jansson.h>

#include "fuzz.h"

static void put_running(json_t *object, const struct running_image *running)
{
    char version[VERSION_TEXT_SIZE];
    version_format(&running->parsed, version);
    HOLDS(strcmp(version, running->version) == 0);
    HOLDS((running->slot == 1 || running->slot == 2) && hex_is_sha256(running->sha256));
    json_object_set_new(object, "version", json_string(running->version));
    json_object_set_new(object, "slot", json_integer(running->slot));
    json_object_set_new(object, "sha256", json_string(running->sha256));
}

static void put_target(json_t *object, const struct target_report *target)
{
    HOLDS(target->campaign >= 1 && target->attempt >= 1 && target->attempt <= 32767);
    json_object_set_new(object, "campaign", json_integer(target->campaign));
    json_object_set_new(object, "attempt", json_integer(target->attempt));
    json_object_set_new(object, "progress", json_integer(target->progress));
    if (target->reason[0] != '\0')
        json_object_set_new(object, "reason", json_string(target->reason));
    if (target->nonce[0] != '\0')
        json_object_set_new(object, "nonce", json_string(target->nonce));
    if (target->has_running)
        put_running(object, &target->running);
}

static void put_session(json_t *object, const struct device_session *session)
{
    struct device_session again;
    char text[SESSION_TEXT_SIZE];
    if (session->number == 0)
        return;
    session_format(session, text);
    HOLDS(session_parse(text, &again) && again.number == session->number);
    json_object_set_new(object, "session", json_string(text));
}

/* Release with free(). */
static char *message_of(const struct report *report)
{
    json_t *object = json_object(), *result;
    const struct target_report *target = &report->target;
    switch (report->kind) {
    case REPORT_PRESENCE:
        json_object_set_new(object, "online", json_boolean(report->online));
        put_session(object, &report->session);
        break;
    case REPORT_HELLO:
        json_object_set_new(object, "report", json_string("hello"));
        put_running(object, &report->hello);
        json_object_set_new(object, "boot", json_string(report->on_trial ? "trial" : "confirmed"));
        json_object_set_new(object, "reset_reason", json_string(report->reset_reason));
        put_session(object, &report->session);
        if (report->is_busy)
            json_object_set_new(object, "activity", json_object());
        if (report->has_result) {
            HOLDS(target_event_is_result(target->event));
            result = json_object();
            json_object_set_new(result, "report", json_string(target_event_name(target->event)));
            put_target(result, target);
            json_object_set_new(object, "result", result);
        }
        break;
    case REPORT_TARGET:
        json_object_set_new(object, "report", json_string(target_event_name(target->event)));
        put_target(object, target);
        break;
    case REPORT_CANCELLED:
        json_object_set_new(object, "report", json_string("cancelled"));
        put_target(object, target);
        break;
    case REPORT_ANSWERED:
        json_object_set_new(object, "report", json_string("answered"));
        json_object_set_new(object, "nonce", json_string(target->nonce));
        json_object_set_new(object, "status", json_string(target->reason));
        break;
    case REPORT_REJECTED:
        break;
    }
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *newline = size > 0 ? memchr(bytes, '\n', size) : NULL;
    if (newline == NULL)
        return 0;
    char *topic = fuzz_text(bytes, (size_t)(newline - bytes));
    struct report report, again;
    report_parse(topic, newline + 1, size - (size_t)(newline + 1 - bytes), &report);
    HOLDS(report.device[0] == '\0' || device_id_is_valid(report.device));
    if (report.kind == REPORT_REJECTED) {
        HOLDS(report.detail[0] != '\0' && report.rejection < REJECTION_COUNT);
    } else {
        HOLDS(report.device[0] != '\0' && size <= MESSAGE_SIZE_MAX + 100);
        HOLDS(memchr(newline, 0, size - (size_t)(newline - bytes)) == NULL);
        char *written = message_of(&report);
        report_parse(topic, written, strlen(written), &again);
        if (again.kind != report.kind)
            fprintf(stderr, "%s\n%s\n", written, again.detail);
        HOLDS(again.kind == report.kind && strcmp(again.device, report.device) == 0);
        char *rewritten = message_of(&again);
        HOLDS(strcmp(written, rewritten) == 0);
        free(rewritten);
        free(written);
    }
    free(topic);
    return 0;
}
