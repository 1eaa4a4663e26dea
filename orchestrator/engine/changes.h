/* The changes of one transaction to targets: rows, events and wave counters, collected in memory and written
 * in a few statements. The only mover of a target's state (besides target_cancel_pending.sql, which moves all
 * that are pending). */
#ifndef ENGINE_CHANGES_H
#define ENGINE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "report.h"
#include "store.h"
#include "target_fsm.h"

struct target_image {
    const char *sha256; /* NULL when the firmware was never uploaded */
    int64_t size;
};

/* A target as loaded by the target_*.sql queries, whose first columns are these. Texts live in the arena. */
struct target_row {
    int64_t campaign;
    const char *device;
    int wave;
    enum target_state state;
    int attempt;
    const char *nonce;
    bool withdrawn;
    int progress;
    const char *reason;
    double deadline; /* of the service clock (migration 0025), Unix seconds; 0 for none */
    double sent_at;  /* 0 for none: its command has to be sent */
    double
        not_before; /* while pending: not to be offered earlier; 0 for at once. Gone with the next change */
    const char *to_version;
    const char *flip_sha256; /* NULL but in a rollback */
    struct target_image images[2];
    const char *from_version, *from_sha256; /* what ran when it was offered; NULL: leave as stored */
    int attempt_base;                       /* attempts of the stepping stones done; where it was loaded */
    int hops_left;                          /* after the one to_version stands for; where it was loaded */
    int failed_attempt; /* one that was a failure, and is tried again; 0: leave as stored */
    /* What its deadline was moved for; where it was loaded. */
    bool rebooted;    /* the device has forgotten the attempt since it was taken */
    const char *boot; /* BOOTID of the hello that moved it last; "" for none */
    int restarts;     /* times that the attempt was taken anew */
    int boots;        /* of its trials */
    int retrials;     /* trials that ended without a verdict */
    bool restarted;   /* one of the last five has changed */
    bool stepped;     /* reached a stepping stone: the next hop is not in the row yet */
    /* Where this version of the row stands (ctid): of one read without a lock, and of one that is offered;
     * NULL: the row is found by its key. */
    const char *place;
    /* Who wrote it (xmin), where it was read without a lock. Then only what reports change is written: state,
     * attempt, progress, reason, deadline, withdrawn. */
    const char *writer;
    bool changed;
};
enum { TARGET_ROW_COLUMNS = 17 };

struct target_event_row {
    struct target_event_row *next;
    const struct target_row *target;
    enum target_state from, to;
    int attempt;
    const char *reason;
    bool written;
};

struct changes {
    struct arena *arena;
    struct target_event_row *first_event, **last_event;
    int64_t event_count;
    struct target_row **changed; /* rows not written yet */
    int64_t changed_count, changed_room;
};

/* The reason of a target that was given up since its device was offline for too long. It may have been
 * offered something before, and come back with an outcome of that. */
#define TARGET_GIVEN_UP "offline"
/* The same, of a target whose device was quarantined meanwhile. */
#define TARGET_QUARANTINED "quarantined"

/* Seconds from now to the deadline of the state that an event leads to. */
struct target_timeouts {
    int64_t offer, download, confirm;
};

void changes_start(struct changes *changes, struct arena *arena);

/* Reads row `row` of a target_*.sql result into the arena. STATUS_INTERNAL when the state's name is unknown.
 */
enum status target_row_read(const struct store_rows *rows, int64_t row, struct arena *arena,
                            struct target_row *target, struct error *error) MUST_CHECK;

/* Moves a target by an event: state, deadline, event row. `now` is the service clock's. False, and nothing
 * changed, when the state has no such edge. */
bool target_move(struct changes *changes, struct target_row *target, enum target_event event,
                 const char *reason, double now, const struct target_timeouts *timeouts);

/* A confirmation: of the last hop the end, of a stepping stone the way to the next. As target_move. */
bool target_confirm(struct changes *changes, struct target_row *target, const char *reason, double now,
                    const struct target_timeouts *timeouts);

/* What moves a deadline of an attempt: each at most so often, since a device could hold its place for ever.
 */
enum { TARGET_RESTARTS = 3, TARGET_RETRIALS = 3, TARGET_BOOTS = 9 };

/* The device had forgotten the attempt, and has taken it anew: its time begins anew. */
void target_restart(struct changes *changes, struct target_row *target, double now,
                    const struct target_timeouts *timeouts);

/* The new image has booted (BOOTID `boot`): the time of the trial begins anew. Nothing where it is known. */
void target_boot(struct changes *changes, struct target_row *target, const char *boot, double now,
                 const struct target_timeouts *timeouts);

/* The trial has ended without a verdict, and the old image, in its boot `boot`, will boot the new one once
 * more: the time of another trial begins. False: it has done so too often, or there is no such edge. */
bool target_retrial(struct changes *changes, struct target_row *target, const char *boot, double now,
                    const struct target_timeouts *timeouts);

/* The next hop, for a device that is on the stepping stone already. */
void target_step(struct changes *changes, struct target_row *target, const char *reason, double now,
                 const struct target_timeouts *timeouts);

/* Notes that other members of the row were changed (attempt, nonce, progress, sent_at). */
void target_touch(struct changes *changes, struct target_row *target);

/* Writes the target rows and events so far, so that queries that follow see them. STATUS_UNAVAILABLE with the
 * sqlstate of a serialization failure when a row that was read without a lock has been changed since. */
enum status changes_flush(struct changes *changes, struct store *store, struct error *error) MUST_CHECK;

/* Flushes, then moves the wave counters. At the end of the transaction, since waves are locked last, and in
 * order; before it only where statements that follow change counters themselves. */
enum status changes_write(struct changes *changes, struct store *store, struct error *error) MUST_CHECK;

#endif
