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

struct wall_clock windows_next(const struct windows_policy *windows, struct wall_clock now)
{
    struct wall_clock next = now;
    int soonest = DAYS_A_WEEK * MINUTES_A_DAY + 1;
    for (int i = 0; i < windows->count; i++) {
        for (int later = 0; later <= DAYS_A_WEEK; later++) {
            int day = (now.day + later) % DAYS_A_WEEK;
            int wait = later * MINUTES_A_DAY + windows->windows[i].from - now.minute;
            if (!has_day(&windows->windows[i], day) || wait <= 0 || wait >= soonest)
                continue;
            soonest = wait;
            next = (struct wall_clock){day, windows->windows[i].from};
        }
    }
    return next;
}

const char *window_day_name(int day)
{
    static const char *const names[DAYS_A_WEEK] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    return names[day];
}
