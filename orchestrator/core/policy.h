/* Policy: how a campaign goes: waves, gates, rate, cap, timeouts. Read from JSON by wire/policy_json. */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"

#define POLICY_WAVES_MAX 32
#define FLAPPING_MEMORY_SECONDS 2592000 /* failures older than 30 days are forgotten */
#define NAME_MAX_LENGTH 64              /* of policies, waves, campaigns, products, tokens */

enum wave_size_kind { WAVE_SIZE_PERCENT, WAVE_SIZE_COUNT, WAVE_SIZE_TAG, WAVE_SIZE_REST };

struct wave_size {
    enum wave_size_kind kind;
    double percent;                /* of the whole membership, above 0 to 100; for WAVE_SIZE_PERCENT */
    int64_t count;                 /* for WAVE_SIZE_COUNT, 1 or more */
    int64_t min;                   /* at least so many, as far as there are devices; 0: no minimum */
    int64_t max;                   /* at most so many; 0: no maximum */
    char tag[NAME_MAX_LENGTH + 1]; /* all that are left and have it; for WAVE_SIZE_TAG */
};

enum gate_kind { GATE_THRESHOLD, GATE_SEQUENTIAL };
enum undecided { UNDECIDED_HALT, UNDECIDED_PROMOTE };

struct threshold_policy {
    double success_percent;  /* of decided outcomes (confirmed + failures), 0 to 100 */
    double finished_percent; /* of the wave's members, above 0 to 100 */
    double failure_percent;  /* of the wave's members, above 0 to 100: reaching it halts at once */
};

/* core/gate_sequential.h says what these do. */
struct sequential_policy {
    double acceptable_percent;   /* rate of failures, above 0 */
    double unacceptable_percent; /* above acceptable_percent, to 100 */
    double alpha;                /* at most so often is an acceptable release halted: above 0 to 0.5 */
    double beta;                 /* at most so often is an unacceptable one promoted: above 0 to 0.5 */
    int64_t max_sample;          /* outcomes; 0: all members of the wave */
    enum undecided undecided;    /* what a sample that ends without a verdict does */
};

/* Failures are failed + reverted + silent, + rejected where count_rejected says so. */
struct gate_policy {
    enum gate_kind kind;
    struct threshold_policy threshold;
    struct sequential_policy sequential;
    int64_t
        min_sample; /* decided outcomes wanted before promotion (all of them in a smaller wave), 1 or more */
    bool count_rejected;
};

struct wave_policy {
    char name[NAME_MAX_LENGTH + 1];
    struct wave_size size;
    struct gate_policy gate;
    int64_t soak_seconds; /* 0 or more: watch so long after the gate would promote */
};

/* Offers in any 60 s. core/ramp.h says how they grow. */
struct rate_policy {
    int64_t per_minute;         /* at the start; 0: no limit */
    double growth_factor;       /* 1 or more: the rate is multiplied by it ... */
    int64_t growth_every;       /* ... for every so many confirmed targets; 0: it does not grow */
    int64_t ceiling_per_minute; /* never above; only where it grows, per_minute or more */
};

/* core/retry.h says how these are used. */
struct retry_policy {
    int64_t attempts;        /* in all, 1 to 100; 1: nothing is tried again */
    int64_t backoff_seconds; /* before the second attempt ... */
    double backoff_factor;   /* ... times this before each further one, 1 to 100 ... */
    int64_t backoff_max_seconds;
    bool on_rejected, on_failed, on_reverted, on_silent; /* which outcomes */
};

/* A device with so many failures within so long, in whatever campaigns, is offered nothing for a while. */
struct flapping_policy {
    int64_t failures; /* failed, reverted or silent attempts; 0: devices are not watched for it */
    int64_t within_seconds;
    int64_t quarantine_seconds;
};

/* Who else must say yes: people other than the campaign's creator. */
struct approval_policy {
    int64_t approvers;     /* 0 to 5; 0: nobody */
    bool before_start;     /* before the campaign is planned */
    uint32_t before_waves; /* bit N: before wave N opens */
};

#define POLICY_WINDOWS_MAX 16
#define TIME_ZONE_MAX 40 /* characters of a name such as America/Argentina/ComodRivadavia */
#define DEVICE_ZONE "device"

/* From and to are minutes of the day, 0 to 1440; to is not part of it. core/window.h says what days mean. */
struct window {
    unsigned days; /* bit 0 Monday to bit 6 Sunday */
    int from, to;
};

struct windows_policy {
    char zone[TIME_ZONE_MAX + 1]; /* of everyone; or DEVICE_ZONE: each device's own (its tag tz:NAME) ... */
    char default_zone[TIME_ZONE_MAX + 1]; /* ... and this for devices without one */
    struct window windows[POLICY_WINDOWS_MAX];
    int count; /* 0: always open */
};

enum offline_then { OFFLINE_SKIP, OFFLINE_FAIL };
enum on_halt { ON_HALT_PAUSE, ON_HALT_ROLLBACK };
enum on_pause { ON_PAUSE_KEEP_DOWNLOADS, ON_PAUSE_STOP_DOWNLOADS };

struct policy {
    char name[NAME_MAX_LENGTH + 1];
    struct wave_policy waves[POLICY_WAVES_MAX];
    int wave_count; /* 1 or more */
    struct rate_policy rate;
    int64_t in_flight;     /* targets between offered and their end, 1 or more */
    int64_t offer_seconds; /* each timeout 1 to 604800 */
    int64_t download_seconds;
    int64_t confirm_seconds;
    int64_t offline_wait_seconds; /* 0 or more: a device not online so long after its wave opened is skipped
                                     or failed */
    enum offline_then offline_then;
    enum on_halt on_halt;
    enum on_pause on_pause; /* when whoever pauses does not say */
    struct retry_policy retry;
    struct flapping_policy flapping;
    struct windows_policy windows;
    struct approval_policy approval;
};

/* What every member has when the file does not give it. One wave "all" of everything. */
void policy_defaults(struct policy *policy);
void gate_defaults(struct gate_policy *gate);

/* The most outcomes a wave's gate can see: its size or max_sample, 0 where only the fleet's size says. */
int64_t policy_most_outcomes(const struct wave_policy *wave);

/* How a campaign of `policy` goes back: one wave of everybody, with its last gate, cap, rate and timeouts. */
void policy_of_rollback(const struct policy *policy, struct policy *rollback);

/* Checks ranges and the rules between members (names differ, `rest` only last, the last wave is `rest` or 100
 * percent...). error->field is the path, such as "waves[1].gate.failure_percent". */
enum status policy_validate(const struct policy *policy, struct error *error) MUST_CHECK;

#endif
