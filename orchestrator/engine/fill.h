/* Writing a campaign's targets. Who is a member is fixed when the campaign is planned, as the devices of its
 * plan; the targets are written from it in slices, a slice at every tick, while the campaign is under way:
 * the first offers need not wait for a million rows. Waves count a member as pending from the start, so that
 * no wave ends and no gate is sure before all are written. Of a campaign that is stopped the rest is written
 * as cancelled: every member has an outcome. */
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

struct fill_members {
    int64_t count;
    int64_t queued;   /* of them: those that wait for other campaigns */
    int64_t left_out; /* devices of the plan that other campaigns have, and that are no members */
};

/* Makes the devices of its plan (which is made here if it has none) the members of a campaign that has its
 * waves. */
enum status fill_begin(struct store *store, struct campaign *campaign, struct fill_members *members,
                       struct error *error) MUST_CHECK;

/* Writes the next slice, if there is any; the waves' counters move, and are not read again. In a transaction
 * that holds no wave yet: it may wait for another one that takes a device. */
enum status fill_go_on(const struct engine *engine, struct store *store, struct campaign *campaign,
                       struct error *error) MUST_CHECK;

#endif
