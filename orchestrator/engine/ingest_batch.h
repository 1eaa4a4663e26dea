/* One batch of reports: what its parts share. ingest.c owns it. */
#ifndef ENGINE_INGEST_BATCH_H
#define ENGINE_INGEST_BATCH_H

#include "array.h"
#include "campaign_fsm.h"
#include "changes.h"
#include "engine.h"
#include "ingest.h"
#include "presence.h"
#include "report.h"
#include "store.h"

/* A target of the batch, with what its campaign says. */
struct batch_target {
    struct target_row row;
    int64_t wire_number; /* of its campaign: what reports name */
    enum campaign_state campaign_state;
    struct target_timeouts timeouts;
    int burnt;          /* attempts of this hop that were burnt */
    bool is_stopped;    /* its download was stopped by a pause */
    bool is_suspect;    /* its device was sent other bytes than those of its images */
    int64_t damaged_at; /* then: when a copy of them was last found damaged, Unix microseconds; 0: never */
    bool is_counted;    /* pending again after this attempt was reverted, or given up then */
};

/* What the batch says of a device whose row is read and locked; the last report wins. */
struct batch_device {
    const char *id;
    int ptype;
    const struct running_image *running; /* NULL when nothing was said */
    const char *sha256, *boot;           /* of what runs: as stored, then as said; NULL when neither */
    const char *reset_reason;
    struct presence
        presence;        /* as stored, then as said by presence and hello, behind which stands a connection */
    long long asked_ago; /* milliseconds since it was asked for a hello; below 0: no question is open */
    bool has_hello;      /* of the present connection */
    long long hello_age; /* milliseconds for which it has waited to be stored */
    bool activated;      /* it was heard of before */
    bool connected;      /* it has said that it is online */
    int flash_kb;        /* what is stored */
    const char *flash_map;
    const char *can; /* what its firmware understands: as stored, then as said */
    bool can_changed;
    const struct flash_map *flash; /* what it says; NULL when nothing */
    bool resend;                   /* what is out to it; where it is at work only that it is to stop */
    bool is_busy;
    bool ask; /* what it runs: what was said may be old */
};

/* For the log, which is written after the commit: a repeated transaction rejects the same once more. */
struct batch_rejection {
    struct batch_rejection *next;
    const struct report *report;
    enum rejection rejection;
    const char *detail;
};

/* An outcome that moves no target. */
struct batch_outcome {
    struct batch_outcome *next;
    const struct report *report;
    const struct batch_target *target; /* NULL where this database knows of no such attempt */
};

struct batch {
    const struct engine *engine;
    int attempts;    /* at the transaction */
    long long began; /* the last of them; base/clock, milliseconds */
    const struct report *reports;
    size_t count;
    struct ingest_summary *summary;
    struct arena *arena;
    struct changes changes;
    struct outbox outbox;
    double service_now; /* the service clock: deadlines go by it */
    struct batch_target *targets;
    int64_t target_count;
    struct batch_device *devices; /* those that need more than their target */
    int64_t device_count;
    int64_t rejected[REJECTION_COUNT];
    const char *rejected_device[REJECTION_COUNT];
    struct batch_rejection *first_rejection, **last_rejection;
    struct batch_outcome *late;    /* of attempts that others have followed */
    struct batch_outcome *foreign; /* of attempts that this database knows nothing of */
    struct array burnt[2];         /* campaigns and devices of attempts that are not counted */
    struct array strange[4];       /* devices, and the images that they run without an attempt */
    struct array held[3];          /* campaigns, devices, seconds: they are at work on what was given up */
};

/* Reads the targets that the reports name, then the devices: locked, and only those of which more is to be
 * read or written than a sign of life. Both in the order of their keys. */
enum status ingest_load(struct batch *batch, struct store *store, struct error *error) MUST_CHECK;

/* --- ingest_identity.c: whose result a result is ----------------------------------------------------- */

/* Whether a report of a target, or what a hello carries, ends its attempt: the device repeats it until it is
 * acknowledged. */
bool ingest_is_result(const struct report *report);

/* Whether `nonce` is that of this attempt of the target, or none is said. */
bool ingest_is_of_attempt(const struct batch *batch, const struct batch_target *target, int64_t attempt,
                          const char *nonce);

/* A confirmation counts only when it proves that the offered image runs: the nonce of an attempt, the version
 * and the bytes that it offered. */
bool ingest_confirmation_holds(const struct batch *batch, const struct batch_target *target,
                               const struct target_report *said, enum rejection *rejection);

/* The device has done something with this attempt's number before, and would say the same of it for ever: the
 * attempt ends without an outcome, and the next one is offered at once. False where it is not in flight, or
 * that has happened too often. */
bool ingest_burn(struct batch *batch, struct batch_target *target);

/* The attempt ends without an outcome, is not counted, and the next one is offered at once. False where it is
 * not in flight, or that has happened too often. */
bool ingest_give_back(struct batch *batch, struct batch_target *target, const char *reason);

/* The result of an attempt that this database never made, or not with this nonce: it is kept, and counts for
 * nothing. An older firmware that says it for the present attempt takes that one's number for another's: the
 * number is burnt, and the next one is offered at once. `target` may be NULL; `device` where
 * the result does not say what runs. */
void ingest_take_foreign(struct batch *batch, struct batch_target *target, const struct batch_device *device,
                         const struct report *report);

/* Of an attempt that another one has followed: it becomes that attempt's event. */
void ingest_take_late(struct batch *batch, const struct batch_target *target, const struct report *report);

/* What a hello says of the newest acknowledged result: news only where the database has lost it. */
void ingest_take_last(struct batch *batch, const struct report *report);

enum status ingest_write_outcomes(struct batch *batch, struct store *store, struct error *error) MUST_CHECK;

/* --- ingest_images.c: devices that were sent other bytes --------------------------------------------- */

/* Looks at this orchestrator's copies of the images that reports complain of, and reads what the others have
 * found. */
enum status ingest_look_at_images(struct batch *batch, struct store *store, struct error *error) MUST_CHECK;

/* Whether the failure is the orchestrator's, as a copy was found damaged since the attempt was offered: the
 * attempt is given back. */
bool ingest_excuse_bytes(struct batch *batch, struct batch_target *target, const struct report *report);

/* Has every orchestrator look at its copies. */
enum status ingest_write_images(const struct batch *batch, struct store *store,
                                struct error *error) MUST_CHECK;

/* --- the rest --------------------------------------------------------------------------------------- */

/* Whether it says what becomes of a target, and nothing else. */
bool ingest_is_of_target(const struct report *report);

/* A row of presence_read.sql. */
void presence_row_read(const struct store_rows *rows, int64_t row, struct presence *presence);

/* NULL: not there, or not loaded. */
struct batch_device *ingest_find_device(const struct batch *batch, const char *id);
struct batch_target *ingest_find_target(const struct batch *batch, int64_t wire_number, const char *device);

/* Counts a report that changes nothing, and notes it for the log. `detail` must outlive the batch. */
void ingest_reject(struct batch *batch, const struct report *report, enum rejection rejection,
                   const char *detail);

/* Writes what the reports have changed. */
enum status ingest_write(struct batch *batch, struct store *store, struct error *error) MUST_CHECK;

#endif
