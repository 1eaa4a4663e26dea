/* One tick of one campaign: what its parts share. tick.c owns it. */
#ifndef ENGINE_TICK_WORK_H
#define ENGINE_TICK_WORK_H

#include "campaign.h"
#include "changes.h"
#include "engine.h"
#include "zones.h"

enum { ROWS_PER_TICK = 1000 };

struct tick_work {
    const struct engine *engine;
    int64_t number;
    struct arena *arena;
    struct campaign campaign;
    struct changes changes;
    struct outbox outbox;
    struct zones zones; /* of a running campaign */
    bool more;          /* there was more to do than one tick takes */
    bool offers_wait;   /* the campaign may be about to halt */
};

/* A report handled at the very moment of the operator's command may have made a target pending after it. */
enum status tick_cancel_left_over(struct tick_work *work, struct store *store,
                                  struct error *error) MUST_CHECK;

/* Halts a running campaign whose release no key in force has signed any more, where a signature is required.
 */
enum status tick_halt_unsigned(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;

/* Asks core/decide what follows and does it, until nothing follows; then says of the open waves how they
 * stand. */
enum status tick_decide(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;

/* Ends the targets of devices that are not registered any more. */
enum status tick_removed(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;

/* Targets whose time is over: deadlines passed, and members that cannot be offered for too long. */
enum status tick_expire(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;
enum status tick_give_up(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;

/* Takes failures back that the policy tries again: all of them, before the gates look. */
enum status tick_retry(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;

/* Takes outcomes back that an outage of ours explains: their attempts are made again, and not counted. */
enum status tick_outages(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;

/* Outcomes that an outage may yet explain, by wave and state, which the caller has zeroed; their *count. The
 * evidence that this tick began with is not complete up to them, or nobody has looked at them since an
 * outage. */
enum status tick_undecided(struct tick_work *work, struct store *store,
                           int64_t undecided[POLICY_WAVES_MAX][TARGET_STATE_COUNT], int64_t *count,
                           struct error *error) MUST_CHECK;

/* Counts the waves anew, with what this tick has moved so far. Reports that were stored since the campaign
 * was loaded may have made the very failures that were taken back: counted by the older numbers, others would
 * seem to be gone. */
enum status tick_recount(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;

/* Members whose device another campaign has: those behind give way, those whose turn has come are taken. */
enum status tick_overlap(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;

/* Adds to the words of a wave that stands still how many wait for other campaigns, and for which. */
enum status tick_explain_overlap(const struct tick_work *work, struct store *store, char *words, size_t size,
                                 struct error *error) MUST_CHECK;

/* target_move, and the snapshot follows at once, so that what is decided next sees it. */
bool tick_move(struct tick_work *work, struct target_row *target, enum target_event event,
               const char *reason);

/* An excused failure that was tried again, or turned out to be a success, is one no more: else the excuse
 * would hide the next one. */
enum status tick_excuses(struct tick_work *work, struct store *store, struct error *error) MUST_CHECK;

#endif
