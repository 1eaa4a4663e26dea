#include "policy_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_scope.h"

static const char *const offline_words[] = {[OFFLINE_SKIP] = "skip", [OFFLINE_FAIL] = "fail"};
static const char *const on_halt_words[] = {[ON_HALT_PAUSE] = "pause", [ON_HALT_ROLLBACK] = "rollback"};

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
    bool has_min = json_scope_integer(&scope, "min", false, &size->min);
    bool has_max = json_scope_integer(&scope, "max", false, &size->max);
    if (has_percent + has_count + has_rest > 1)
        json_scope_refuse(&scope, "", "allowed is exactly one of percent, count, rest");
    if (has_rest && !rest)
        json_scope_refuse(&scope, "rest", "is false; allowed is true");
    if (!has_percent && (has_min || has_max) && (has_count || has_rest))
        json_scope_refuse(&scope, has_min ? "min" : "max", "allowed only beside percent");
    size->kind = has_percent ? WAVE_SIZE_PERCENT : has_count ? WAVE_SIZE_COUNT : WAVE_SIZE_REST;
    bool has_none = !has_percent && !has_count && !has_rest;
    enum status status = json_scope_end(&scope);
    if (status == STATUS_OK && has_none)
        json_scope_refuse(&scope, "", "allowed is exactly one of percent, count, rest");
    wave_scope->status = scope.status;
}

static const char *const gate_words[] = {[GATE_THRESHOLD] = "threshold", [GATE_SEQUENTIAL] = "sequential"};
static const char *const undecided_words[] = {[UNDECIDED_HALT] = "halt", [UNDECIDED_PROMOTE] = "promote"};

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
    policy->on_halt = (enum on_halt)read_word(&scope, "on_halt", on_halt_words, (int)policy->on_halt);
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

static json_t *format_size(const struct wave_size *size)
{
    switch (size->kind) {
    case WAVE_SIZE_PERCENT:
        return json_pack("{sf sI sI}", "percent", size->percent, "min", (json_int_t)size->min, "max",
                         (json_int_t)size->max);
    case WAVE_SIZE_COUNT:
        return json_pack("{sI}", "count", (json_int_t)size->count);
    case WAVE_SIZE_REST:
        break;
    }
    return json_pack("{sb}", "rest", 1);
}

static json_t *format_gate(const struct gate_policy *gate)
{
    const struct threshold_policy *threshold = &gate->threshold;
    const struct sequential_policy *sequential = &gate->sequential;
    json_t *object;
    if (gate->kind == GATE_SEQUENTIAL)
        object = json_pack("{ss sf sf sf sf sI ss}", "type", gate_words[gate->kind], "acceptable_percent",
                           sequential->acceptable_percent, "unacceptable_percent",
                           sequential->unacceptable_percent, "alpha", sequential->alpha, "beta",
                           sequential->beta, "max_sample", (json_int_t)sequential->max_sample, "undecided",
                           undecided_words[sequential->undecided]);
    else
        object = json_pack("{ss sf sf sf}", "type", gate_words[gate->kind], "success_percent",
                           threshold->success_percent, "finished_percent", threshold->finished_percent,
                           "failure_percent", threshold->failure_percent);
    json_object_set_new(object, "min_sample", json_integer((json_int_t)gate->min_sample));
    json_object_set_new(object, "count_rejected", json_boolean(gate->count_rejected));
    return object;
}

static json_t *format_wave(const struct wave_policy *wave)
{
    return json_pack("{ss so so sI}", "name", wave->name, "size", format_size(&wave->size), "gate",
                     format_gate(&wave->gate), "soak_seconds", (json_int_t)wave->soak_seconds);
}

static json_t *format_rate(const struct rate_policy *rate)
{
    json_t *object = json_pack("{sI}", "per_minute", (json_int_t)rate->per_minute);
    if (rate->growth_every == 0)
        return object;
    json_object_set_new(object, "growth_factor", json_real(rate->growth_factor));
    json_object_set_new(object, "growth_every", json_integer((json_int_t)rate->growth_every));
    json_object_set_new(object, "ceiling_per_minute", json_integer((json_int_t)rate->ceiling_per_minute));
    return object;
}

char *policy_json_format(const struct policy *policy)
{
    json_t *waves = json_array();
    for (int i = 0; i < policy->wave_count; i++)
        json_array_append_new(waves, format_wave(&policy->waves[i]));
    json_t *document = json_pack(
        "{ss so so sI s{sI sI sI} s{sI ss} ss}", "name", policy->name, "waves", waves, "rate",
        format_rate(&policy->rate), "in_flight", (json_int_t)policy->in_flight, "timeouts", "offer_seconds",
        (json_int_t)policy->offer_seconds, "download_seconds", (json_int_t)policy->download_seconds,
        "confirm_seconds", (json_int_t)policy->confirm_seconds, "offline", "wait_seconds",
        (json_int_t)policy->offline_wait_seconds, "then", offline_words[policy->offline_then], "on_halt",
        on_halt_words[policy->on_halt]);
    char *text = json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    json_decref(document);
    if (text == NULL)
        abort();
    return text;
}
