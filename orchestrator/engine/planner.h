/* Freezing a campaign's membership: who is in, and in which wave. */
#ifndef ENGINE_PLANNER_H
#define ENGINE_PLANNER_H

#include "campaign.h"

/* Writes waves and targets, and moves the campaign from scheduled to running (or to completed, when there is
 * no member). */
enum status planner_plan(struct store *store, struct campaign *campaign, struct error *error) MUST_CHECK;

/* Makes the campaign that takes the devices of `campaign` (rolling back, nothing in flight) back to what they
 * ran before. */
enum status planner_make_rollback(struct store *store, const struct campaign *campaign,
                                  struct error *error) MUST_CHECK;

#endif
