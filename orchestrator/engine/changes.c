#include "changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "copy.h"
#include "store_sql.h"

void changes_start(struct changes *changes, struct arena *arena)
{
    memset(changes, 0, sizeof *changes);
    changes->arena = arena;
    changes->last_event = &changes->first_event;
}

static const char *copy_or_null(struct arena *arena, const char *text)
{
    return text != NULL ? arena_copy(arena, text) : NULL;
}

enum status target_row_read(const struct store_rows *rows, int64_t row, struct arena *arena,
                            struct target_row *target, struct error *error)
{
    memset(target, 0, sizeof *target);
    target->campaign = store_rows_integer(rows, row, 0);
    target->device = arena_copy(arena, store_rows_text(rows, row, 1));
    target->wave = (int)store_rows_integer(rows, row, 2);
    if (!target_state_parse(store_rows_text(rows, row, 3), &target->state))
        return error_set(error, STATUS_INTERNAL, "targets.state", "unknown state %s",
                         store_rows_text(rows, row, 3));
    target->attempt = (int)store_rows_integer(rows, row, 4);
    target->nonce = arena_copy(arena, store_rows_text(rows, row, 5));
    target->withdrawn = store_rows_boolean(rows, row, 6);
    target->progress = (int)store_rows_integer(rows, row, 7);
    target->reason = arena_copy(arena, store_rows_text(rows, row, 8));
    target->deadline = store_rows_real(rows, row, 9);
    target->sent_at = store_rows_real(rows, row, 10);
    target->boot = "";
    target->to_version = arena_copy(arena, store_rows_text(rows, row, 11));
    target->flip_sha256 = copy_or_null(arena, store_rows_text(rows, row, 12));
    for (int i = 0; i < 2; i++) {
        target->images[i].sha256 = copy_or_null(arena, store_rows_text(rows, row, 13 + 2 * i));
        target->images[i].size = store_rows_integer(rows, row, 14 + 2 * i);
    }
    return STATUS_OK;
}

void target_touch(struct changes *changes, struct target_row *target)
{
    if (target->changed)
        return;
    target->changed = true;
    if (changes->changed_count == changes->changed_room) {
        int64_t room = changes->changed_room == 0 ? 64 : changes->changed_room * 2;
        struct target_row **list =
            arena_allocate_array(changes->arena, (size_t)room, sizeof(struct target_row *));
        if (changes->changed_count > 0)
            memcpy(list, changes->changed, (size_t)changes->changed_count * sizeof(struct target_row *));
        changes->changed = list;
        changes->changed_room = room;
    }
    changes->changed[changes->changed_count++] = target;
}

static double next_deadline(const struct target_row *target, enum target_state to, double now,
                            const struct target_timeouts *timeouts)
{
    if (!target_state_in_flight(to))
        return 0;
    if (to == TARGET_OFFERED)
        return now + (double)timeouts->offer;
    if (to < TARGET_INSTALLED)
        return target->state < TARGET_ACCEPTED ? now + (double)timeouts->download : target->deadline;
    return target->state < TARGET_INSTALLED ? now + (double)timeouts->confirm : target->deadline;
}

bool target_move(struct changes *changes, struct target_row *target, enum target_event event,
                 const char *reason, double now, const struct target_timeouts *timeouts)
{
    const struct target_edge *edge = target_edge_find(target->state, event);
    if (edge == NULL)
        return false;
    struct target_event_row *row = arena_allocate(changes->arena, sizeof *row);
    row->target = target;
    row->from = edge->from;
    row->to = edge->to;
    row->attempt = target->attempt;
    row->reason = arena_copy(changes->arena, reason);
    *changes->last_event = row;
    changes->last_event = &row->next;
    changes->event_count++;

    target->deadline = next_deadline(target, edge->to, now, timeouts);
    target->state = edge->to;
    target->reason = row->reason;
    if (!target_state_in_flight(edge->to))
        target->withdrawn = false;
    target_touch(changes, target);
    return true;
}

static void move_deadline(struct changes *changes, struct target_row *target, double deadline)
{
    target->deadline = deadline;
    target->restarted = true;
    target_touch(changes, target);
}

void target_restart(struct changes *changes, struct target_row *target, double now,
                    const struct target_timeouts *timeouts)
{
    target->rebooted = false;
    target->restarted = true;
    target_touch(changes, target);
    if (target->restarts >= TARGET_RESTARTS || target->withdrawn)
        return;
    target->restarts++;
    move_deadline(
        changes, target,
        now + (double)(timeouts->download + (target->state < TARGET_INSTALLED ? 0 : timeouts->confirm)));
}

void target_boot(struct changes *changes, struct target_row *target, const char *boot, double now,
                 const struct target_timeouts *timeouts)
{
    if (strcmp(target->boot, boot) == 0 || target->boots >= TARGET_BOOTS || target->withdrawn)
        return;
    target->boots++;
    target->boot = boot;
    move_deadline(changes, target, now + (double)timeouts->confirm);
}

bool target_retrial(struct changes *changes, struct target_row *target, const char *boot, double now,
                    const struct target_timeouts *timeouts)
{
    bool is_said_again = target->retrials > 0 && strcmp(target->boot, boot) == 0;
    if (target->state == TARGET_INSTALLED && is_said_again)
        return true;
    if (target->retrials >= TARGET_RETRIALS ||
        !target_move(changes, target, TARGET_EVENT_RETRIAL, "retrial", now, timeouts))
        return false;
    target->retrials++;
    target->boot = boot;
    move_deadline(changes, target, now + (double)timeouts->confirm);
    return true;
}

void target_step(struct changes *changes, struct target_row *target, const char *reason, double now,
                 const struct target_timeouts *timeouts)
{
    if (!target_move(changes, target, TARGET_EVENT_STEP, reason, now, timeouts))
        return;
    target->stepped = true;
    target->attempt_base = target->attempt;
    target->hops_left--;
}

bool target_confirm(struct changes *changes, struct target_row *target, const char *reason, double now,
                    const struct target_timeouts *timeouts)
{
    if (target->hops_left == 0)
        return target_move(changes, target, TARGET_EVENT_CONFIRMED, reason, now, timeouts);
    /* Said once more, of a hop that is done. */
    if (target->attempt == target->attempt_base || target_edge_find(target->state, TARGET_EVENT_STEP) == NULL)
        return false;
    target_step(changes, target, reason, now, timeouts);
    return true;
}

/* --- writing ---------------------------------------------------------------------------------------- */

static void put_time(struct array *array, double seconds)
{
    char text[40];
    if (seconds <= 0) {
        array_put_text(array, NULL);
        return;
    }
    snprintf(text, sizeof text, "%.6f", seconds);
    array_put_text(array, text);
}

static void put_arrays(struct store_parameters *parameters, struct array *arrays, int count)
{
    for (int i = 0; i < count; i++)
        store_put_text(parameters, array_text(&arrays[i]));
}

static void release_arrays(struct array *arrays, int count)
{
    for (int i = 0; i < count; i++)
        array_release(&arrays[i]);
}

/* After the rows: the next hop's release comes from the campaign's paths. */
static enum status write_steps(struct changes *changes, struct store *store, struct error *error)
{
    struct array columns[2] = {0};
    for (int64_t i = 0; i < changes->changed_count; i++) {
        struct target_row *target = changes->changed[i];
        if (!target->stepped)
            continue;
        target->stepped = false;
        array_put_integer(&columns[0], target->campaign);
        array_put_text(&columns[1], target->device);
    }
    return store_run_arrays(store, &SQL_TARGET_STEP, columns, 2, error);
}

/* After the rows, which are ours by then. */
static enum status write_restarts(struct changes *changes, struct store *store, struct error *error)
{
    struct array columns[7] = {0};
    for (int64_t i = 0; i < changes->changed_count; i++) {
        struct target_row *target = changes->changed[i];
        if (!target->restarted)
            continue;
        target->restarted = false;
        array_put_integer(&columns[0], target->campaign);
        array_put_text(&columns[1], target->device);
        array_put_boolean(&columns[2], target->rebooted);
        array_put_text(&columns[3], target->boot);
        array_put_integer(&columns[4], target->restarts);
        array_put_integer(&columns[5], target->retrials);
        array_put_integer(&columns[6], target->boots);
    }
    return store_run_arrays(store, &SQL_TARGET_RESTART, columns, 7, error);
}

static int compare_keys(const void *left, const void *right)
{
    const struct target_row *a = *(struct target_row *const *)left, *b = *(struct target_row *const *)right;
    if (a->campaign != b->campaign)
        return a->campaign < b->campaign ? -1 : 1;
    return strcmp(a->device, b->device);
}

/* Writes rows by place; *all: each was where it was read. Releases the columns. */
static enum status write_in_place(struct store *store, const struct store_statement *statement,
                                  const struct store_parameters *parameters, struct array *columns, int count,
                                  bool *all, struct error *error)
{
    struct store_rows *rows = NULL;
    int64_t wanted = columns[0].count;
    enum status status = wanted > 0 ? store_run(store, statement, parameters, &rows, error) : STATUS_OK;
    *all = rows == NULL || store_rows_affected(rows) == wanted;
    store_rows_free(rows);
    release_arrays(columns, count);
    return status;
}

/* Of rows read without a lock. In the order in which all others lock them. */
static enum status write_reported(struct changes *changes, struct store *store, struct error *error)
{
    struct array columns[8] = {0};
    struct store_parameters parameters = {0};
    bool all;
    qsort(changes->changed, (size_t)changes->changed_count, sizeof(struct target_row *), compare_keys);
    for (int64_t i = 0; i < changes->changed_count; i++) {
        struct target_row *target = changes->changed[i];
        if (target->place == NULL || target->writer == NULL)
            continue;
        array_put_text(&columns[0], target->place);
        array_put_text(&columns[1], target->writer);
        array_put_text(&columns[2], target_state_name(target->state));
        array_put_boolean(&columns[3], target->withdrawn);
        array_put_integer(&columns[4], target->progress);
        array_put_text(&columns[5], target->reason);
        put_time(&columns[6], target->deadline);
        array_put_integer(&columns[7], target->attempt);
        target->place = NULL; /* what is ours now stands elsewhere */
        target->changed = false;
    }
    put_arrays(&parameters, columns, 8);
    enum status status = write_in_place(store, &SQL_TARGET_REPORTED, &parameters, columns, 8, &all, error);
    if (status != STATUS_OK || all)
        return status;
    status = error_set(error, STATUS_UNAVAILABLE, NULL, "targets were changed by another at the same moment");
    if (error != NULL)
        snprintf(error->sqlstate, sizeof error->sqlstate, "%s", STORE_SERIALIZATION_FAILURE);
    return status;
}

/* Of rows just claimed: no other knows them, and all are offered at one time. */
static enum status write_offered(struct changes *changes, struct store *store, struct error *error)
{
    struct array columns[5] = {0};
    struct store_parameters parameters = {0};
    double deadline = 0, sent_at = 0;
    bool all;
    for (int64_t i = 0; i < changes->changed_count; i++) {
        struct target_row *target = changes->changed[i];
        if (!target->changed || target->place == NULL)
            continue;
        array_put_text(&columns[0], target->place);
        array_put_integer(&columns[1], target->attempt);
        array_put_text(&columns[2], target->nonce);
        array_put_text(&columns[3], target->from_version);
        array_put_text(&columns[4], target->from_sha256);
        deadline = target->deadline;
        sent_at = target->sent_at;
        target->place = NULL;
        target->changed = false;
    }
    put_arrays(&parameters, columns, 5);
    store_put_real(&parameters, deadline);
    store_put_real(&parameters, sent_at);
    enum status status = write_in_place(store, &SQL_TARGET_OFFERED, &parameters, columns, 5, &all, error);
    if (status == STATUS_OK && !all)
        status = error_set(error, STATUS_INTERNAL, "targets", "a claimed target is not where it was");
    return status;
}

static enum status write_targets(struct changes *changes, struct store *store, struct error *error)
{
    struct array columns[14] = {0};
    if (write_reported(changes, store, error) != STATUS_OK ||
        write_offered(changes, store, error) != STATUS_OK)
        return error->status;
    for (int64_t i = 0; i < changes->changed_count; i++) {
        const struct target_row *target = changes->changed[i];
        if (!target->changed)
            continue;
        array_put_integer(&columns[0], target->campaign);
        array_put_text(&columns[1], target->device);
        array_put_text(&columns[2], target_state_name(target->state));
        array_put_integer(&columns[3], target->attempt);
        array_put_text(&columns[4], target->nonce);
        array_put_boolean(&columns[5], target->withdrawn);
        array_put_integer(&columns[6], target->progress);
        array_put_text(&columns[7], target->reason);
        put_time(&columns[8], target->deadline);
        put_time(&columns[9], target->sent_at);
        array_put_text(&columns[10], target->from_version);
        array_put_text(&columns[11], target->from_sha256);
        put_time(&columns[12], target->not_before);
        array_put_integer(&columns[13], target->failed_attempt);
    }
    enum status status = store_run_arrays(store, &SQL_TARGET_UPDATE, columns, 14, error);
    if (status == STATUS_OK)
        status = write_restarts(changes, store, error);
    if (status == STATUS_OK)
        status = write_steps(changes, store, error);
    for (int64_t i = 0; i < changes->changed_count; i++)
        changes->changed[i]->changed = false;
    changes->changed_count = 0;
    return status;
}

static enum status write_events(const struct changes *changes, struct store *store, struct error *error)
{
    struct copy copy = {0};
    struct target_event_row *event = changes->first_event;
    while (event != NULL && event->written)
        event = event->next;
    if (event == NULL)
        return STATUS_OK;
    /* Asked now that all of the rows are ours: so the log of a target never runs backwards. Each row is a
     * microsecond later than the one before, which it takes to be written: they are told apart by their time.
     */
    double now;
    if (store_now(store, &now, error) != STATUS_OK)
        return error->status;
    for (; event != NULL; event = event->next) {
        if (event->written)
            continue;
        event->written = true;
        copy_put_time(&copy, now);
        now += 1e-6;
        copy_put_text(&copy, "target");
        copy_put_integer(&copy, event->target->campaign);
        copy_put_integer(&copy, event->target->wave);
        copy_put_text(&copy, event->target->device);
        copy_put_integer(&copy, event->attempt);
        copy_put_text(&copy, target_state_name(event->from));
        copy_put_text(&copy, target_state_name(event->to));
        copy_put_text(&copy, event->reason);
        copy_end_row(&copy);
    }
    return store_run_copy(store, &SQL_EVENT_TARGETS, &copy, error);
}

/* An attempt that ended badly counts against its device, in whatever campaign (policy.h, flapping). */
static bool counts_against_device(const struct target_event_row *event)
{
    return target_state_in_flight(event->from) &&
           (event->to == TARGET_FAILED || event->to == TARGET_REVERTED || event->to == TARGET_SILENT);
}

static enum status write_failures(const struct changes *changes, struct store *store, struct error *error)
{
    struct array columns[2] = {0};
    for (struct target_event_row *event = changes->first_event; event != NULL; event = event->next) {
        if (event->written || !counts_against_device(event))
            continue;
        array_put_text(&columns[0], event->target->device);
        array_put_integer(&columns[1], event->target->campaign);
    }
    return store_run_arrays(store, &SQL_FAILURE_ADD, columns, 2, error);
}

struct wave_difference {
    int64_t campaign;
    int wave;
    int64_t counts[TARGET_STATE_COUNT];
};

static int compare_differences(const void *left, const void *right)
{
    const struct wave_difference *a = left, *b = right;
    if (a->campaign != b->campaign)
        return a->campaign < b->campaign ? -1 : 1;
    return (a->wave > b->wave) - (a->wave < b->wave);
}

/* One entry per event at first, sorted, then those of one wave added up. Returns how many waves there are. */
static int64_t sum_differences(const struct changes *changes, struct wave_difference *differences)
{
    int64_t count = 0;
    for (const struct target_event_row *event = changes->first_event; event != NULL; event = event->next) {
        struct wave_difference *difference = &differences[count++];
        difference->campaign = event->target->campaign;
        difference->wave = event->target->wave;
        difference->counts[event->from]--;
        difference->counts[event->to]++;
    }
    qsort(differences, (size_t)count, sizeof *differences, compare_differences);
    int64_t waves = 0;
    for (int64_t i = 0; i < count; i++) {
        if (waves == 0 || compare_differences(&differences[waves - 1], &differences[i]) != 0) {
            differences[waves++] = differences[i];
            continue;
        }
        for (int state = 0; state < TARGET_STATE_COUNT; state++)
            differences[waves - 1].counts[state] += differences[i].counts[state];
    }
    return waves;
}

static enum status write_counters(const struct changes *changes, struct store *store, struct error *error)
{
    struct wave_difference *differences =
        arena_allocate_array(changes->arena, (size_t)changes->event_count, sizeof *differences);
    int64_t waves = sum_differences(changes, differences);
    struct array columns[2 + TARGET_STATE_COUNT] = {0};
    for (int64_t i = 0; i < waves; i++) {
        array_put_integer(&columns[0], differences[i].campaign);
        array_put_integer(&columns[1], differences[i].wave);
        for (int state = 0; state < TARGET_STATE_COUNT; state++)
            array_put_integer(&columns[2 + state], differences[i].counts[state]);
    }
    struct store_parameters keys = {0}, all = {0};
    put_arrays(&keys, columns, 2);
    put_arrays(&all, columns, 2 + TARGET_STATE_COUNT);
    enum status status = store_run(store, &SQL_WAVE_LOCK, &keys, NULL, error);
    if (status == STATUS_OK)
        status = store_run(store, &SQL_WAVE_COUNT, &all, NULL, error);
    release_arrays(columns, 2 + TARGET_STATE_COUNT);
    return status;
}

enum status changes_flush(struct changes *changes, struct store *store, struct error *error)
{
    if (changes->changed_count > 0 && write_targets(changes, store, error) != STATUS_OK)
        return error->status;
    if (write_failures(changes, store, error) != STATUS_OK)
        return error->status;
    return write_events(changes, store, error);
}

enum status changes_write(struct changes *changes, struct store *store, struct error *error)
{
    if (changes_flush(changes, store, error) != STATUS_OK)
        return error->status;
    if (changes->event_count == 0)
        return STATUS_OK;
    enum status status = write_counters(changes, store, error);
    changes->first_event = NULL; /* counted: must not be counted again */
    changes->last_event = &changes->first_event;
    changes->event_count = 0;
    return status;
}
