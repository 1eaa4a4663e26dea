/* The threshold gate: what promotes, what halts, and that nothing promotes without a success. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate.h"

static const struct gate_policy usual = {
    .threshold = {.success_percent = 90, .finished_percent = 100, .failure_percent = 20},
    .min_sample = 5,
    .count_rejected = false};

struct example {
    const char *name;
    int64_t members, confirmed, failed, reverted, silent, rejected, skipped, cancelled, in_flight, excused;
    enum gate_decision decision;
};

static const struct example examples[] = {
    {.name = "all confirmed", .members = 10, .confirmed = 10, .decision = GATE_PROMOTE},
    {.name = "one of ten failed", .members = 10, .confirmed = 9, .failed = 1, .decision = GATE_PROMOTE},
    {.name = "two of ten failed is the limit",
     .members = 10,
     .confirmed = 3,
     .reverted = 2,
     .decision = GATE_HALT},
    {.name = "silence is a failure", .members = 10, .silent = 2, .decision = GATE_HALT},
    {.name = "kinds of failure add up", .members = 10, .failed = 1, .silent = 1, .decision = GATE_HALT},
    {.name = "success cannot be met any more",
     .members = 20,
     .confirmed = 4,
     .failed = 3,
     .in_flight = 1,
     .decision = GATE_HALT},
    {.name = "success can just be met", .members = 20, .confirmed = 4, .failed = 2, .decision = GATE_WAIT},
    {.name = "not all have ended", .members = 10, .confirmed = 9, .in_flight = 1, .decision = GATE_WAIT},
    {.name = "nothing yet", .members = 10, .decision = GATE_WAIT},
    {.name = "all skipped", .members = 10, .skipped = 10, .decision = GATE_HALT},
    {.name = "all cancelled", .members = 10, .cancelled = 10, .decision = GATE_HALT},
    {.name = "all rejected", .members = 10, .rejected = 10, .decision = GATE_HALT},
    {.name = "all silent", .members = 10, .silent = 10, .decision = GATE_HALT},
    {.name = "rejected does not count here",
     .members = 10,
     .confirmed = 7,
     .rejected = 3,
     .decision = GATE_PROMOTE},
    {.name = "too few outcomes", .members = 10, .confirmed = 3, .skipped = 7, .decision = GATE_HALT},
    {.name = "one device, confirmed", .members = 1, .confirmed = 1, .decision = GATE_PROMOTE},
    {.name = "one device, failed", .members = 1, .failed = 1, .decision = GATE_HALT},
    {.name = "one device, skipped", .members = 1, .skipped = 1, .decision = GATE_HALT},
    {.name = "two devices, one failed", .members = 2, .confirmed = 1, .failed = 1, .decision = GATE_HALT},
    {.name = "three devices of which one is offline",
     .members = 3,
     .confirmed = 2,
     .skipped = 1,
     .decision = GATE_HALT},
    {.name = "excused failures",
     .members = 10,
     .confirmed = 8,
     .failed = 2,
     .excused = 2,
     .decision = GATE_PROMOTE},
    {.name = "one more than excused",
     .members = 10,
     .confirmed = 7,
     .failed = 3,
     .excused = 2,
     .decision = GATE_HALT},
    {.name = "excused, but none succeeded",
     .members = 10,
     .failed = 10,
     .excused = 10,
     .decision = GATE_HALT},
    {.name = "more excused than failed",
     .members = 10,
     .confirmed = 9,
     .failed = 1,
     .excused = 2,
     .decision = GATE_PROMOTE},
};

static void fill(const struct example *example, int64_t counts[TARGET_STATE_COUNT])
{
    memset(counts, 0, TARGET_STATE_COUNT * sizeof counts[0]);
    counts[TARGET_CONFIRMED] = example->confirmed;
    counts[TARGET_FAILED] = example->failed;
    counts[TARGET_REVERTED] = example->reverted;
    counts[TARGET_SILENT] = example->silent;
    counts[TARGET_REJECTED] = example->rejected;
    counts[TARGET_SKIPPED] = example->skipped;
    counts[TARGET_CANCELLED] = example->cancelled;
    counts[TARGET_TRIAL] = example->in_flight;
    int64_t sum = 0;
    for (int i = 0; i < TARGET_STATE_COUNT; i++)
        sum += counts[i];
    counts[TARGET_PENDING] = example->members - sum;
}

static void examples_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        int64_t counts[TARGET_STATE_COUNT];
        struct gate_verdict verdict;
        fill(&examples[i], counts);
        gate_judge(&usual, examples[i].members, counts, examples[i].excused, &verdict);
        if (verdict.decision != examples[i].decision)
            fail_msg("%s: %s", examples[i].name, verdict.words);
        assert_true(strlen(verdict.words) > 10);
        assert_int_equal(strstr(verdict.words, "excused") != NULL, examples[i].excused > 0);
    }
}

static void rejections_count_when_the_policy_says_so(void **state)
{
    (void)state;
    struct gate_policy policy = usual;
    policy.count_rejected = true;
    struct example example = {.members = 10, .confirmed = 7, .rejected = 3};
    int64_t counts[TARGET_STATE_COUNT];
    struct gate_verdict verdict;
    fill(&example, counts);
    gate_judge(&policy, 10, counts, 0, &verdict);
    assert_int_equal(verdict.decision, GATE_HALT);
}

static void promotes_before_the_last_when_the_policy_says_so(void **state)
{
    (void)state;
    struct gate_policy policy = usual;
    policy.threshold.finished_percent = 80;
    struct example example = {.members = 10, .confirmed = 8};
    int64_t counts[TARGET_STATE_COUNT];
    struct gate_verdict verdict;
    fill(&example, counts);
    gate_judge(&policy, 10, counts, 0, &verdict);
    assert_int_equal(verdict.decision, GATE_PROMOTE);
}

/* Every way in which a wave of 1 to 6 members can stand: no promotion without a success or above the limit,
 * and a wave whose members have all ended is never left waiting. */
static void small_waves_are_never_promoted_wrongly(void **state)
{
    (void)state;
    for (int64_t members = 1; members <= 6; members++) {
        for (int64_t confirmed = 0; confirmed <= members; confirmed++) {
            for (int64_t failures = 0; confirmed + failures <= members; failures++) {
                for (int64_t skipped = 0; confirmed + failures + skipped <= members; skipped++) {
                    struct example example = {
                        .members = members, .confirmed = confirmed, .silent = failures, .skipped = skipped};
                    int64_t counts[TARGET_STATE_COUNT];
                    struct gate_verdict verdict;
                    fill(&example, counts);
                    gate_judge(&usual, members, counts, 0, &verdict);
                    if (verdict.decision == GATE_PROMOTE) {
                        assert_true(confirmed > 0);
                        assert_true(failures * 100 < 20 * members);
                        assert_true(confirmed >= (members < 5 ? members : 5) - failures);
                    }
                    if (confirmed + failures + skipped == members)
                        assert_int_not_equal(verdict.decision, GATE_WAIT);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_judged),
        cmocka_unit_test(rejections_count_when_the_policy_says_so),
        cmocka_unit_test(promotes_before_the_last_when_the_policy_says_so),
        cmocka_unit_test(small_waves_are_never_promoted_wrongly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
