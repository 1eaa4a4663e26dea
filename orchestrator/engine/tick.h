/* The tick: looks at every live campaign and does what is due. Level-triggered: it may be called at any time,
 * by any number of orchestrators, and a restart needs nothing special. */
#ifndef ENGINE_TICK_H
#define ENGINE_TICK_H

#include <stdbool.h>

#include "engine.h"
#include "store.h"

/* Asks devices for a hello that were just registered, or were in flight in an outage; sends calls
 * (engine/call.h); then one pass over the campaigns that no other orchestrator is at. *more is true when
 * there was more to do than one pass takes: call again at once. What fails for one campaign alone is noted at
 * that campaign (campaigns.tick_error) and keeps no other waiting; any other failure is returned. */
enum status tick(const struct engine *engine, struct store *store, bool *more,
                 struct error *error) MUST_CHECK;

#endif
