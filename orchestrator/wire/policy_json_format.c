#include <stdlib.h>

#include "policy_json.h"
#include "policy_words.h"
#include "window.h"

static json_t *format_size(const struct wave_size *size)
{
    switch (size->kind) {
    case WAVE_SIZE_PERCENT:
        return json_pack("{sf sI sI}", "percent", size->percent, "min", (json_int_t)size->min, "max",
                         (json_int_t)size->max);
    case WAVE_SIZE_COUNT:
        return json_pack("{sI}", "count", (json_int_t)size->count);
    case WAVE_SIZE_TAG:
        return json_pack("{ss}", "tag", size->tag);
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

static json_t *format_retry(const struct retry_policy *retry)
{
    const bool outcomes[RETRY_OUTCOMES] = {retry->on_rejected, retry->on_failed, retry->on_reverted,
                                           retry->on_silent};
    json_t *on = json_array();
    for (size_t i = 0; i < RETRY_OUTCOMES; i++) {
        if (outcomes[i])
            json_array_append_new(on, json_string(outcome_words[i]));
    }
    return json_pack("{sI sI sf sI so}", "attempts", (json_int_t)retry->attempts, "backoff_seconds",
                     (json_int_t)retry->backoff_seconds, "backoff_factor", retry->backoff_factor,
                     "backoff_max_seconds", (json_int_t)retry->backoff_max_seconds, "on", on);
}

static json_t *format_flapping(const struct flapping_policy *flapping)
{
    return json_pack("{sI sI sI}", "failures", (json_int_t)flapping->failures, "within_seconds",
                     (json_int_t)flapping->within_seconds, "quarantine_seconds",
                     (json_int_t)flapping->quarantine_seconds);
}

static json_t *format_time(int minute)
{
    return json_sprintf("%02d:%02d", minute / 60, minute % 60);
}

static json_t *format_windows(const struct windows_policy *windows)
{
    json_t *open = json_array();
    for (int i = 0; i < windows->count; i++) {
        const struct window *window = &windows->windows[i];
        json_t *days = json_array();
        for (int day = 0; day < DAYS_A_WEEK; day++) {
            if ((window->days >> day & 1) != 0)
                json_array_append_new(days, json_string(window_day_name(day)));
        }
        json_array_append_new(open, json_pack("{so so so}", "days", days, "from", format_time(window->from),
                                              "to", format_time(window->to)));
    }
    return json_pack("{ss ss so}", "zone", windows->zone, "default_zone", windows->default_zone, "open",
                     open);
}

static json_t *format_approval(const struct policy *policy)
{
    json_t *before = json_array();
    if (policy->approval.before_start)
        json_array_append_new(before, json_string(APPROVAL_START));
    for (int i = 0; i < policy->wave_count; i++) {
        if ((policy->approval.before_waves >> i & 1) != 0)
            json_array_append_new(before, json_string(policy->waves[i].name));
    }
    return json_pack("{sI so}", "approvers", (json_int_t)policy->approval.approvers, "before", before);
}

char *policy_json_format(const struct policy *policy)
{
    json_t *waves = json_array();
    for (int i = 0; i < policy->wave_count; i++)
        json_array_append_new(waves, format_wave(&policy->waves[i]));
    json_t *document = json_pack(
        "{ss so so sI s{sI sI sI} s{sI ss} ss ss so so so so}", "name", policy->name, "waves", waves, "rate",
        format_rate(&policy->rate), "in_flight", (json_int_t)policy->in_flight, "timeouts", "offer_seconds",
        (json_int_t)policy->offer_seconds, "download_seconds", (json_int_t)policy->download_seconds,
        "confirm_seconds", (json_int_t)policy->confirm_seconds, "offline", "wait_seconds",
        (json_int_t)policy->offline_wait_seconds, "then", offline_words[policy->offline_then], "on_halt",
        on_halt_words[policy->on_halt], "on_pause", on_pause_words[policy->on_pause], "retry",
        format_retry(&policy->retry), "flapping", format_flapping(&policy->flapping), "windows",
        format_windows(&policy->windows), "approval", format_approval(policy));
    char *text = json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    json_decref(document);
    if (text == NULL)
        abort();
    return text;
}
