/* The database's clock, known without asking it: as its distance from base/clock, the clock of this host that
 * never jumps. The host's own wall clock has no part in it. The watch measures the distance with each beat;
 * any thread reads it, without a lock, also while the database is away. */
#ifndef DAEMON_DATABASE_CLOCK_H
#define DAEMON_DATABASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A zeroed struct is ready: nothing has been measured. */
struct database_clock {
    atomic_llong ahead; /* milliseconds that the database's clock is ahead of base/clock; 0: not known */
};

/* The database's clock showed `moment` (Unix microseconds) at some time between `from` and `to` (base/clock,
 * milliseconds). What is known moves no further than this reading demands, so that a slow answer does not
 * spoil it; a step of the database's clock is followed at once. The distance is then wrong by the time
 * between `from` and `to` at most. For one thread. */
void database_clock_note(struct database_clock *clock, int64_t moment, int64_t from, int64_t to);

/* What the database's clock shows `at` (base/clock, milliseconds), in Unix milliseconds. False before the
 * first reading. Safe from any thread. */
bool database_clock_read(const struct database_clock *clock, int64_t at, int64_t *now);

#endif
