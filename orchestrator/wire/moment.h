/* Moments in time as the HTTP API writes them. */
#ifndef WIRE_MOMENT_H
#define WIRE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

/* Reads "2026-12-01T02:00:00Z" (RFC 3339, UTC, whole seconds, years 2000 to 2999) as Unix seconds. False when
 * it is anything else, or a moment that does not exist. */
bool moment_parse(const char *text, int64_t *seconds);

#endif
