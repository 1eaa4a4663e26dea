/* The tick: looks at every live campaign and does what is due. Level-triggered: it may be called at any time,
 * by any number of orchestrators, and a restart needs nothing special. */
#ifndef ENGINE_TICK_H
#define ENGINE_TICK_H

#include <stdbool.h>

#include "engine.h"
#include "store.h"

/* Asks devices just registered for a hello, sends calls (engine/call.h), then one pass over the campaigns
 * that no other orchestrator is at. *more is true when there was more to do than one pass takes: call again
 * at once. A campaign that fails does not keep the others waiting; the first failure is returned. */
enum status tick(const struct engine *engine, struct store *store, bool *more,
                 struct error *error) MUST_CHECK;

/* Asks every device with something in flight to say where it stands. For whoever has been away from the
 * broker: what devices said meanwhile is lost, as may be what was sent to them. */
enum status tick_ask_devices(const struct engine *engine, struct store *store,
                             struct error *error) MUST_CHECK;

#endif
