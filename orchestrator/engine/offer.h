/* Commands out: new offers within cap and rate, and what has to be sent again. */
#ifndef ENGINE_OFFER_H
#define ENGINE_OFFER_H

#include "campaign.h"
#include "changes.h"
#include "engine.h"

/* Claims up to `wanted` pending targets of the opened waves whose devices are reachable, and offers them
 * (already there: skipped). Devices that were not heard of since our last break with the broker, or for
 * probe_after_seconds, are asked for a hello instead.
 * Moves and messages go into `changes` and `outbox`; *claimed says how many rows were looked at, *offered how
 * many offers will go out. */
enum status offer_claim(const struct engine *engine, struct store *store, const struct campaign *campaign,
                        const char *zones, int64_t wanted, struct changes *changes, struct outbox *outbox,
                        int64_t *claimed, int64_t *offered, struct error *error) MUST_CHECK;

/* Sends again: offers and cancels without an answer, and those whose device has just come back. */
enum status offer_resend(const struct engine *engine, struct store *store, const struct campaign *campaign,
                         int64_t limit, struct changes *changes, struct outbox *outbox,
                         struct error *error) MUST_CHECK;

struct target_timeouts campaign_timeouts(const struct campaign *campaign);

#endif
