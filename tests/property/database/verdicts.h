/* What was said against devices must be what they did: nothing of what happened to orchestrators, broker and
 * database is held against a device, or against a release. */
#ifndef PROPERTY_VERDICTS_H
#define PROPERTY_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fleet.h"

/* True when every verdict is justified by its device's own record, and every halt by a device that failed;
 * else `why` says what is not. For runs in which the network loses nothing. */
bool verdicts_hold(const char *database_url, const struct fleet *fleet, char *why, size_t size);

#endif
