/* Freezing a campaign's membership: who is in, and in which wave. */
#ifndef ENGINE_PLANNER_H
#define ENGINE_PLANNER_H

#include "campaign.h"
#include "engine.h"

/* Writes waves and the first targets (engine/fill writes the others), and moves the campaign from scheduled
 * to running; without a member to cancelled, a rollback to completed. It stays as it is, and says why, while
 * another campaign's members are being written. */
enum status planner_plan(const struct engine *engine, struct store *store, struct campaign *campaign,
                         struct error *error) MUST_CHECK;

#endif
