/* Freezing a campaign's membership: who is in, and in which wave. */
#ifndef ENGINE_PLANNER_H
#define ENGINE_PLANNER_H

#include "campaign.h"

/* Writes waves and targets, and moves the campaign from scheduled to running (or to completed, when there is
 * no member). */
enum status planner_plan(struct store *store, struct campaign *campaign, struct error *error) MUST_CHECK;

#endif
