/* Power cuts: a device's whole life, again and again, with the power cut before, in the middle of and after
 * every flash operation, and again at every operation of what comes then. Prints how many cuts were tried.
 *   powercut [DEPTH]   how often the power fails in one life: 1 to 3 (2) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define SUBSETS 2 /* of bits, in the middle of an operation, of the last cut; of those before it one */

struct sweep {
    const struct life *life;
    const struct world_codes *codes;
    int depth;
    uint64_t cuts, lives;
    struct {
        uint64_t operation;
        enum nor_cut cut;
    } path[3]; /* the cuts of the life in work */
    int path_length;
};

static const char *const cut_names[CUT_KINDS] = {"before", "in the middle of", "short of the end of",
                                                 "after"};

static void fail(const struct sweep *sweep, const char *what)
{
    fprintf(stderr, "powercut: %s%s: %s\n", sweep->codes->name, sweep->life->name, what);
    for (int i = 0; i < sweep->path_length; i++)
        fprintf(stderr, "  the power was cut %s operation %llu%s\n", cut_names[sweep->path[i].cut],
                (unsigned long long)sweep->path[i].operation, i == 0 ? "" : " after that");
    exit(1);
}

/* Cuts the power at every operation that `start` goes through, and goes on from there. */
static void cut_everywhere(struct sweep *sweep, const struct world *start, int depth);

static void cut_once(struct sweep *sweep, const struct world *start, uint64_t operation, enum nor_cut cut,
                     uint32_t random, int depth)
{
    struct world *world = malloc(sizeof *world);
    if (world == NULL)
        abort();
    *world = *start;
    world->nor.cut_at = operation;
    world->nor.cut = cut;
    world->nor.random = random;
    sweep->path[sweep->path_length].operation = operation;
    sweep->path[sweep->path_length++].cut = cut;
    sweep->cuts++;
    if (world_run(world))
        fail(sweep, world->nor.broken != NULL ? world->nor.broken : "it was over before the power failed");
    const char *what = world_check_fallback(world);
    if (what != NULL)
        fail(sweep, what);
    nor_power_on(&world->nor);
    cut_everywhere(sweep, world, depth - 1);
    sweep->path_length--;
    free(world);
}

static void cut_everywhere(struct sweep *sweep, const struct world *start, int depth)
{
    struct world *whole = malloc(sizeof *whole);
    if (whole == NULL)
        abort();
    *whole = *start;
    sweep->lives++;
    (void)world_run(whole);
    const char *what = world_check(whole);
    if (what != NULL)
        fail(sweep, what);
    uint64_t operations = whole->nor.operations;
    free(whole);
    for (uint64_t operation = 1; depth > 0 && operation <= operations; operation++) {
        cut_once(sweep, start, operation, CUT_BEFORE, 1, depth);
        for (uint32_t i = 0; i < (depth == 1 ? SUBSETS : 1); i++) {
            uint32_t random = (uint32_t)(operation * 7919 + i * 104729 + sweep->cuts);
            cut_once(sweep, start, operation, CUT_MIDDLE, random, depth);
            cut_once(sweep, start, operation, CUT_SHORT, random, depth);
        }
        cut_once(sweep, start, operation, CUT_AFTER, 1, depth);
    }
}

int main(int argc, char **argv)
{
    int depth = argc > 1 ? atoi(argv[1]) : 2;
    uint64_t cuts = 0, count = 0;
    if (depth < 1 || depth > 3) {
        fprintf(stderr, "usage: powercut [DEPTH]; allowed is 1 to 3\n");
        return 2;
    }
    for (int i = 0; i < world_codes_count * life_count; i++) {
        struct sweep sweep = {.life = &lives[i % life_count], .codes = &world_codes[i / life_count]};
        struct world *world = malloc(sizeof *world);
        if (world == NULL)
            abort();
        world_make(world, sweep.life, sweep.codes, 1);
        /* Only by its nonce is a number that comes again another attempt. */
        bool is_played = !sweep.life->same_number || world_all_know_nonces(world);
        /* The agent of firmware 0 is attacked; an older one does not withstand it. */
        is_played = is_played && (!sweep.life->is_attack || sweep.codes->agents[0]->knows_retrials);
        if (is_played)
            cut_everywhere(&sweep, world, depth);
        free(world);
        if (!is_played)
            continue;
        printf("%s%-46s %10llu cuts, %10llu times to the end\n", sweep.codes->name, sweep.life->name,
               (unsigned long long)sweep.cuts, (unsigned long long)sweep.lives);
        fflush(stdout);
        cuts += sweep.cuts;
        count += sweep.lives;
    }
    printf(
        "%llu power cuts, %llu lives: every device boots a whole image, ends where it should, and runs what it says\n",
        (unsigned long long)cuts, (unsigned long long)count);
    return 0;
}
