/* The event log, gone through once more at the end: what it says must be possible, must lead to what the
 * database holds, and must have all that the devices did. */
#ifndef PROPERTY_HISTORY_H
#define PROPERTY_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "fleet.h"

struct history_counts {
    int64_t events, offers;
    int64_t outcomes;  /* of devices, that stand in the log */
    int64_t overtaken; /* that came after the attempt had been given up: docs/protocol.md, stale_attempt */
};

/* True when all of it holds, else `why` says what does not; `counts` is added to. */
bool history_holds(const char *database_url, const struct fleet *fleet, struct history_counts *counts,
                   char *why, size_t size);

#endif
