/* The watch: keeps this orchestrator's lease and watermark, notices when database or broker do not answer,
 * and takes the place of orchestrators that are gone. docs/architecture.md, "Evidence", is the whole of it.
 * Its decisions are here; clocks, broker and queues are reached through ports, so that tests drive it too. */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"
#include "store.h"

enum { WATCH_CLIENT_IDS_MAX = 4 };

struct watch_ports {
    void *context;
    /* Milliseconds of a clock that never jumps. */
    long long (*clock)(void *context);
    /* Whether reports are received and commands can be published; *times: how often that has become so. */
    bool (*connected)(void *context, unsigned *times);
    /* Whether the broker can be reached at all, also while the reports' connection is held. */
    bool (*reachable)(void *context);
    /* Publishes a marker to itself; the newest one that the broker has acknowledged, 0 also while offers that
     * were decided before it wait here; and the newest one that has come back and behind which every report
     * is stored. 0: none. */
    void (*publish)(void *context, int64_t moment);
    int64_t (*acknowledged)(void *context);
    int64_t (*stored)(void *context);
    /* Leaves the broker, and drops the reports that wait; or connects again. */
    void (*hold)(void *context, bool held);
    /* Until then, by clock(), a connection that breaks may be made again. */
    void (*lease)(void *context, long long until);
    /* Nothing waits and nothing is being stored. */
    bool (*idle)(void *context);
    /* The database's clock showed `moment` (microseconds) at some time between `from` and `to`, by clock().
     */
    void (*note_time)(void *context, int64_t moment, long long from, long long to);
    /* See evidence_take_over. Must not wait: false until it is done, then true for the same client id. */
    bool (*evict)(void *context, const char *client_id);
};

struct watch {
    struct watch_ports ports;
    char id[ORCHESTRATOR_ID_SIZE];
    const char *client_ids[WATCH_CLIENT_IDS_MAX];
    int client_id_count;
    int64_t skew; /* microseconds that other nodes of a broker cluster may be behind */

    bool joined;          /* has its row */
    bool left;            /* stays away from the broker, until nothing waits here any more */
    bool leaving;         /* the same, and the database does not know yet */
    bool broken;          /* the connections broke since the last answered beat */
    unsigned connections; /* how often they had become ready at the last beat */
    int64_t marks_from;   /* markers before this one are of an earlier connection */
    /* A beat's moment is read from the database at some time between asked_from and asked_at: the statement
     * may have waited before it, or its answer after it. */
    int64_t answered; /* the newest answered beat, 0: none */
    long long answered_from;
    int64_t noted; /* the newest answered beat that this database has; 0: none */
    int64_t asked; /* the beat that is not answered yet; 0: none */
    long long asked_from, asked_at;
    long long looked_at; /* last, at the clock; 0: never */
    int64_t stored;      /* the watermark as last written */
    long long stored_at;
    bool itself_was_away, database_was_away, broker_was_away; /* since the last answered beat */
};

/* `ports`, `client_ids` are borrowed or copied as they stand. */
void watch_start(struct watch *watch, const struct watch_ports *ports, const char *id,
                 const char *const *client_ids, int client_id_count, int64_t skew_seconds);

/* One beat: to be called every half second or so. Waits for `milliseconds` at most for its answer. */
enum status watch_beat(struct watch *watch, struct store *store, int milliseconds,
                       struct error *error) MUST_CHECK;

/* The database did not answer a beat. */
void watch_note_database(struct watch *watch);

#endif
