/* Who takes part in a campaign, and in which wave: the same for a plan and for the campaign itself. */
#ifndef ENGINE_MEMBERSHIP_H
#define ENGINE_MEMBERSHIP_H

#include "campaign.h"

/* These look at what selects devices (ptype, firmware, from_rule, tags, devices, selector), at the seed and
 * the policy; the campaign need not exist. */

/* How many devices are eligible now. */
enum status membership_count(struct store *store, const struct campaign *campaign, int64_t *devices,
                             struct error *error) MUST_CHECK;

/* Makes the eligible devices the targets of the campaign; part of a transaction. */
enum status membership_to_targets(struct store *store, const struct campaign *campaign,
                                  struct error *error) MUST_CHECK;

/* Gives the targets that a plan has made their stepping stones; membership_to_targets does so by itself. */
enum status membership_note_paths(struct store *store, const struct campaign *campaign,
                                  struct error *error) MUST_CHECK;

/* Makes them the devices of a plan, and notes who is left out and why; part of a transaction. *paths (in the
 * arena) are the ways with stepping stones, as JSON. */
enum status membership_to_plan(struct store *store, const struct campaign *campaign, int64_t plan,
                               struct arena *arena, char **paths, struct error *error) MUST_CHECK;

#endif
