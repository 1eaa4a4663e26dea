/* Windows: the hours of the week in which offers may go out, by the wall clock of a time zone. A window is
 * open whenever the clock shows a time in it: of a window that falls into an hour that is skipped only the
 * rest comes, or nothing; in an hour that comes twice it is open twice. What the zones do is the caller's to
 * find out. */
#ifndef CORE_WINDOW_H
#define CORE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "policy.h"

#define MINUTES_A_DAY 1440
#define DAYS_A_WEEK 7

/* What a wall clock shows. */
struct wall_clock {
    int day;    /* 0 Monday to 6 Sunday */
    int minute; /* of the day, 0 to 1439 */
};

/* Whether any window is open. No windows: always. A window that ends before it begins goes on past midnight,
 * and belongs to the day on which it begins. */
bool windows_are_open(const struct windows_policy *windows, struct wall_clock now);

/* By how much a zone's wall clock is ahead of UTC, from a moment (Unix seconds) on. */
struct zone_offset {
    int64_t from;
    int seconds; /* below 0: behind */
};

/* What a wall clock shows that is so many seconds ahead of UTC. `moment` is in Unix seconds, from 1970 on. */
struct wall_clock wall_clock_at(int64_t moment, int ahead_seconds);

/* The first moment (Unix seconds) from offsets[0].from on, and before `until`, at which a window is open. The
 * `count` (1 or more) offsets are those of one zone in the order of their moments, all before `until`. False:
 * there is no such moment. */
bool windows_next(const struct windows_policy *windows, const struct zone_offset *offsets, int count,
                  int64_t until, int64_t *opens);

/* "mon" to "sun". */
const char *window_day_name(int day);

#endif
