/* Who takes part in a campaign, and in which wave. */
#ifndef ENGINE_MEMBERSHIP_H
#define ENGINE_MEMBERSHIP_H

#include "array.h"
#include "campaign.h"

/* These look at what selects devices (ptype, firmware, from_rule, tags, devices, selector), at the seed and
 * the policy; the campaign need not exist. */

/* Eligible devices: those that no live campaign has, and the others. */
struct membership {
    int64_t free, taken;
    const char *campaigns; /* names of those that have the others; "" for none */
};

/* Why a campaign that refuses overlap does not begin: taken, campaigns. */
#define OVERLAP_REFUSED "%lld of its devices are in other live campaigns (%.200s)"

/* How many devices are eligible now; of a campaign made from a plan, how many of the plan's. Texts live in
 * the arena. */
enum status membership_count(struct store *store, const struct campaign *campaign, struct arena *arena,
                             struct membership *membership, struct error *error) MUST_CHECK;

/* Makes the eligible devices those of a plan, whose row is there, and notes what it came out as; with
 * `notes_others` also who is left out and why. Part of a transaction. */
enum status membership_to_plan(struct store *store, const struct campaign *campaign, int64_t plan,
                               bool notes_others, struct error *error) MUST_CHECK;

/* Notes the ways with stepping stones of the versions that the campaign's devices may be updated from now,
 * and puts these versions into the array. */
enum status membership_accept(struct store *store, const struct campaign *campaign, struct array *versions,
                              struct error *error) MUST_CHECK;

#endif
