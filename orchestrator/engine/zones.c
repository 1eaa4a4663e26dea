#include "zones.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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

/* Every window comes within two weeks: its hour may be skipped in one of them. */
enum { DAYS_AHEAD = 15, CHANGES_MAX = 16 };

/* The clock of one zone, for DAYS_AHEAD. */
struct zone_clock {
    struct zone_offset offsets[1 + CHANGES_MAX];
    int count;
};

/* Adds the changes of the zone to what its clock shows now. `changes` are the rows of zone_changes.sql. */
static void read_changes(struct zone_clock *clock, const struct store_rows *changes, const char *zone)
{
    for (int64_t i = 0; i < store_rows_count(changes) && clock->count <= CHANGES_MAX; i++) {
        if (strcmp(store_rows_text(changes, i, 0), zone) == 0)
            clock->offsets[clock->count++] = (struct zone_offset){store_rows_integer(changes, i, 1),
                                                                  (int)store_rows_integer(changes, i, 2)};
    }
}

/* "mon 02:10 Europe/Berlin, 2027-03-29 00:10 UTC": in an hour that comes twice only UTC says which. */
static void name_opening(const struct zone_clock *clock, const char *zone, int64_t opens, char *text,
                         size_t size)
{
    int i = clock->count - 1;
    while (i > 0 && clock->offsets[i].from > opens)
        i--;
    struct wall_clock shown = wall_clock_at(opens, clock->offsets[i].seconds);
    time_t moment = (time_t)opens;
    struct tm utc;
    int used = snprintf(text, size, "%s %02d:%02d %s", window_day_name(shown.day), shown.minute / 60,
                        shown.minute % 60, zone);
    if (used > 0 && (size_t)used < size)
        strftime(text + used, size - (size_t)used, ", %Y-%m-%d %H:%M UTC", gmtime_r(&moment, &utc));
}

/* Which window of which zone opens first, where none is open. `clocks` are the rows of zone_clocks.sql. */
static enum status find_next(struct store *store, const struct campaign *campaign,
                             const struct store_rows *clocks, struct zones *zones, struct error *error)
{
    const struct windows_policy *windows = &campaign->policy.windows;
    int64_t now = (int64_t)campaign->now, until = now + DAYS_AHEAD * 86400LL, soonest = until;
    struct store_parameters parameters = {0};
    struct store_rows *changes;
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, now);
    store_put_text(&parameters, usual_zone(windows));
    store_put_integer(&parameters, DAYS_AHEAD);
    if (store_run(store, &SQL_ZONE_CHANGES, &parameters, &changes, error) != STATUS_OK)
        return error->status;
    if (zones->count == 0)
        snprintf(zones->next, sizeof zones->next, "at a time not known before its targets are written");
    else
        snprintf(zones->next, sizeof zones->next, "in more than %d days", DAYS_AHEAD);
    for (int64_t i = 0; i < zones->count; i++) {
        const char *zone = store_rows_text(clocks, i, 1);
        struct zone_clock clock = {{{now, (int)store_rows_integer(clocks, i, 2)}}, 1};
        int64_t opens;
        read_changes(&clock, changes, zone);
        if (!windows_next(windows, clock.offsets, clock.count, until, &opens) || opens >= soonest)
            continue;
        soonest = opens;
        name_opening(&clock, zone, opens, zones->next, sizeof zones->next);
    }
    store_rows_free(changes);
    return STATUS_OK;
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
    zones->count = store_rows_count(rows);
    for (int64_t i = 0; i < zones->count; i++) {
        struct wall_clock now = wall_clock_at((int64_t)campaign->now, (int)store_rows_integer(rows, i, 2));
        if (!windows_are_open(windows, now))
            continue;
        array_put_text(&zones->open, store_rows_text(rows, i, 0));
        zones->open_count++;
    }
    enum status status = STATUS_OK;
    if (zones->open_count == 0)
        status = find_next(store, campaign, rows, zones, error);
    store_rows_free(rows);
    return status;
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
