/* Policy: how a campaign goes: waves, gates, rate, cap, timeouts. Read from JSON by wire/policy_json. */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"

#define POLICY_WAVES_MAX 32
#define NAME_MAX_LENGTH 64 /* of policies, waves, campaigns, products, tokens */

enum wave_size_kind { WAVE_SIZE_PERCENT, WAVE_SIZE_COUNT, WAVE_SIZE_REST };

struct wave_size {
    enum wave_size_kind kind;
    double percent; /* of the whole membership, above 0 to 100; for WAVE_SIZE_PERCENT */
    int64_t count;  /* for WAVE_SIZE_COUNT, 1 or more */
    int64_t min;    /* at least so many, as far as there are devices; 0: no minimum */
    int64_t max;    /* at most so many; 0: no maximum */
};

/* The `threshold` gate. Failures are failed + reverted + silent, + rejected where count_rejected says so. */
struct gate_policy {
    double success_percent;  /* of decided outcomes (confirmed + failures), 0 to 100 */
    double finished_percent; /* of the wave's members, above 0 to 100 */
    double failure_percent;  /* of the wave's members, above 0 to 100: reaching it halts at once */
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

enum offline_then { OFFLINE_SKIP, OFFLINE_FAIL };
enum on_halt { ON_HALT_PAUSE, ON_HALT_ROLLBACK };

struct policy {
    char name[NAME_MAX_LENGTH + 1];
    struct wave_policy waves[POLICY_WAVES_MAX];
    int wave_count;          /* 1 or more */
    int64_t rate_per_minute; /* offers in any 60 s; 0: no limit */
    int64_t in_flight;       /* targets between offered and their end, 1 or more */
    int64_t offer_seconds;   /* each timeout 1 to 604800 */
    int64_t download_seconds;
    int64_t confirm_seconds;
    int64_t offline_wait_seconds; /* 0 or more: a device not online so long after its wave opened is skipped
                                     or failed */
    enum offline_then offline_then;
    enum on_halt on_halt;
};

/* What every member has when the file does not give it. One wave "all" of everything. */
void policy_defaults(struct policy *policy);
void gate_defaults(struct gate_policy *gate);

/* Checks ranges and the rules between members (names differ, `rest` only last, the last wave is `rest` or 100
 * percent...). error->field is the path, such as "waves[1].gate.failure_percent". */
enum status policy_validate(const struct policy *policy, struct error *error) MUST_CHECK;

#endif
