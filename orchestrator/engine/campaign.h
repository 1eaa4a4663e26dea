/* A campaign as the engine holds it: its row locked, its waves loaded. */
#ifndef ENGINE_CAMPAIGN_H
#define ENGINE_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "decide.h"
#include "overlap.h"
#include "ramp.h"
#include "store.h"

/* Unix seconds; 0 for none. */
struct schedule {
    int64_t start_at;   /* not planned earlier */
    int64_t end_at;     /* then it ends ... */
    bool pauses_at_end; /* ... paused; else cancelled */
};

struct campaign {
    int64_t number;
    int64_t wire_number; /* by which devices know it */
    bool fleet_is_asked; /* what devices run is not known yet: the database is another one than before */
    const char *name;
    bool is_rollback;
    bool settled;
    int64_t firmware;             /* 0 in a rollback */
    const char *firmware_version; /* NULL in a rollback */
    int ptype;
    const char *from_rule;
    const char *tags;     /* comma-separated */
    const char *devices;  /* PostgreSQL's text of an array; {} for any */
    const char *selector; /* core/selector; "" for any */
    int64_t plan;         /* that it was made of; 0: none */
    int64_t members_plan; /* whose devices are its members; 0: not planned yet */
    int64_t unwritten;    /* members whose targets are not written yet (engine/fill): of those pending */
    int64_t written_to;   /* the position in the plan up to which they are */
    int64_t seed;
    int priority; /* 0 to PRIORITY_MAX */
    enum overlap overlap;
    double overlap_at; /* no look for turns before then; 0: none */
    struct ramp ramp;
    const char *created_by;
    struct schedule schedule;
    double now;         /* the database's clock: the only one, so that several orchestrators agree */
    double service_now; /* the service clock: the same less all outages. Deadlines in flight go by it */
    double clock;       /* the campaign's: the service clock while it runs. Soaks and retries go by it */
    double evidence;    /* up to when everything that devices said is stored; 0: not known */
    bool has_tick_error;
    int64_t parent; /* 0 when not a rollback */
    struct policy policy;
    struct campaign_snapshot snapshot;
};

enum campaign_locking {
    CAMPAIGN_WAIT,    /* for an operator: wait until the row is free */
    CAMPAIGN_IF_FREE, /* for a ticker: another orchestrator at it will do */
};

/* Locks and loads, inside a transaction; texts live in the arena. *found is false when it does not exist, or
 * is not free. */
enum status campaign_load(struct store *store, int64_t number, enum campaign_locking locking,
                          struct arena *arena, struct campaign *campaign, bool *found,
                          struct error *error) MUST_CHECK;

/* Who does it, for the audit. */
#define ACTOR_ORCHESTRATOR "orchestrator"

/* Moves the campaign by an event: row, event log and audit. STATUS_CONFLICT when its state has no such edge.
 * `detail` is JSON for the audit; NULL: the campaign's counts. */
enum status campaign_move(struct store *store, struct campaign *campaign, enum campaign_event event,
                          const char *actor, const char *reason, const char *detail,
                          struct error *error) MUST_CHECK;

/* Reads the waves and their counters again, as they are now. */
enum status campaign_read_waves(struct store *store, struct campaign *campaign,
                                struct error *error) MUST_CHECK;

/* Says why it stands where it stands (state_reason), without moving it. */
enum status campaign_explain(struct store *store, const struct campaign *campaign, const char *reason,
                             struct error *error) MUST_CHECK;

/* Notes what keeps failing for it; NULL: nothing any more. In a transaction of its own, or the caller's. */
enum status campaign_note_error(struct store *store, int64_t number, const char *message,
                                struct error *error) MUST_CHECK;

/* Moves a wave: row and event log. `verdict` goes to both. */
enum status wave_move(struct store *store, struct campaign *campaign, int wave, enum wave_state to,
                      const char *verdict, struct error *error) MUST_CHECK;

/* Ends the waves that are open or soaking as failed: their campaign has been stopped, and no gate decides any
 * more. */
enum status campaign_close_waves(struct store *store, struct campaign *campaign, const char *verdict,
                                 struct error *error) MUST_CHECK;

enum status audit_add(struct store *store, const char *actor, const char *action, const char *object,
                      const char *reason, const char *detail, struct error *error) MUST_CHECK;

/* Stops what is out: offers not accepted are withdrawn, and with `downloads_too` also attempts that have not
 * flipped yet. */
enum status campaign_withdraw(struct store *store, const struct campaign *campaign, bool downloads_too,
                              struct error *error) MUST_CHECK;

/* Stops it by CANCEL or ROLLBACK: what is out is withdrawn, what is not yet out is cancelled, open waves end.
 * The state machine has the last word. `detail` as for campaign_move. */
enum status campaign_stop(struct store *store, struct campaign *campaign, enum campaign_event event,
                          const char *actor, const char *reason, const char *target_reason,
                          const char *detail, struct error *error) MUST_CHECK;

/* No new offers; those not accepted are withdrawn, and with `stops_downloads` all that have not flipped. */
enum status campaign_pause(struct store *store, struct campaign *campaign, const char *actor,
                           const char *reason, bool stops_downloads, struct error *error) MUST_CHECK;

/* Of a paused campaign. What has not flipped is withdrawn, and offered anew once the campaign is resumed; the
 * image servers refuse it until then. *stopped is false when that is so already. */
enum status campaign_stop_downloads(struct store *store, const struct campaign *campaign, const char *actor,
                                    const char *reason, bool *stopped, struct error *error) MUST_CHECK;

/* The number of the campaign with that name, or that number in digits. */
enum status campaign_resolve(struct store *store, const char *name, int64_t *number,
                             struct error *error) MUST_CHECK;

/* What targets of a campaign that is stopped are cancelled for; NULL where it is not stopped. */
const char *campaign_cancel_reason(const struct campaign *campaign);

/* Ends every target that is written and not offered yet as cancelled. */
enum status campaign_cancel_pending(struct store *store, const struct campaign *campaign, const char *reason,
                                    struct error *error) MUST_CHECK;

#endif
