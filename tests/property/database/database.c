/* Random campaigns against the real database, with two orchestrators that are killed, stopped and cut off at
 * any instant, outages of broker and database, and in half of the runs a network that loses, doubles and
 * reorders.
 *
 *   database [RUNS [SEED]]
 *
 * A seed repeats the policies, the fleet, and every decision of this process: what is asked, lost, killed,
 * and in which step. It does not repeat what the orchestrators and PostgreSQL have done by then, which is up
 * to the scheduler: a failure may need its seed to be run more than once. PROPERTY_TRACE=1 shows what the
 * test does and what the devices say. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "services.h"
#include "shifted_clock.h"
#include "sql.h"
#include "world.h"

enum { TRIES = 5 };

static const char *const part_names[] = {
#define X(name, text) [name] = text,
    PART_LIST(X)
#undef X
};

static bool fails(const char *url, uint64_t seed, unsigned without)
{
    struct world_counts counts = {0};
    char why[900];
    for (int i = 0; i < TRIES; i++) {
        if (!world_run(url, seed, without, &counts, why, sizeof why))
            return true;
    }
    return false;
}

static void show_log(const char *url)
{
    char *text = sql_ask(url, "whole_log");
    fprintf(stderr, "the event log, campaigns, waves and targets:\n%s\n", text != NULL ? text : "(empty)");
    free(text);
}

/* Leaves out one part after the other as long as it fails. */
static void shrink(const char *url, uint64_t seed)
{
    unsigned without = 0;
    for (int part = 0; part < PART_COUNT; part++) {
        if (fails(url, seed, without | 1U << part))
            without |= 1U << part;
    }
    fprintf(stderr, "it fails also without:");
    for (int part = 0; part < PART_COUNT; part++) {
        if ((without >> part & 1) != 0)
            fprintf(stderr, " %s;", part_names[part]);
    }
    fprintf(stderr, "%s\n", without == 0 ? " nothing (or not again)" : "");
}

int main(int argc, char **argv)
{
    uint64_t runs = argc > 1 ? strtoull(argv[1], NULL, 10) : 20;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    char url[256], why[900];
    struct world_counts counts = {0};
    shifted_start();
    sql_make_database(url);
    for (uint64_t i = 0; i < runs; i++) {
        if (world_run(url, seed + i, 0, &counts, why, sizeof why))
            continue;
        show_log(url);
        fprintf(stderr, "seed %" PRIu64 " fails: %s\n", seed + i, why);
        shrink(url, seed + i);
        fprintf(stderr,
                "to run it again: database 1 %" PRIu64
                " (the seed repeats what is done, not how the processes are scheduled)\n",
                seed + i);
        return 1;
    }
    printf("%" PRIu64 " runs from seed %" PRIu64 ": every invariant held. %" PRId64 " campaigns, %" PRId64
           " steps, %" PRId64 " messages, %" PRId64 " events, %" PRId64 " offers, %" PRId64
           " outcomes (%" PRId64 " overtaken); %" PRId64 " kills, %" PRId64 " processes stopped, %" PRId64
           " connections cut, %" PRId64 " outages, %" PRId64 " queues held, %" PRId64
           " operators' commands, %" PRId64 " of them pauses; %" PRId64 " runs without losses\n",
           runs, seed, counts.campaigns, counts.steps, counts.messages, counts.history.events,
           counts.history.offers, counts.history.outcomes, counts.history.overtaken, counts.kills,
           counts.stops, counts.cuts, counts.outages, counts.held, counts.commands, counts.pauses,
           counts.lossless);
    return 0;
}
