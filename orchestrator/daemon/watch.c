#include "watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "continuity.h"
#include "log.h"

enum {
    SLOW_MILLISECONDS = 1000,
    POLL_MILLISECONDS = 10,
    MICROSECONDS = 1000000,
    LEASE_MARGIN_SECONDS = 5,
    BETWEEN_MILLISECONDS = 2000
};

void watch_start(struct watch *watch, const struct watch_ports *ports, const char *id,
                 const char *const *client_ids, int client_id_count, int64_t skew_seconds)
{
    *watch = (struct watch){.ports = *ports, .skew = skew_seconds * MICROSECONDS, .broken = true};
    memcpy(watch->id, id, sizeof watch->id);
    for (int i = 0; i < client_id_count && i < WATCH_CLIENT_IDS_MAX; i++)
        watch->client_ids[watch->client_id_count++] = client_ids[i];
}

/* Nothing between two looks takes long but a statement: else the process stood still. */
static long long now(struct watch *watch)
{
    long long at = watch->ports.clock(watch->ports.context);
    watch->itself_was_away = watch->itself_was_away || at - watch->looked_at > SLOW_MILLISECONDS;
    watch->looked_at = at;
    return at;
}

/* What went by since the last look did not go by here. */
static long long resume(struct watch *watch)
{
    watch->looked_at = watch->ports.clock(watch->ports.context);
    return watch->looked_at;
}

/* After every statement: one that was begun at `began` has been answered. */
static void note_slow_database(struct watch *watch, long long began)
{
    if (resume(watch) - began > SLOW_MILLISECONDS)
        watch->database_was_away = true;
}

void watch_note_database(struct watch *watch)
{
    watch->database_was_away = true;
    watch->stored_at = resume(watch); /* nobody is behind who could not store anything */
}

/* The lease as this orchestrator can rely on it: from before the statement that renewed it, and with a margin
 * for clocks that run at different speeds. Without it a connection that breaks stays broken: it may be that
 * another orchestrator has taken this one's place, and judges without what this one would be given. */
static void rely_on_lease(struct watch *watch, long long began)
{
    watch->ports.lease(watch->ports.context,
                       began + (EVIDENCE_LEASE_SECONDS - LEASE_MARGIN_SECONDS) * 1000LL);
}

/* A beat that took long, or never came, says which part was away; of what was before its first answer it
 * knows nothing. */
static enum evidence_part part_away(const struct watch *watch)
{
    if (watch->answered == 0 || watch->itself_was_away || watch->database_was_away == watch->broker_was_away)
        return PART_ORCHESTRATOR;
    return watch->database_was_away ? PART_DATABASE : PART_BROKER;
}

static void say_outage(const struct watch *watch, double outage)
{
    char seconds[24];
    if (outage <= 0)
        return;
    snprintf(seconds, sizeof seconds, "%.1f", outage);
    log_write(LOG_WARNING, "outage_recorded", "seconds", seconds, "part",
              evidence_part_name(part_away(watch)), NULL);
}

/* The row first, then the connection: whatever the broker gives comes after the moment in the row. */
static enum status join(struct watch *watch, struct store *store, struct error *error)
{
    long long began = now(watch);
    double outage = 0;
    if (continuity_check(store, error) != STATUS_OK ||
        evidence_join(store, watch->id, watch->client_ids, watch->client_id_count, part_away(watch), &outage,
                      error) != STATUS_OK)
        return error->status;
    say_outage(watch, outage);
    note_slow_database(watch, began);
    watch->joined = true;
    watch->left = false;
    watch->broken = true;
    watch->asked = 0;
    watch->noted = 0;
    watch->stored = 0;
    watch->stored_at = now(watch);
    rely_on_lease(watch, began);
    watch->ports.hold(watch->ports.context, false);
    return STATUS_OK;
}

/* Far behind: what it has not stored it gives up, so that the others can judge. Devices say it again. */
static enum status leave(struct watch *watch, struct store *store, bool connected, struct error *error)
{
    if (!watch->leaving)
        log_write(LOG_WARNING, "left_the_broker", "reason",
                  connected ? "reports have not been stored for a minute" : "not connected for a minute",
                  NULL);
    watch->leaving = true;
    watch->ports.hold(watch->ports.context, true);
    long long began = now(watch);
    if (evidence_leave(store, watch->id, true, error) != STATUS_OK)
        return error->status;
    note_slow_database(watch, began);
    watch->leaving = false;
    watch->left = true;
    watch->asked = watch->noted = 0; /* who takes a place that was left records nothing */
    return STATUS_OK;
}

static enum status come_back(struct watch *watch, struct store *store, struct error *error)
{
    void *context = watch->ports.context;
    return watch->ports.reachable(context) && watch->ports.idle(context) ? join(watch, store, error)
                                                                         : STATUS_OK;
}

/* The newest marker behind which all is stored, no newer than the newest answered beat: an outage is recorded
 * before any deadline in it can be judged. */
static int64_t stored_up_to(const struct watch *watch)
{
    int64_t stored = watch->ports.stored(watch->ports.context);
    if (stored < watch->marks_from)
        return 0;
    return (stored < watch->answered ? stored : watch->answered) - watch->skew;
}

static enum status take_answer(struct watch *watch, struct store *store, struct error *error)
{
    const struct evidence_served served = {
        .moment = watch->asked,
        .since_last = watch->answered > 0 ? (double)(watch->asked_at - watch->answered_from) / 1000 : -1,
        .broken = watch->broken,
        .part = part_away(watch)};
    double outage = 0;
    long long began = now(watch);
    if (evidence_serve(store, watch->id, &served, &outage, error) != STATUS_OK)
        return error->status;
    say_outage(watch, outage);
    watch->answered = watch->noted = watch->asked;
    watch->answered_from = watch->asked_from;
    watch->asked = 0;
    watch->broken = watch->database_was_away = false;
    /* What made this answer late belongs to the interval that the next one ends. */
    watch->broker_was_away = began - watch->asked_at > SLOW_MILLISECONDS;
    watch->itself_was_away = watch->itself_was_away && watch->broker_was_away;
    note_slow_database(watch, began);
    return STATUS_OK;
}

static enum status take_stored(struct watch *watch, struct store *store, struct error *error)
{
    int64_t stored = watch->answered > 0 ? stored_up_to(watch) : 0;
    if (stored <= watch->stored)
        return STATUS_OK;
    long long began = now(watch);
    if (evidence_stored(store, watch->id, stored, error) != STATUS_OK)
        return error->status;
    note_slow_database(watch, began);
    watch->stored = stored;
    watch->stored_at = now(watch);
    return STATUS_OK;
}

static bool is_acknowledged(const struct watch *watch)
{
    return watch->asked > 0 && watch->ports.acknowledged(watch->ports.context) >= watch->asked;
}

static void wait_for_answer(struct watch *watch, int milliseconds)
{
    long long at = now(watch), until = at + milliseconds;
    while (at < until &&
           !(is_acknowledged(watch) && watch->ports.stored(watch->ports.context) >= watch->asked)) {
        nanosleep(&(struct timespec){.tv_nsec = POLL_MILLISECONDS * 1000000L}, NULL);
        at = now(watch);
    }
}

static enum status exchange(struct watch *watch, struct store *store, int64_t moment, long long asked_from,
                            long long asked_at, int milliseconds, struct error *error)
{
    if (watch->asked == 0) {
        watch->asked = moment;
        watch->asked_from = asked_from;
        watch->asked_at = asked_at;
        watch->ports.publish(watch->ports.context, moment);
    }
    wait_for_answer(watch, milliseconds);
    unsigned connections = 0;
    if (!watch->ports.connected(watch->ports.context, &connections) || connections != watch->connections)
        return STATUS_OK; /* what came back may have overtaken what was lost: the next beat sees to it */
    if (is_acknowledged(watch) && take_answer(watch, store, error) != STATUS_OK)
        return error->status;
    if (watch->asked > 0 && now(watch) - watch->asked_at > SLOW_MILLISECONDS)
        watch->broker_was_away = true;
    return take_stored(watch, store, error);
}

static enum status take_over(struct watch *watch, struct store *store, struct error *error)
{
    char taken[ORCHESTRATOR_ID_SIZE];
    long long began = now(watch);
    if (evidence_take_over(store, watch->id, watch->ports.evict, watch->ports.context, taken, error) !=
        STATUS_OK)
        return error->status;
    note_slow_database(watch, began);
    if (taken[0] != '\0')
        log_write(LOG_WARNING, "place_taken", "orchestrator", taken, "reason", "its lease has run out", NULL);
    return STATUS_OK;
}

/* The service goes on, but what was noted of the time that comes again is in the future. */
static void say_step_back(const struct watch *watch, int64_t moment)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)((watch->answered - moment) / MICROSECONDS));
    log_limited(LOG_WARNING, "database_clock_went_back", watch->id, "seconds", seconds, NULL);
}

static enum status beat(struct watch *watch, struct store *store, int milliseconds, struct error *error)
{
    int64_t moment = 0, served = 0;
    bool member = false, others_expired = false, same = false;
    unsigned connections = 0;
    void *context = watch->ports.context;
    long long before = watch->looked_at, asked_from = resume(watch);
    if (before > 0 && asked_from - before > BETWEEN_MILLISECONDS)
        watch->itself_was_away = true;
    if (watch->left && !watch->joined)
        return come_back(watch, store, error);
    if (!watch->joined && join(watch, store, error) != STATUS_OK)
        return error->status;
    if (evidence_beat(store, watch->id, &moment, &member, &others_expired, &served, &same, error) !=
        STATUS_OK)
        return error->status;
    note_slow_database(watch, asked_from);
    long long asked_at = now(watch);
    if (member) {
        rely_on_lease(watch, asked_from);
        watch->ports.note_time(context, moment, asked_from, asked_at);
    } else {
        log_write(LOG_WARNING, "place_lost", "reason",
                  "another orchestrator has taken it, or the database is an older one", NULL);
        if (!watch->ports.connected(context, &connections) || connections != watch->connections)
            watch->broker_was_away = true; /* the next connection would hide it */
        watch->ports.hold(context, true);
        if (watch->noted > 0 && continuity_gone(store, watch->id, watch->noted, error) != STATUS_OK)
            return error->status;
        watch->joined = watch->leaving = false;
        watch->left = true;
    }
    if (watch->left)
        return come_back(watch, store, error);
    if (same && watch->answered > 0 && moment < watch->answered - EVIDENCE_OUTAGE_SECONDS * MICROSECONDS)
        say_step_back(watch, moment);
    /* What it has committed is gone: an older state of the same database. */
    if (same && served < watch->noted) {
        if (continuity_end(store, watch->noted, error) != STATUS_OK)
            return error->status;
        same = false;
    }
    watch->noted = served;
    /* Before anything is noted in it: when it was served last is the beginning of an outage. */
    if (!same) {
        watch->asked = 0;
        return continuity_check(store, error);
    }
    bool connected = watch->ports.connected(context, &connections);
    if (!connected || connections != watch->connections) {
        long long began = now(watch);
        if (!watch->broken && evidence_broken(store, watch->id, error) != STATUS_OK)
            return error->status;
        note_slow_database(watch, began);
        watch->broken = true;
        watch->broker_was_away = watch->broker_was_away || watch->answered > 0;
        watch->asked = 0;
        watch->marks_from = moment; /* nothing older comes back on the new connection */
        watch->connections = connections;
    }
    if (watch->leaving || now(watch) - watch->stored_at > EVIDENCE_LAG_SECONDS * 1000LL)
        return leave(watch, store, connected, error);
    if (!connected)
        return STATUS_OK;
    if (exchange(watch, store, moment, asked_from, asked_at, milliseconds, error) != STATUS_OK)
        return error->status;
    return others_expired && !watch->broken ? take_over(watch, store, error) : STATUS_OK;
}

enum status watch_beat(struct watch *watch, struct store *store, int milliseconds, struct error *error)
{
    enum status status = beat(watch, store, milliseconds, error);
    if (status == STATUS_OK)
        now(watch);
    else
        resume(watch);
    return status;
}
