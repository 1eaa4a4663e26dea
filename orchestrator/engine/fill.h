/* Writing a campaign's targets. Who is a member is fixed when the campaign is planned, as the devices of its
 * plan; the targets are written from it in slices, a slice at every tick, while the campaign is under way:
 * the first offers need not wait for a million rows. Waves count a member as pending from the start, so that
 * no wave ends and no gate is sure before all are written. Of a campaign that is stopped the rest is written
 * and cancelled (tick_cancel_left_over): every member has an outcome. */
#ifndef ENGINE_FILL_H
#define ENGINE_FILL_H

#include "campaign.h"
#include "engine.h"

/* Whether targets of another campaign of the ptype are being written: its members look free until then, and
 * nobody else may choose. `why` (of `size` bytes) says so in words, and is empty when the way is free. */
enum status fill_check_free(struct store *store, int ptype, char *why, size_t size,
                            struct error *error) MUST_CHECK;

/* The same for one who is about to choose members: keeps others from it until the transaction ends, and does
 * not wait where another one is at it. */
enum status fill_lock(struct store *store, int ptype, char *why, size_t size, struct error *error) MUST_CHECK;

/* Makes the devices of its plan (which is made here if it has none) the members of a campaign that has its
 * waves; `queued` of them wait for other campaigns. */
enum status fill_begin(struct store *store, struct campaign *campaign, int64_t *members, int64_t *queued,
                       struct error *error) MUST_CHECK;

/* Writes the next slice, if there is any. */
enum status fill_go_on(const struct engine *engine, struct store *store, struct campaign *campaign,
                       struct error *error) MUST_CHECK;

#endif
