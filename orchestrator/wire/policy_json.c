#include "policy_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_scope.h"
#include "names.h"
#include "policy_words.h"
#include "window.h"

/* A member that is one of two words. Returns its index, or `otherwise` when absent. */
static int read_word(struct json_scope *scope, const char *name, const char *const words[2], int otherwise)
{
    const char *text;
    if (!json_scope_text(scope, name, false, &text))
        return otherwise;
    for (int i = 0; i < 2; i++) {
        if (strcmp(text, words[i]) == 0)
            return i;
    }
    char message[96];
    snprintf(message, sizeof message, "allowed is \"%s\" or \"%s\"", words[0], words[1]);
    json_scope_refuse(scope, name, message);
    return otherwise;
}

static void read_name(struct json_scope *scope, char name[NAME_MAX_LENGTH + 1])
{
    const char *text;
    if (!json_scope_text(scope, "name", true, &text))
        return;
    if (strlen(text) > NAME_MAX_LENGTH)
        json_scope_refuse(scope, "name", "allowed is 1 to 64 characters of A-Z a-z 0-9 . _ -");
    else
        snprintf(name, NAME_MAX_LENGTH + 1, "%s", text);
}

static void read_size(struct json_scope *wave_scope, json_t *object, struct wave_size *size)
{
    struct json_scope scope;
    json_scope_enter(&scope, wave_scope, "size", object);
    bool rest = false;
    bool has_percent = json_scope_real(&scope, "percent", false, &size->percent);
    bool has_count = json_scope_integer(&scope, "count", false, &size->count);
    bool has_rest = json_scope_boolean(&scope, "rest", false, &rest);
    const char *tag;
    bool has_tag = json_scope_text(&scope, "tag", false, &tag);
    if (has_tag && strlen(tag) <= NAME_MAX_LENGTH)
        snprintf(size->tag, sizeof size->tag, "%s", tag);
    bool has_min = json_scope_integer(&scope, "min", false, &size->min);
    bool has_max = json_scope_integer(&scope, "max", false, &size->max);
    if (has_percent + has_count + has_rest + has_tag > 1)
        json_scope_refuse(&scope, "", "allowed is exactly one of percent, count, tag, rest");
    if (has_rest && !rest)
        json_scope_refuse(&scope, "rest", "is false; allowed is true");
    if (!has_percent && (has_min || has_max) && (has_count || has_rest || has_tag))
        json_scope_refuse(&scope, has_min ? "min" : "max", "allowed only beside percent");
    size->kind = has_percent ? WAVE_SIZE_PERCENT
                 : has_count ? WAVE_SIZE_COUNT
                 : has_tag   ? WAVE_SIZE_TAG
                             : WAVE_SIZE_REST;
    bool has_none = !has_percent && !has_count && !has_rest && !has_tag;
    enum status status = json_scope_end(&scope);
    if (status == STATUS_OK && has_none)
        json_scope_refuse(&scope, "", "allowed is exactly one of percent, count, tag, rest");
    wave_scope->status = scope.status;
}

static void read_threshold(struct json_scope *scope, struct threshold_policy *gate)
{
    json_scope_real(scope, "success_percent", false, &gate->success_percent);
    json_scope_real(scope, "finished_percent", false, &gate->finished_percent);
    json_scope_real(scope, "failure_percent", false, &gate->failure_percent);
}

static void read_sequential(struct json_scope *scope, struct sequential_policy *gate)
{
    json_scope_real(scope, "acceptable_percent", false, &gate->acceptable_percent);
    json_scope_real(scope, "unacceptable_percent", false, &gate->unacceptable_percent);
    json_scope_real(scope, "alpha", false, &gate->alpha);
    json_scope_real(scope, "beta", false, &gate->beta);
    json_scope_integer(scope, "max_sample", false, &gate->max_sample);
    gate->undecided = (enum undecided)read_word(scope, "undecided", undecided_words, (int)gate->undecided);
}

static void read_gate(struct json_scope *wave_scope, json_t *object, struct gate_policy *gate)
{
    struct json_scope scope;
    json_scope_enter(&scope, wave_scope, "gate", object);
    gate->kind = (enum gate_kind)read_word(&scope, "type", gate_words, (int)gate->kind);
    if (gate->kind == GATE_SEQUENTIAL)
        read_sequential(&scope, &gate->sequential);
    else
        read_threshold(&scope, &gate->threshold);
    json_scope_integer(&scope, "min_sample", false, &gate->min_sample);
    json_scope_boolean(&scope, "count_rejected", false, &gate->count_rejected);
    json_scope_leave(&scope, wave_scope);
}

static void read_wave(struct json_scope *outer, json_t *array, size_t index, struct wave_policy *wave)
{
    struct json_scope scope;
    json_t *object;
    *wave = (struct wave_policy){0};
    gate_defaults(&wave->gate);
    json_scope_element(&scope, outer, "waves", array, index);
    read_name(&scope, wave->name);
    if (json_scope_object(&scope, "size", true, &object))
        read_size(&scope, object, &wave->size);
    if (json_scope_object(&scope, "gate", false, &object))
        read_gate(&scope, object, &wave->gate);
    json_scope_integer(&scope, "soak_seconds", false, &wave->soak_seconds);
    json_scope_leave(&scope, outer);
}

static void read_waves(struct json_scope *scope, struct policy *policy)
{
    json_t *array;
    if (!json_scope_array(scope, "waves", false, &array))
        return;
    size_t count = json_array_size(array);
    if (count < 1 || count > POLICY_WAVES_MAX) {
        json_scope_refuse(scope, "waves", "allowed are 1 to 32 waves");
        return;
    }
    policy->wave_count = (int)count;
    for (size_t i = 0; i < count && scope->status == STATUS_OK; i++)
        read_wave(scope, array, i, &policy->waves[i]);
}

static void read_timing(struct json_scope *scope, struct policy *policy)
{
    struct json_scope inner;
    json_t *object;
    if (json_scope_object(scope, "rate", false, &object)) {
        json_scope_enter(&inner, scope, "rate", object);
        json_scope_integer(&inner, "per_minute", false, &policy->rate.per_minute);
        json_scope_real(&inner, "growth_factor", false, &policy->rate.growth_factor);
        json_scope_integer(&inner, "growth_every", false, &policy->rate.growth_every);
        json_scope_integer(&inner, "ceiling_per_minute", false, &policy->rate.ceiling_per_minute);
        json_scope_leave(&inner, scope);
    }
    json_scope_integer(scope, "in_flight", false, &policy->in_flight);
    if (json_scope_object(scope, "timeouts", false, &object)) {
        json_scope_enter(&inner, scope, "timeouts", object);
        json_scope_integer(&inner, "offer_seconds", false, &policy->offer_seconds);
        json_scope_integer(&inner, "download_seconds", false, &policy->download_seconds);
        json_scope_integer(&inner, "confirm_seconds", false, &policy->confirm_seconds);
        json_scope_leave(&inner, scope);
    }
    if (json_scope_object(scope, "offline", false, &object)) {
        json_scope_enter(&inner, scope, "offline", object);
        json_scope_integer(&inner, "wait_seconds", false, &policy->offline_wait_seconds);
        policy->offline_then =
            (enum offline_then)read_word(&inner, "then", offline_words, (int)policy->offline_then);
        json_scope_leave(&inner, scope);
    }
}

/* "on": which outcomes are tried again. */
static void read_outcomes(struct json_scope *scope, struct retry_policy *retry)
{
    json_t *array;
    if (!json_scope_array(scope, "on", false, &array))
        return;
    bool *const outcomes[] = {&retry->on_rejected, &retry->on_failed, &retry->on_reverted, &retry->on_silent};
    for (size_t i = 0; i < RETRY_OUTCOMES; i++)
        *outcomes[i] = false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *word = json_string_value(json_array_get(array, i));
        char place[40];
        int found;
        snprintf(place, sizeof place, "on[%zu]", i);
        if (word == NULL || !name_find(outcome_words, RETRY_OUTCOMES, word, &found)) {
            json_scope_refuse(scope, place,
                              "allowed are \"rejected\", \"failed\", \"reverted\" and \"silent\"");
            return;
        }
        *outcomes[found] = true;
    }
}

static void read_second_chances(struct json_scope *scope, struct policy *policy)
{
    struct json_scope inner;
    json_t *object;
    if (json_scope_object(scope, "retry", false, &object)) {
        struct retry_policy *retry = &policy->retry;
        json_scope_enter(&inner, scope, "retry", object);
        json_scope_integer(&inner, "attempts", false, &retry->attempts);
        json_scope_integer(&inner, "backoff_seconds", false, &retry->backoff_seconds);
        json_scope_real(&inner, "backoff_factor", false, &retry->backoff_factor);
        json_scope_integer(&inner, "backoff_max_seconds", false, &retry->backoff_max_seconds);
        read_outcomes(&inner, retry);
        json_scope_leave(&inner, scope);
    }
    if (json_scope_object(scope, "flapping", false, &object)) {
        json_scope_enter(&inner, scope, "flapping", object);
        json_scope_integer(&inner, "failures", false, &policy->flapping.failures);
        json_scope_integer(&inner, "within_seconds", false, &policy->flapping.within_seconds);
        json_scope_integer(&inner, "quarantine_seconds", false, &policy->flapping.quarantine_seconds);
        json_scope_leave(&inner, scope);
    }
}

/* "05:30" as minutes of the day. */
static void read_time(struct json_scope *scope, const char *name, int *minute)
{
    const char *text;
    if (!json_scope_text(scope, name, true, &text))
        return;
    const char *digits = "0123456789";
    bool shaped =
        strlen(text) == 5 && strspn(text, digits) == 2 && text[2] == ':' && strspn(text + 3, digits) == 2;
    int hours = shaped ? (text[0] - '0') * 10 + text[1] - '0' : 99;
    int minutes = shaped ? (text[3] - '0') * 10 + text[4] - '0' : 99;
    *minute = hours * 60 + minutes;
    if (minutes > 59 || *minute > MINUTES_A_DAY)
        json_scope_refuse(scope, name, "allowed is a time such as \"05:30\", from \"00:00\" to \"24:00\"");
}

static void read_days(struct json_scope *scope, unsigned *days)
{
    json_t *array;
    *days = 127;
    if (!json_scope_array(scope, "days", false, &array))
        return;
    *days = 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *word = json_string_value(json_array_get(array, i));
        int day = 0;
        while (word != NULL && day < DAYS_A_WEEK && strcmp(word, window_day_name(day)) != 0)
            day++;
        if (word == NULL || day == DAYS_A_WEEK) {
            char place[40];
            snprintf(place, sizeof place, "days[%zu]", i);
            json_scope_refuse(scope, place, "allowed are mon, tue, wed, thu, fri, sat and sun");
            return;
        }
        *days |= 1U << day;
    }
}

static void read_zone(struct json_scope *scope, const char *name, char zone[TIME_ZONE_MAX + 1])
{
    const char *text;
    if (!json_scope_text(scope, name, false, &text))
        return;
    if (strlen(text) > TIME_ZONE_MAX)
        json_scope_refuse(scope, name, "allowed is the name of a time zone, such as Europe/Berlin");
    else
        snprintf(zone, TIME_ZONE_MAX + 1, "%s", text);
}

static void read_windows(struct json_scope *outer, struct windows_policy *windows)
{
    struct json_scope scope, window;
    json_t *object, *array;
    if (!json_scope_object(outer, "windows", false, &object))
        return;
    json_scope_enter(&scope, outer, "windows", object);
    read_zone(&scope, "zone", windows->zone);
    read_zone(&scope, "default_zone", windows->default_zone);
    if (json_scope_array(&scope, "open", true, &array)) {
        size_t count = json_array_size(array);
        if (count > POLICY_WINDOWS_MAX)
            json_scope_refuse(&scope, "open", "allowed are up to 16 windows");
        for (size_t i = 0; i < count && scope.status == STATUS_OK; i++) {
            struct window *read = &windows->windows[windows->count++];
            json_scope_element(&window, &scope, "open", array, i);
            read_days(&window, &read->days);
            read_time(&window, "from", &read->from);
            read_time(&window, "to", &read->to);
            json_scope_leave(&window, &scope);
        }
    }
    json_scope_leave(&scope, outer);
}

/* "before": "start" and names of waves. Read after the waves. */
static void read_points(struct json_scope *scope, struct policy *policy)
{
    json_t *array;
    if (!json_scope_array(scope, "before", false, &array))
        return;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *word = json_string_value(json_array_get(array, i));
        int wave = 0;
        while (word != NULL && wave < policy->wave_count && strcmp(policy->waves[wave].name, word) != 0)
            wave++;
        if (word != NULL && strcmp(word, APPROVAL_START) == 0) {
            policy->approval.before_start = true;
        } else if (word != NULL && wave < policy->wave_count) {
            policy->approval.before_waves |= UINT32_C(1) << wave;
        } else {
            char place[40];
            snprintf(place, sizeof place, "before[%zu]", i);
            json_scope_refuse(scope, place, "allowed are \"start\" and the names of this policy's waves");
            return;
        }
    }
}

static void read_approval(struct json_scope *outer, struct policy *policy)
{
    struct json_scope scope;
    json_t *object;
    if (!json_scope_object(outer, "approval", false, &object))
        return;
    json_scope_enter(&scope, outer, "approval", object);
    json_scope_integer(&scope, "approvers", true, &policy->approval.approvers);
    read_points(&scope, policy);
    json_scope_leave(&scope, outer);
}

/* Puts the path of the policy inside its document before the place a check has named. */
static void prefix_field(struct error *error, const char *path)
{
    if (error == NULL || path[0] == '\0')
        return;
    char field[sizeof error->field];
    memcpy(field, error->field, sizeof field);
    int used = snprintf(error->field, sizeof error->field, "%s.", path);
    snprintf(error->field + used, sizeof error->field - (size_t)used, "%s", field);
}

enum status policy_json_read(json_t *document, const char *path, struct policy *policy, struct error *error)
{
    struct json_scope scope;
    const char *description;
    policy_defaults(policy);
    json_scope_begin(&scope, document, path, error);
    read_name(&scope, policy->name);
    json_scope_text(&scope, "description", false, &description);
    read_waves(&scope, policy);
    read_timing(&scope, policy);
    read_second_chances(&scope, policy);
    read_windows(&scope, &policy->windows);
    read_approval(&scope, policy);
    policy->on_halt = (enum on_halt)read_word(&scope, "on_halt", on_halt_words, (int)policy->on_halt);
    policy->on_pause = (enum on_pause)read_word(&scope, "on_pause", on_pause_words, (int)policy->on_pause);
    enum status status = json_scope_end(&scope);
    if (status != STATUS_OK)
        return status;
    status = policy_validate(policy, error);
    if (status != STATUS_OK)
        prefix_field(error, path);
    return status;
}

enum status policy_json_parse(const char *text, size_t length, struct policy *policy, struct error *error)
{
    json_t *document;
    enum status status = json_read_document(text, length, &document, error);
    if (status != STATUS_OK)
        return status;
    status = policy_json_read(document, "", policy, error);
    json_decref(document);
    return status;
}
