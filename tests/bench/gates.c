/* What the gates do with canaries of 5 to 500 devices: measured error rates beside the stated ones. Devices
 * are offered a few at a time; good ones answer after a while, bad ones are silent until their deadline, as
 * in a campaign. The random numbers are always the same, so that docs/gates.md can be compared with what is
 * printed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "gate_sequential.h"

enum { CAMPAIGNS = 20000, IN_FLIGHT = 10, WAIT_GOOD = 3, WAIT_BAD = 30 };

/* xorshift64*: G. Marsaglia, "Xorshift RNGs", 2003; S. Vigna, 2016. */
static uint64_t random_state;

static double uniform(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)((random_state * 0x2545F4914F6CDD1DULL) >> 11) / 9007199254740992.0;
}

struct flight {
    int ends_at;
    bool bad;
};

struct canary {
    int64_t counts[TARGET_STATE_COUNT];
    struct flight flights[IN_FLIGHT];
    int flying;
};

static void land(struct canary *canary, int now)
{
    for (int i = 0; i < canary->flying;) {
        if (canary->flights[i].ends_at > now) {
            i++;
            continue;
        }
        canary->counts[TARGET_DOWNLOADING]--;
        canary->counts[canary->flights[i].bad ? TARGET_SILENT : TARGET_CONFIRMED]++;
        canary->flights[i] = canary->flights[--canary->flying];
    }
}

static void take_off(struct canary *canary, int now, double rate)
{
    while (canary->flying < IN_FLIGHT && canary->counts[TARGET_PENDING] > 0) {
        bool bad = uniform() < rate;
        int wait = bad ? WAIT_BAD : 1 + (int)(uniform() * WAIT_GOOD);
        canary->flights[canary->flying++] = (struct flight){now + wait, bad};
        canary->counts[TARGET_PENDING]--;
        canary->counts[TARGET_DOWNLOADING]++;
    }
}

/* One canary to its verdict. Returns whether it was promoted; *outcomes is its sample. */
static bool run(const struct gate_policy *gate, int64_t members, double rate, int64_t *outcomes)
{
    struct canary canary = {.counts[TARGET_PENDING] = members};
    struct gate_verdict verdict;
    for (int now = 0;; now++) {
        land(&canary, now);
        gate_judge(gate, members, canary.counts, 0, &verdict);
        if (verdict.decision != GATE_WAIT)
            break;
        if (!verdict.holds)
            take_off(&canary, now, rate);
    }
    *outcomes = canary.counts[TARGET_CONFIRMED] + canary.counts[TARGET_SILENT];
    return verdict.decision == GATE_PROMOTE;
}

struct measured {
    double promoted, sample;
};

static struct measured measure(const struct gate_policy *gate, int64_t members, double rate)
{
    int64_t promoted = 0, sample = 0;
    random_state = 88172645463325252ULL;
    for (int i = 0; i < CAMPAIGNS; i++) {
        int64_t outcomes;
        promoted += run(gate, members, rate, &outcomes);
        sample += outcomes;
    }
    return (struct measured){100.0 * (double)promoted / CAMPAIGNS, (double)sample / CAMPAIGNS};
}

static void table(const char *title, const struct sequential_policy *sequential, double threshold_percent)
{
    static const int64_t sizes[] = {5, 10, 20, 50, 100, 200, 500};
    static const char *const words[] = {"halt", "promote"};
    struct gate_policy gate = {.min_sample = 1, .sequential = *sequential};
    double good = sequential->acceptable_percent, bad = sequential->unacceptable_percent;
    printf("\n%s\n\n", title);
    printf("%7s  %-19s  %24s  %24s  %13s\n", "", "", "good release halted, %", "bad release promoted, %",
           "outcomes used");
    printf("%7s  %-19s  %7s %8s %7s  %7s %8s %7s  %6s %6s\n", "canary", "gate", "stated", "computed",
           "measured", "stated", "computed", "measured", "good", "bad");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        gate.kind = GATE_SEQUENTIAL;
        for (int undecided = 0; undecided < 2; undecided++) {
            char name[32];
            gate.sequential.undecided = (enum undecided)undecided;
            struct gate_rates of_good = gate_sequential_rates(&gate.sequential, good / 100, sizes[i]);
            struct gate_rates of_bad = gate_sequential_rates(&gate.sequential, bad / 100, sizes[i]);
            struct measured with_good = measure(&gate, sizes[i], good / 100);
            struct measured with_bad = measure(&gate, sizes[i], bad / 100);
            snprintf(name, sizeof name, "sequential, %s", words[undecided]);
            printf("%7lld  %-19s  %7.1f %8.1f %8.1f  %6.1f %8.1f %8.1f  %6.1f %6.1f\n", (long long)sizes[i],
                   name, 100 * sequential->alpha, 100 * of_good.halts, 100 - with_good.promoted,
                   100 * sequential->beta, 100 * of_bad.promotes, with_bad.promoted, with_good.sample,
                   with_bad.sample);
        }
        char name[32];
        gate.kind = GATE_THRESHOLD;
        gate.threshold = (struct threshold_policy){.success_percent = 100 - threshold_percent,
                                                   .finished_percent = 100,
                                                   .failure_percent = threshold_percent};
        struct measured with_good = measure(&gate, sizes[i], good / 100);
        struct measured with_bad = measure(&gate, sizes[i], bad / 100);
        snprintf(name, sizeof name, "threshold %g%%", threshold_percent);
        printf("%7lld  %-19s  %7s %8s %8.1f  %6s %8s %8.1f  %6.1f %6.1f\n", (long long)sizes[i], name, "-",
               "-", 100 - with_good.promoted, "-", "-", with_bad.promoted, with_good.sample, with_bad.sample);
    }
}

int main(void)
{
    const struct sequential_policy fine = {
        .acceptable_percent = 1, .unacceptable_percent = 10, .alpha = 0.05, .beta = 0.05};
    const struct sequential_policy coarse = {
        .acceptable_percent = 5, .unacceptable_percent = 50, .alpha = 0.05, .beta = 0.05};
    printf("%d canaries for each figure, %d devices in flight at a time.\n", CAMPAIGNS, IN_FLIGHT);
    table("A good release fails on 1% of the devices, a bad one on 10%.", &fine, 5);
    table("A good release fails on 5% of the devices, a bad one on 50%.", &coarse, 20);
    return 0;
}
