/* Random campaigns against the pure engine: every invariant after every step; a failure is shrunk to few
 * steps.
 *
 *   campaign [SEQUENCES [SEED]] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "random_policy.h"

enum { DIGEST_BITS = 26 };

struct sequence {
    uint64_t seed;
    struct step steps[MODEL_STEPS_MAX];
    int count;
};

static void make_steps(struct sequence *sequence, uint64_t seed)
{
    uint64_t state = seed ^ 0xABCDEF;
    sequence->seed = seed;
    sequence->count = 20 + (int)(random_next(&state) % (MODEL_STEPS_MAX - 20));
    for (int i = 0; i < sequence->count; i++) {
        uint64_t r = random_next(&state), kind = r >> 60;
        sequence->steps[i].kind = kind < 5    ? STEP_TICK
                                  : kind < 7  ? STEP_TIME
                                  : kind < 15 ? STEP_REPORT
                                              : STEP_COMMAND;
        sequence->steps[i].a = (uint32_t)r & 0xFFFFFF;
        sequence->steps[i].b = (uint32_t)(r >> 24) & 0xFFFFFF;
    }
}

/* A filter of states seen: a set bit is a state. Two states may share one, so it counts a little too few. */
static uint8_t *seen;
static uint64_t distinct, steps_done;

static void note(const struct model *model)
{
    uint64_t bit = model_digest(model) >> (64 - DIGEST_BITS);
    uint8_t mask = (uint8_t)(1U << (bit & 7));
    if ((seen[bit >> 3] & mask) != 0)
        return;
    seen[bit >> 3] |= mask;
    distinct++;
}

/* Why it fails, or NULL; *length is how many steps that took. */
static const char *run(const struct sequence *sequence, int *length)
{
    static struct model model;
    model_make(&model, sequence->seed);
    for (int i = 0; i < sequence->count && model.broken == NULL; i++) {
        model_step(&model, &sequence->steps[i]);
        note(&model);
        steps_done++;
        *length = i + 1;
    }
    if (model.broken == NULL)
        model_finish(&model);
    return model.broken;
}

/* Leaves out ever smaller stretches of steps as long as it fails. */
static void shrink(struct sequence *sequence)
{
    int length;
    for (int stretch = sequence->count / 2; stretch >= 1; stretch /= 2) {
        for (int at = 0; at + stretch <= sequence->count;) {
            struct sequence shorter = *sequence;
            memmove(shorter.steps + at, shorter.steps + at + stretch,
                    (size_t)(shorter.count - at - stretch) * sizeof shorter.steps[0]);
            shorter.count -= stretch;
            if (run(&shorter, &length) != NULL)
                *sequence = shorter;
            else
                at += stretch;
        }
    }
}

static void show(const struct sequence *sequence, const char *broken)
{
    static const char *const kinds[STEP_KINDS] = {"tick", "time", "report", "command"};
    printf("seed %" PRIu64 " fails: %s. The fewest steps found:\n", sequence->seed, broken);
    for (int i = 0; i < sequence->count; i++)
        printf("  %s %u %u\n", kinds[sequence->steps[i].kind], sequence->steps[i].a, sequence->steps[i].b);
}

int main(int argc, char **argv)
{
    uint64_t sequences = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    seen = calloc(1, (size_t)1 << (DIGEST_BITS - 3));
    if (seen == NULL)
        return 1;
    for (uint64_t i = 0; i < sequences; i++) {
        static struct sequence sequence;
        int length = 0;
        make_steps(&sequence, seed + i);
        const char *broken = run(&sequence, &length);
        if (broken == NULL)
            continue;
        sequence.count = length;
        shrink(&sequence);
        show(&sequence, run(&sequence, &length) != NULL ? broken : "(not any more)");
        free(seen);
        return 1;
    }
    printf("%" PRIu64 " sequences, %" PRIu64 " steps, about %" PRIu64
           " distinct states: every invariant held\n",
           sequences, steps_done, distinct);
    free(seen);
    return 0;
}
