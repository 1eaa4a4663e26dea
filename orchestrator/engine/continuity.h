/* Whether the database is the one that was served before: docs/architecture.md, "Another database". */
#ifndef ENGINE_CONTINUITY_H
#define ENGINE_CONTINUITY_H

#include "engine.h"
#include "store.h"

/* STATUS_OK: it is, and what makes its schema whole is noted; or it has turned out to be another one, whole,
 * and is taken for the one that is served from now on: that is logged, and the fleet is going to be asked.
 * STATUS_UNAVAILABLE: a restore is at work.
 */
enum status continuity_check(struct store *store, struct error *error) MUST_CHECK;

/* What others say who meet such a database before continuity_check has: STATUS_UNAVAILABLE. */
enum status continuity_broken(struct error *error);

/* An orchestrator knows that the database has lost its answered beat of `served` (microseconds): it is
 * treated as another one. */
enum status continuity_end(struct store *store, int64_t served, struct error *error) MUST_CHECK;

/* An orchestrator finds no row of its own; its last answered beat was at `served` (microseconds). Where no
 * other one has taken its place the database has lost it, and is treated as another one. */
enum status continuity_gone(struct store *store, const char *id, int64_t served,
                            struct error *error) MUST_CHECK;

enum { CONTINUITY_ASKS_PER_SECOND = 1000 };

/* Goes on with asking the fleet, at that rate at most, whoever calls. */
enum status continuity_ask_fleet(struct store *store, struct error *error) MUST_CHECK;

/* Lets offers go on once every device in flight has been asked. */
enum status continuity_release_offers(struct store *store, struct error *error) MUST_CHECK;

#endif
