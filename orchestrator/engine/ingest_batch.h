/* One batch of reports: what its parts share. ingest.c owns it. */
#ifndef ENGINE_INGEST_BATCH_H
#define ENGINE_INGEST_BATCH_H

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
    bool is_counted; /* pending again after this attempt was reverted, or given up then */
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
    bool has_hello;      /* of the present connection */
    long long hello_age; /* milliseconds for which it has waited to be stored */
    bool activated;      /* it was heard of before */
    bool connected;      /* it has said that it is online */
    int flash_kb;        /* what is stored */
    const char *flash_map;
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
};

/* Reads the targets that the reports name, then the devices: locked, and only those of which more is to be
 * read or written than a sign of life. Both in the order of their keys. */
enum status ingest_load(struct batch *batch, struct store *store, struct error *error) MUST_CHECK;

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
