/* The attempts that are live, kept in memory for the image server: a signed URL is good as long as its
 * attempt. They are read from the database again and again, by one thread; any thread asks, without SQL.
 * While the database is away what was live stays live. */
#ifndef ENGINE_LIVE_ATTEMPTS_H
#define ENGINE_LIVE_ATTEMPTS_H

#include <stdint.h>

#include "status.h"
#include "store.h"

struct live_attempts;

/* Release with live_attempts_destroy. */
struct live_attempts *live_attempts_create(void);
void live_attempts_destroy(struct live_attempts *live); /* NULL is fine */

/* Reads all that is in flight. */
enum status live_attempts_load(struct live_attempts *live, struct store *store,
                               struct error *error) MUST_CHECK;

/* Whether the device may download the image now, by a URL that was signed at `signed_at` (the database's
 * clock, Unix seconds). What may be younger than what was read last is live. STATUS_DENIED: its attempt has
 * ended. STATUS_UNAVAILABLE: nothing was read yet. */
enum status live_attempts_check(struct live_attempts *live, const char *device, const char *sha256,
                                int64_t signed_at, struct error *error) MUST_CHECK;

#endif
