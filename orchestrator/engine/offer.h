/* Commands out: new offers within cap and rate, and what has to be sent again. */
#ifndef ENGINE_OFFER_H
#define ENGINE_OFFER_H

#include "campaign.h"
#include "changes.h"
#include "eligibility.h"
#include "engine.h"

struct claim {
    const char *zones; /* time zones whose windows are open, as PostgreSQL's text of an array; NULL: all */
    int64_t wanted;    /* offers at most, 1 or more */
    int64_t rows;      /* targets that are looked at, at least `wanted` */
};

/* Claims pending targets of the opened waves whose devices are reachable, and offers them. A device that is
 * there already, is on trial or fits no more (engine/eligibility) is passed over: its target moves, and is
 * not offered. Devices that were not heard of since our last break with the broker, or for
 * probe_after_seconds, are asked for a hello instead. Moves and messages go into `changes` and `outbox`;
 * *claimed says how many targets have moved, *offered how many of them are offers that will go out. */
enum status offer_claim(const struct engine *engine, struct store *store, const struct campaign *campaign,
                        const struct claim *claim, struct changes *changes, struct outbox *outbox,
                        int64_t *claimed, int64_t *offered, struct error *error) MUST_CHECK;

/* Sends again: offers and cancels without an answer, and those whose device has just come back. An offer that
 * does not fit its device any more is withdrawn. */
enum status offer_resend(const struct engine *engine, struct store *store, const struct campaign *campaign,
                         int64_t limit, struct changes *changes, struct outbox *outbox,
                         struct error *error) MUST_CHECK;

/* A candidate from a row of target_claim.sql, target_outbox.sql or target_again.sql, whose six columns from
 * `first` on are the same. `running` may be NULL. The row and `target` must outlive it. */
struct candidate offer_candidate(const struct target_row *target, const char *running,
                                 const struct store_rows *rows, int64_t row, int first);

struct target_timeouts campaign_timeouts(const struct campaign *campaign);

#endif
