#include "window.h"

static bool has_day(const struct window *window, int day)
{
    return (window->days >> day & 1) != 0;
}

static bool is_open(const struct window *window, struct wall_clock now)
{
    int day_before = (now.day + DAYS_A_WEEK - 1) % DAYS_A_WEEK;
    if (window->from < window->to)
        return has_day(window, now.day) && now.minute >= window->from && now.minute < window->to;
    return (has_day(window, now.day) && now.minute >= window->from) ||
           (has_day(window, day_before) && now.minute < window->to);
}

bool windows_are_open(const struct windows_policy *windows, struct wall_clock now)
{
    for (int i = 0; i < windows->count; i++) {
        if (is_open(&windows->windows[i], now))
            return true;
    }
    return windows->count == 0;
}

struct wall_clock wall_clock_at(int64_t moment, int ahead_seconds)
{
    int64_t minutes = (moment + ahead_seconds) / 60;
    int64_t days = minutes / MINUTES_A_DAY + 3; /* 1970-01-01 was a Thursday */
    return (struct wall_clock){(int)(days % DAYS_A_WEEK), (int)(minutes % MINUTES_A_DAY)};
}

/* Minutes until the next window begins, where no hour is skipped or comes twice. */
static int minutes_to_next(const struct windows_policy *windows, struct wall_clock now)
{
    int soonest = DAYS_A_WEEK * MINUTES_A_DAY + 1;
    for (int i = 0; i < windows->count; i++) {
        for (int later = 0; later <= DAYS_A_WEEK; later++) {
            int day = (now.day + later) % DAYS_A_WEEK;
            int wait = later * MINUTES_A_DAY + windows->windows[i].from - now.minute;
            if (has_day(&windows->windows[i], day) && wait > 0 && wait < soonest)
                soonest = wait;
        }
    }
    return soonest;
}

/* Between two changes of the offset the clock goes on evenly; at a change it may jump into a window. */
bool windows_next(const struct windows_policy *windows, const struct zone_offset *offsets, int count,
                  int64_t until, int64_t *opens)
{
    for (int i = 0; i < count; i++) {
        int64_t from = offsets[i].from, end = i + 1 < count ? offsets[i + 1].from : until;
        struct wall_clock shown = wall_clock_at(from, offsets[i].seconds);
        *opens = from;
        if (windows_are_open(windows, shown))
            return true;
        *opens = from - (from + offsets[i].seconds) % 60 + minutes_to_next(windows, shown) * 60LL;
        if (*opens < end)
            return true;
    }
    return false;
}

const char *window_day_name(int day)
{
    static const char *const names[DAYS_A_WEEK] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    return names[day];
}
