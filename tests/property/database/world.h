/* One run: two orchestrators on a database, a fleet, the network between them, operators, and faults. */
#ifndef PROPERTY_WORLD_H
#define PROPERTY_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "fleet.h"
#include "history.h"
#include "operate.h"
#include "orchestrator.h"
#include "store.h"

enum { CAMPAIGNS = 2 };

/* What a run is made of. A failure is tried again with one after the other left out. */
#define PART_LIST(X)                                                                                         \
    X(PART_SECOND_CAMPAIGN, "a second campaign")                                                             \
    X(PART_KILLS, "kills")                                                                                   \
    X(PART_STOPS, "stops")                                                                                   \
    X(PART_CUTS, "cut connections")                                                                          \
    X(PART_OUTAGES, "outages of broker, database and all orchestrators")                                     \
    X(PART_HELD, "reports held back from one orchestrator")                                                  \
    X(PART_BREAKS, "broken connections of devices, and late wills")                                          \
    X(PART_RESTARTS, "power cuts in the middle of updates")                                                  \
    X(PART_LIES, "untrue reports")                                                                           \
    X(PART_LOSSES, "lost, doubled and overtaken messages")                                                   \
    X(PART_OFFLINE, "resets and devices offline")                                                            \
    X(PART_COMMANDS, "operators")                                                                            \
    X(PART_DEVICES, "all devices but five")

enum part {
#define X(name, text) name,
    PART_LIST(X)
#undef X
        PART_COUNT
};

struct world_counts {
    int64_t steps, kills, stops, cuts, outages, held, pauses, commands, messages, campaigns, lossless,
        waited_in_vain;
    struct history_counts history;
};

struct world {
    const char *database_url;
    uint64_t random;
    unsigned without; /* bits of parts left out */
    struct orchestrator orchestrators[ORCHESTRATORS];
    bool is_lossless; /* the network keeps what it is given: then verdicts are looked at, too */
    struct broker broker;
    struct fleet fleet;
    struct store *operator;
    char *policies[CAMPAIGNS]; /* JSON */
    int priorities[CAMPAIGNS];
    enum overlap overlaps[CAMPAIGNS];
    bool created[CAMPAIGNS];
    struct world_counts *counts;
    int wall_step; /* seconds by which time passes at once */
    bool harm_is_due;
    char broken[900]; /* what does not hold; "" while all does */
};

/* A whole run of `seed`: makes the world, does its steps, lets it come to its end, looks at what is left.
 * True when everything held, else `why` says what did not. */
bool world_run(const char *database_url, uint64_t seed, unsigned without, struct world_counts *counts,
               char *why, size_t size);

/* --- used by the parts of a run --- */

bool world_has(const struct world *world, enum part part);

/* Takes what the orchestrators have published. */
void world_collect(struct world *world);

/* All that is on its way reaches its device, or the orchestrators. */
void world_deliver_all(struct world *world);

/* Time passes in small steps, in which everybody does what is due; whoever works keeps up. */
void world_pass_time(struct world *world, int seconds);

/* Something fails; and all of it works again. */
void world_do_harm(struct world *world);
void world_mend(struct world *world);

/* Whoever was stopped goes on: an operator waits for the campaign that it may hold. */
void world_let_go_on(struct world *world);

/* A policy as JSON; release with free. `is_lossless`: one that gives devices the time that they need. */
char *world_make_policy(uint64_t *random, bool is_lossless);

/* What an operator does; refusals are no fault. operate() is anything of it. */
void world_operate(struct world *world);
void world_create(struct world *world, int campaign);
void world_command(struct world *world, const char *campaign, enum campaign_command command);
void world_approve(struct world *world, const char *campaign);

/* Looks at the database once, and at what the devices have found. */
void world_look(struct world *world);
void world_break(struct world *world, const char *what);

/* No faults any more: everything must come to its end. */
void world_calm_down(struct world *world);

#endif
