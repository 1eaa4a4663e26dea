#include "policy.h"

#include <stdio.h>
#include <string.h>

#include "gate_sequential.h"

enum {
    COUNT_MAX = 100000000,
    SOAK_SECONDS_MAX = 2592000, /* 30 days */
    TIMEOUT_SECONDS_MAX = 604800,
    OFFLINE_SECONDS_MAX = 31536000,
    RATE_MAX = 6000000,
    IN_FLIGHT_MAX = 1000000,
    ATTEMPTS_MAX = 100,
    APPROVERS_MAX = 5,
    FLAPPING_SECONDS_MAX = FLAPPING_MEMORY_SECONDS
};
static const double ERROR_RATE_MIN = 1e-6, FAILURE_PERCENT_MIN = 0.001, RATES_RATIO_MIN = 1.1;

void gate_defaults(struct gate_policy *gate)
{
    *gate = (struct gate_policy){
        .kind = GATE_THRESHOLD,
        .threshold = {.success_percent = 95, .finished_percent = 95, .failure_percent = 10},
        .sequential = {.acceptable_percent = 1, .unacceptable_percent = 10, .alpha = 0.05, .beta = 0.05},
        .min_sample = 1};
}

void policy_defaults(struct policy *policy)
{
    *policy = (struct policy){
        .name = "default",
        .wave_count = 1,
        .rate = {.per_minute = 600, .growth_factor = 1},
        .in_flight = 100,
        .offer_seconds = 120,
        .download_seconds = 900,
        .confirm_seconds = 300,
        .offline_wait_seconds = 86400,
        .offline_then = OFFLINE_SKIP,
        .on_halt = ON_HALT_PAUSE,
        .on_pause = ON_PAUSE_KEEP_DOWNLOADS,
        .retry = {.attempts = 1,
                  .backoff_seconds = 60,
                  .backoff_factor = 2,
                  .backoff_max_seconds = 3600,
                  .on_failed = true,
                  .on_silent = true},
        .windows = {.zone = "UTC", .default_zone = "UTC"},
        .flapping = {.within_seconds = 86400, .quarantine_seconds = 604800},
    };
    struct wave_policy *wave = &policy->waves[0];
    snprintf(wave->name, sizeof wave->name, "all");
    wave->size.kind = WAVE_SIZE_REST;
    gate_defaults(&wave->gate);
}

void policy_of_rollback(const struct policy *policy, struct policy *rollback)
{
    *rollback = *policy;
    rollback->waves[0] = policy->waves[policy->wave_count - 1];
    rollback->waves[0].size = (struct wave_size){.kind = WAVE_SIZE_REST};
    rollback->waves[0].soak_seconds = 0;
    snprintf(rollback->waves[0].name, sizeof rollback->waves[0].name, "rollback");
    rollback->wave_count = 1;
    rollback->on_halt = ON_HALT_PAUSE; /* there is nothing to roll back to after it */
    rollback->approval = (struct approval_policy){0};
    rollback->windows.count = 0; /* what does not work is taken back at once */
}

/* Paths are made here only, so that each check reads as one line. */
struct checker {
    char prefix[64]; /* "" or "waves[1]." and the like */
    struct error *error;
};

static enum status refuse(const struct checker *checker, const char *member, const char *allowed)
{
    char field[96];
    snprintf(field, sizeof field, "%s%s", checker->prefix, member);
    return error_set(checker->error, STATUS_INVALID, field, "%s", allowed);
}

static enum status check_integer(const struct checker *checker, const char *member, int64_t value,
                                 int64_t lowest, int64_t highest)
{
    if (value >= lowest && value <= highest)
        return STATUS_OK;
    char message[128];
    snprintf(message, sizeof message, "is %lld; allowed is a whole number from %lld to %lld",
             (long long)value, (long long)lowest, (long long)highest);
    return refuse(checker, member, message);
}

/* Written so that a NaN is refused. */
static enum status check_percent(const struct checker *checker, const char *member, double value,
                                 bool zero_allowed)
{
    if (value <= 100 && (value > 0 || (zero_allowed && value >= 0)))
        return STATUS_OK;
    char message[128];
    snprintf(message, sizeof message, "is %g; allowed is a number %s 0 to 100", value,
             zero_allowed ? "from" : "above");
    return refuse(checker, member, message);
}

static enum status check_name(const struct checker *checker, const char *name)
{
    size_t length = strnlen(name, NAME_MAX_LENGTH + 1);
    size_t good = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    if (length >= 1 && length <= NAME_MAX_LENGTH && good == length)
        return STATUS_OK;
    return refuse(checker, "name", "allowed is 1 to 64 characters of A-Z a-z 0-9 . _ -");
}

static enum status check_size(struct checker *checker, const struct wave_size *size, bool last)
{
    enum status status = STATUS_OK;
    switch (size->kind) {
    case WAVE_SIZE_PERCENT:
        status = check_percent(checker, "size.percent", size->percent, false);
        if (status == STATUS_OK)
            status = check_integer(checker, "size.min", size->min, 0, COUNT_MAX);
        if (status == STATUS_OK)
            status = check_integer(checker, "size.max", size->max, 0, COUNT_MAX);
        if (status == STATUS_OK && size->max > 0 && size->max < size->min)
            status =
                refuse(checker, "size.max", "is below size.min; allowed is size.min or more, or 0 for none");
        if (status == STATUS_OK && last && (size->percent < 100 || size->max > 0))
            status = refuse(checker, "size",
                            "the last wave must take every device left: {\"rest\": true}, or "
                            "{\"percent\": 100} without max");
        return status;
    case WAVE_SIZE_COUNT:
        status = check_integer(checker, "size.count", size->count, 1, COUNT_MAX);
        if (status == STATUS_OK && last)
            status =
                refuse(checker, "size",
                       "the last wave must take every device left: {\"rest\": true}, or {\"percent\": 100}");
        return status;
    case WAVE_SIZE_TAG:
        if (size->tag[0] == '\0')
            status = refuse(checker, "size.tag", "allowed is a tag");
        else if (last)
            status =
                refuse(checker, "size",
                       "the last wave must take every device left: {\"rest\": true}, or {\"percent\": 100}");
        return status;
    case WAVE_SIZE_REST:
        if (!last)
            status = refuse(checker, "size.rest", "only the last wave may take the rest");
        return status;
    }
    return refuse(checker, "size", "allowed is one of percent, count, tag, rest");
}

static enum status check_threshold(const struct checker *checker, const struct threshold_policy *gate)
{
    enum status status = check_percent(checker, "gate.success_percent", gate->success_percent, true);
    if (status == STATUS_OK)
        status = check_percent(checker, "gate.finished_percent", gate->finished_percent, false);
    if (status == STATUS_OK)
        status = check_percent(checker, "gate.failure_percent", gate->failure_percent, false);
    return status;
}

static enum status check_error_rate(const struct checker *checker, const char *member, double value)
{
    if (value >= ERROR_RATE_MIN && value <= 0.5)
        return STATUS_OK;
    char message[128];
    snprintf(message, sizeof message, "is %g; allowed is a number from 0.000001 to 0.5", value);
    return refuse(checker, member, message);
}

static enum status check_sequential(const struct checker *checker, const struct sequential_policy *gate)
{
    enum status status = check_percent(checker, "gate.acceptable_percent", gate->acceptable_percent, false);
    if (status == STATUS_OK && gate->acceptable_percent < FAILURE_PERCENT_MIN)
        status = refuse(checker, "gate.acceptable_percent", "allowed is a number from 0.001 to 100");
    if (status == STATUS_OK)
        status = check_percent(checker, "gate.unacceptable_percent", gate->unacceptable_percent, false);
    /* Closer together no fleet is large enough to tell them apart. */
    if (status == STATUS_OK && gate->unacceptable_percent < gate->acceptable_percent * RATES_RATIO_MIN)
        status = refuse(checker, "gate.unacceptable_percent",
                        "allowed is a number of at least 1.1 times acceptable_percent");
    if (status == STATUS_OK)
        status = check_error_rate(checker, "gate.alpha", gate->alpha);
    if (status == STATUS_OK)
        status = check_error_rate(checker, "gate.beta", gate->beta);
    if (status == STATUS_OK)
        status = check_integer(checker, "gate.max_sample", gate->max_sample, 0, COUNT_MAX);
    return status;
}

static enum status check_gate(const struct checker *checker, const struct gate_policy *gate)
{
    enum status status = gate->kind == GATE_SEQUENTIAL ? check_sequential(checker, &gate->sequential)
                                                       : check_threshold(checker, &gate->threshold);
    if (status == STATUS_OK)
        status = check_integer(checker, "gate.min_sample", gate->min_sample, 1, COUNT_MAX);
    if (status == STATUS_OK && gate->kind == GATE_SEQUENTIAL && gate->sequential.max_sample > 0 &&
        gate->sequential.max_sample < gate->min_sample)
        status =
            refuse(checker, "gate.max_sample", "is below min_sample; allowed is min_sample or more, or 0");
    return status;
}

int64_t policy_most_outcomes(const struct wave_policy *wave)
{
    const struct wave_size *size = &wave->size;
    int64_t members = size->kind == WAVE_SIZE_COUNT     ? size->count
                      : size->kind == WAVE_SIZE_PERCENT ? size->max
                                                        : 0;
    int64_t cap = wave->gate.sequential.max_sample;
    return members == 0 || (cap > 0 && cap < members) ? cap : members;
}

/* A wave too small for the evidence its gate asks for would halt every campaign. */
static enum status check_sample(const struct checker *checker, const struct wave_policy *wave)
{
    int64_t most = policy_most_outcomes(wave);
    if (wave->gate.kind != GATE_SEQUENTIAL || wave->gate.sequential.undecided == UNDECIDED_PROMOTE ||
        most == 0)
        return STATUS_OK;
    int64_t needed = gate_sequential_least_successes(&wave->gate.sequential);
    if (needed <= most)
        return STATUS_OK;
    char message[320];
    snprintf(
        message, sizeof message,
        "can never promote: it needs %lld successes, and its sample has at most %lld outcomes; allowed are a "
        "larger wave or max_sample, a larger unacceptable_percent or beta, or \"undecided\": \"promote\"",
        (long long)needed, (long long)most);
    return refuse(checker, "gate", message);
}

static enum status check_wave(const struct policy *policy, int index, struct error *error)
{
    const struct wave_policy *wave = &policy->waves[index];
    struct checker checker = {.error = error};
    snprintf(checker.prefix, sizeof checker.prefix, "waves[%d].", index);
    enum status status = check_name(&checker, wave->name);
    for (int i = 0; i < index && status == STATUS_OK; i++) {
        if (strcmp(policy->waves[i].name, wave->name) == 0)
            status = refuse(&checker, "name", "is the name of an earlier wave; allowed is a name used once");
    }
    if (status == STATUS_OK)
        status = check_size(&checker, &wave->size, index == policy->wave_count - 1);
    if (status == STATUS_OK)
        status = check_gate(&checker, &wave->gate);
    if (status == STATUS_OK)
        status = check_sample(&checker, wave);
    if (status == STATUS_OK)
        status = check_integer(&checker, "soak_seconds", wave->soak_seconds, 0, SOAK_SECONDS_MAX);
    return status;
}

/* Growth is told by three members together, or not at all. */
static enum status check_growth(const struct checker *checker, const struct rate_policy *rate)
{
    if (!(rate->growth_factor >= 1 && rate->growth_factor <= 100))
        return refuse(checker, "rate.growth_factor", "allowed is a number from 1 to 100");
    if (rate->growth_every == 0) {
        if (rate->growth_factor > 1)
            return refuse(checker, "rate.growth_every",
                          "is 0, so the rate would never grow; allowed is 1 or more, or no growth_factor");
        if (rate->ceiling_per_minute != 0)
            return refuse(checker, "rate.ceiling_per_minute", "allowed only beside growth_every");
        return STATUS_OK;
    }
    if (rate->per_minute == 0)
        return refuse(checker, "rate.growth_every", "allowed only beside a per_minute above 0");
    return check_integer(checker, "rate.ceiling_per_minute", rate->ceiling_per_minute, rate->per_minute,
                         RATE_MAX);
}

static enum status check_retry(const struct checker *checker, const struct retry_policy *retry)
{
    if (!(retry->backoff_factor >= 1 && retry->backoff_factor <= 100))
        return refuse(checker, "retry.backoff_factor", "allowed is a number from 1 to 100");
    if (retry->backoff_max_seconds < retry->backoff_seconds)
        return refuse(checker, "retry.backoff_max_seconds",
                      "is below backoff_seconds; allowed is backoff_seconds or more");
    if (retry->attempts > 1 && !retry->on_rejected && !retry->on_failed && !retry->on_reverted &&
        !retry->on_silent)
        return refuse(checker, "retry.on", "names no outcome; allowed is at least one, or attempts 1");
    return STATUS_OK;
}

/* Whether there is such a zone only the database knows. */
static enum status check_zone(const struct checker *checker, const char *member, const char *zone)
{
    size_t length = strnlen(zone, TIME_ZONE_MAX + 1);
    size_t good = strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+/-");
    if (length >= 1 && length <= TIME_ZONE_MAX && good == length)
        return STATUS_OK;
    return refuse(checker, member, "allowed is the name of a time zone, such as Europe/Berlin");
}

static enum status check_windows(const struct checker *checker, const struct windows_policy *windows)
{
    enum status status = check_zone(checker, "windows.zone", windows->zone);
    if (status == STATUS_OK)
        status = check_zone(checker, "windows.default_zone", windows->default_zone);
    if (status == STATUS_OK && strcmp(windows->default_zone, DEVICE_ZONE) == 0)
        status = refuse(checker, "windows.default_zone", "allowed is the name of a time zone");
    if (status == STATUS_OK && (windows->count < 0 || windows->count > POLICY_WINDOWS_MAX))
        status = refuse(checker, "windows.open", "allowed are up to 16 windows");
    for (int i = 0; i < windows->count && status == STATUS_OK; i++) {
        const struct window *window = &windows->windows[i];
        char member[40];
        snprintf(member, sizeof member, "windows.open[%d]", i);
        if (window->days == 0 || window->days >= 128)
            status = refuse(checker, member, "has no day; allowed is at least one");
        else if (window->from < 0 || window->from >= 1440 || window->to < 0 || window->to > 1440)
            status = refuse(checker, member, "allowed are times from 00:00 to 24:00");
        else if (window->from == window->to)
            status =
                refuse(checker, member, "begins and ends at the same time; a whole day is 00:00 to 24:00");
    }
    return status;
}

static enum status check_approval(const struct checker *checker, const struct approval_policy *approval)
{
    bool wanted = approval->before_start || approval->before_waves != 0;
    enum status status = check_integer(checker, "approval.approvers", approval->approvers, 0, APPROVERS_MAX);
    if (status == STATUS_OK && approval->approvers > 0 && !wanted)
        status =
            refuse(checker, "approval.before", "names nothing; allowed are \"start\" and names of waves");
    if (status == STATUS_OK && approval->approvers == 0 && wanted)
        status = refuse(checker, "approval.approvers", "is 0, with something to approve; allowed is 1 to 5");
    return status;
}

enum status policy_validate(const struct policy *policy, struct error *error)
{
    struct checker checker = {.error = error};
    enum status status = check_name(&checker, policy->name);
    if (status == STATUS_OK && (policy->wave_count < 1 || policy->wave_count > POLICY_WAVES_MAX))
        status = refuse(&checker, "waves", "allowed are 1 to 32 waves");
    for (int i = 0; i < policy->wave_count && status == STATUS_OK; i++)
        status = check_wave(policy, i, error);
    const struct {
        const char *member;
        int64_t value, lowest, highest;
    } ranges[] = {
        {"rate.per_minute", policy->rate.per_minute, 0, RATE_MAX},
        {"rate.growth_every", policy->rate.growth_every, 0, COUNT_MAX},
        {"in_flight", policy->in_flight, 1, IN_FLIGHT_MAX},
        {"timeouts.offer_seconds", policy->offer_seconds, 1, TIMEOUT_SECONDS_MAX},
        {"timeouts.download_seconds", policy->download_seconds, 1, TIMEOUT_SECONDS_MAX},
        {"timeouts.confirm_seconds", policy->confirm_seconds, 1, TIMEOUT_SECONDS_MAX},
        {"offline.wait_seconds", policy->offline_wait_seconds, 0, OFFLINE_SECONDS_MAX},
        {"retry.attempts", policy->retry.attempts, 1, ATTEMPTS_MAX},
        {"retry.backoff_seconds", policy->retry.backoff_seconds, 0, TIMEOUT_SECONDS_MAX},
        {"retry.backoff_max_seconds", policy->retry.backoff_max_seconds, 0, TIMEOUT_SECONDS_MAX},
        {"flapping.failures", policy->flapping.failures, 0, ATTEMPTS_MAX},
        {"flapping.within_seconds", policy->flapping.within_seconds, 1, FLAPPING_SECONDS_MAX},
        {"flapping.quarantine_seconds", policy->flapping.quarantine_seconds, 1, OFFLINE_SECONDS_MAX},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && status == STATUS_OK; i++)
        status =
            check_integer(&checker, ranges[i].member, ranges[i].value, ranges[i].lowest, ranges[i].highest);
    if (status == STATUS_OK)
        status = check_growth(&checker, &policy->rate);
    if (status == STATUS_OK)
        status = check_retry(&checker, &policy->retry);
    if (status == STATUS_OK)
        status = check_windows(&checker, &policy->windows);
    return status == STATUS_OK ? check_approval(&checker, &policy->approval) : status;
}
