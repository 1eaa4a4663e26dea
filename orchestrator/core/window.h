/* Windows: the hours of the week in which offers may go out, by the wall clock of a time zone. What a wall
 * clock shows is the caller's to find out: days of 23 and 25 hours need nothing special here. */
#ifndef CORE_WINDOW_H
#define CORE_WINDOW_H

#include <stdbool.h>

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

/* When the next window opens by the same clock; meant for when none is open. */
struct wall_clock windows_next(const struct windows_policy *windows, struct wall_clock now);

/* "mon" to "sun". */
const char *window_day_name(int day);

#endif
