#include "audit_detail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(char detail[AUDIT_DETAIL_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(char detail[AUDIT_DETAIL_SIZE], const char *format, ...)
{
    size_t used = strlen(detail);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail + used, AUDIT_DETAIL_SIZE - used, format, arguments);
    va_end(arguments);
}

void audit_detail_of_campaign(const struct campaign *campaign, char detail[AUDIT_DETAIL_SIZE])
{
    const struct campaign_snapshot *snapshot = &campaign->snapshot;
    int64_t members = 0, excused = 0;
    snprintf(detail, AUDIT_DETAIL_SIZE, "{");
    for (int i = 0; i < snapshot->wave_count; i++) {
        members += snapshot->waves[i].members;
        excused += snapshot->waves[i].excused;
    }
    if (snapshot->wave_count > 0)
        append(detail, "\"members\": %lld, \"in_flight\": %lld, \"excused\": %lld", (long long)members,
               (long long)snapshot_in_flight(snapshot), (long long)excused);
    for (int state = 0; snapshot->wave_count > 0 && state < TARGET_STATE_COUNT; state++) {
        if (!target_state_in_flight((enum target_state)state))
            append(detail, ", \"%s\": %lld", target_state_name((enum target_state)state),
                   (long long)snapshot_count(snapshot, (enum target_state)state));
    }
    append(detail, "}");
}

void audit_detail_of_wave(const struct campaign *campaign, int number, char detail[AUDIT_DETAIL_SIZE])
{
    const struct wave_snapshot *wave = &campaign->snapshot.waves[number];
    const struct wave_policy *policy = &campaign->policy.waves[number];
    const struct gate_policy *gate = &policy->gate;
    int64_t finished = wave->members - wave->counts[TARGET_PENDING] - wave_in_flight(wave);
    /* Names of waves need no escapes. */
    snprintf(
        detail, AUDIT_DETAIL_SIZE,
        "{\"wave\": \"%s\", \"members\": %lld, \"finished\": %lld, \"confirmed\": %lld, \"failures\": %lld, "
        "\"excused\": %lld, \"min_sample\": %lld",
        policy->name, (long long)wave->members, (long long)finished,
        (long long)wave->counts[TARGET_CONFIRMED], (long long)gate_failures(gate, wave->counts),
        (long long)wave->excused, (long long)gate->min_sample);
    if (gate->kind == GATE_THRESHOLD)
        append(detail, ", \"success_percent\": %g, \"finished_percent\": %g, \"failure_percent\": %g}",
               gate->threshold.success_percent, gate->threshold.finished_percent,
               gate->threshold.failure_percent);
    else
        append(detail,
               ", \"acceptable_percent\": %g, \"unacceptable_percent\": %g, \"alpha\": %g, \"beta\": %g}",
               gate->sequential.acceptable_percent, gate->sequential.unacceptable_percent,
               gate->sequential.alpha, gate->sequential.beta);
}
