/* The retained presence messages of the broker, compared with what is stored: what was lost while nobody took
 * reports. One orchestrator at a time reads them (docs/architecture.md, "Presence"). */
#ifndef ENGINE_CENSUS_H
#define ENGINE_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash_set.h"
#include "report.h"
#include "store.h"

enum { CENSUS_LEASE_SECONDS = 60 };

struct census {
    double began;           /* the database's clock */
    struct hash_set online; /* the devices that the broker holds for online */
    int64_t read, changed, doubted;
};

/* Takes the lease, or renews it. *mine is false when nothing is to be read, or another one reads. */
enum status census_take(struct store *store, const char *orchestrator, bool *mine, double *now,
                        struct error *error) MUST_CHECK;

/* One batch of messages. Devices that nobody has registered are left out. */
enum status census_apply(struct census *census, struct store *store, const struct report *reports,
                         size_t count, struct error *error) MUST_CHECK;

/* All are read: devices that are stored as online, of which the broker holds nothing, are to be asked for a
 * hello (presence.awaits_hello). */
enum status census_finish(struct census *census, struct store *store, const char *orchestrator,
                          struct error *error) MUST_CHECK;

/* Gives the lease up; nothing is noted as read. */
enum status census_break_off(struct store *store, const char *orchestrator, struct error *error) MUST_CHECK;

void census_release(struct census *census);

#endif
