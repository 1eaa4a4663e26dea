#include "zones.h"

#include <stdio.h>
#include <string.h>

#include "store_sql.h"
#include "window.h"

static bool of_devices(const struct windows_policy *windows)
{
    return strcmp(windows->zone, DEVICE_ZONE) == 0;
}

static const char *usual_zone(const struct windows_policy *windows)
{
    return of_devices(windows) ? windows->default_zone : windows->zone;
}

/* Minutes from one moment of the week to the next time it is the other. */
static int minutes_until(struct wall_clock from, struct wall_clock to)
{
    int minutes = (to.day - from.day) * MINUTES_A_DAY + to.minute - from.minute;
    return minutes > 0 ? minutes : minutes + DAYS_A_WEEK * MINUTES_A_DAY;
}

enum status zones_look(struct store *store, const struct campaign *campaign, struct zones *zones,
                       struct error *error)
{
    const struct windows_policy *windows = &campaign->policy.windows;
    *zones = (struct zones){.limited = windows->count > 0};
    if (!zones->limited)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_real(&parameters, campaign->now);
    store_put_text(&parameters, usual_zone(windows));
    struct store_rows *rows;
    if (store_run(store, &SQL_ZONE_CLOCKS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    int soonest = DAYS_A_WEEK * MINUTES_A_DAY + 1;
    zones->count = store_rows_count(rows);
    for (int64_t i = 0; i < zones->count; i++) {
        struct wall_clock now = {(int)store_rows_integer(rows, i, 2), (int)store_rows_integer(rows, i, 3)};
        if (windows_are_open(windows, now)) {
            array_put_text(&zones->open, store_rows_text(rows, i, 0));
            zones->open_count++;
            continue;
        }
        struct wall_clock next = windows_next(windows, now);
        if (minutes_until(now, next) >= soonest)
            continue;
        soonest = minutes_until(now, next);
        snprintf(zones->next, sizeof zones->next, "%s %02d:%02d %s", window_day_name(next.day),
                 next.minute / 60, next.minute % 60, store_rows_text(rows, i, 1));
    }
    store_rows_free(rows);
    return STATUS_OK;
}

enum status zones_note(struct store *store, const struct campaign *campaign, int64_t after, int64_t up_to,
                       struct error *error)
{
    const struct windows_policy *windows = &campaign->policy.windows;
    if (windows->count == 0)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, after);
    store_put_integer(&parameters, up_to);
    if (of_devices(windows) && store_run(store, &SQL_ZONE_ASSIGN, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    return store_run(store, &SQL_ZONE_NOTE, &parameters, NULL, error);
}

static enum status check_zone(struct store *store, const char *member, const char *zone, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, zone);
    if (store_run(store, &SQL_ZONE_KNOWN, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool known = store_rows_boolean(rows, 0, 0);
    store_rows_free(rows);
    if (known)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, member,
                     "%s is no time zone; allowed are names such as Europe/Berlin and UTC", zone);
}

enum status zones_check(struct store *store, const struct policy *policy, struct error *error)
{
    const struct windows_policy *windows = &policy->windows;
    if (windows->count == 0)
        return STATUS_OK;
    return check_zone(store, of_devices(windows) ? "policy.windows.default_zone" : "policy.windows.zone",
                      usual_zone(windows), error);
}
