#include "ingest.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "campaign_fsm.h"
#include "changes.h"
#include "command.h"
#include "log.h"
#include "store_sql.h"

/* A target of the batch, with what its campaign says. */
struct batch_target {
    struct target_row row;
    enum campaign_state campaign_state;
    struct target_timeouts timeouts;
};

/* What the batch says of a device; the last report wins. */
struct batch_device {
    const char *id;
    int ptype;
    const struct running_image *running; /* NULL when nothing was said */
    const char *boot, *reset_reason;
    const char *online; /* "t", "f", or NULL: said by presence and hello, behind which stands a connection */
    bool activated;     /* it was heard of before */
    bool connected;     /* it has said that it is online */
    bool was_offline;   /* at some time within the batch */
    int flash_kb;       /* what is stored */
    const char *flash_map;
    const struct flash_map *flash; /* what it says; NULL when nothing */
    bool resend;
};

struct batch {
    const struct engine *engine;
    const struct report *reports;
    size_t count;
    struct ingest_summary *summary;
    struct arena *arena;
    struct changes changes;
    struct outbox outbox;
    double now;
    struct batch_target *targets;
    int64_t target_count;
    struct batch_device *devices;
    int64_t device_count;
    int64_t rejected[REJECTION_COUNT];
    const char *rejected_device[REJECTION_COUNT];
};

/* --- loading ---------------------------------------------------------------------------------------- */

static bool names_target(const struct report *report)
{
    return report->kind == REPORT_TARGET || report->kind == REPORT_CANCELLED || report->has_result;
}

static enum status load_clock(struct batch *batch, struct store *store, struct error *error)
{
    struct store_rows *rows;
    if (store_run(store, &SQL_CLOCK_NOW, NULL, &rows, error) != STATUS_OK)
        return error->status;
    batch->now = store_rows_real(rows, 0, 0);
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status load_devices(struct batch *batch, struct store *store, struct error *error)
{
    struct array ids = {0};
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->reports[i].kind != REPORT_REJECTED)
            array_put_text(&ids, batch->reports[i].device);
    }
    struct store_parameters parameters = {0};
    store_put_text(&parameters, array_text(&ids));
    struct store_rows *rows;
    enum status status = store_run(store, &SQL_DEVICE_LOCK, &parameters, &rows, error);
    array_release(&ids);
    if (status != STATUS_OK)
        return status;
    batch->device_count = store_rows_count(rows);
    batch->devices = arena_allocate_array(batch->arena, (size_t)batch->device_count, sizeof *batch->devices);
    for (int64_t i = 0; i < batch->device_count; i++) {
        batch->devices[i].id = arena_copy(batch->arena, store_rows_text(rows, i, 0));
        batch->devices[i].ptype = (int)store_rows_integer(rows, i, 1);
        batch->devices[i].activated = store_rows_boolean(rows, i, 2);
        batch->devices[i].flash_kb = (int)store_rows_integer(rows, i, 3);
        if (!store_rows_null(rows, i, 4))
            batch->devices[i].flash_map = arena_copy(batch->arena, store_rows_text(rows, i, 4));
    }
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status load_targets(struct batch *batch, struct store *store, struct error *error)
{
    struct array campaigns = {0}, devices = {0};
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->reports[i].kind == REPORT_REJECTED || !names_target(&batch->reports[i]))
            continue;
        array_put_integer(&campaigns, batch->reports[i].target.campaign);
        array_put_text(&devices, batch->reports[i].device);
    }
    struct store_parameters parameters = {0};
    store_put_text(&parameters, array_text(&campaigns));
    store_put_text(&parameters, array_text(&devices));
    struct store_rows *rows;
    enum status status = store_run(store, &SQL_TARGET_LOCK, &parameters, &rows, error);
    array_release(&campaigns);
    array_release(&devices);
    if (status != STATUS_OK)
        return status;
    batch->target_count = store_rows_count(rows);
    batch->targets = arena_allocate_array(batch->arena, (size_t)batch->target_count, sizeof *batch->targets);
    for (int64_t i = 0; i < batch->target_count && status == STATUS_OK; i++) {
        struct batch_target *target = &batch->targets[i];
        status = target_row_read(rows, i, batch->arena, &target->row, error);
        if (status == STATUS_OK &&
            !campaign_state_parse(store_rows_text(rows, i, TARGET_ROW_COLUMNS), &target->campaign_state))
            status = error_set(error, STATUS_INTERNAL, "campaigns.state", "unknown state");
        target->timeouts.download = store_rows_integer(rows, i, TARGET_ROW_COLUMNS + 1);
        target->timeouts.confirm = store_rows_integer(rows, i, TARGET_ROW_COLUMNS + 2);
        target->row.attempt_base = (int)store_rows_integer(rows, i, TARGET_ROW_COLUMNS + 3);
        target->row.hops_left = (int)store_rows_integer(rows, i, TARGET_ROW_COLUMNS + 4);
    }
    store_rows_free(rows);
    return status;
}

static int compare_device(const void *key, const void *item)
{
    return strcmp(key, ((const struct batch_device *)item)->id);
}

static struct batch_device *find_device(const struct batch *batch, const char *id)
{
    if (batch->device_count == 0)
        return NULL;
    return bsearch(id, batch->devices, (size_t)batch->device_count, sizeof *batch->devices, compare_device);
}

struct target_key {
    int64_t campaign;
    const char *device;
};

static int compare_target(const void *key, const void *item)
{
    const struct target_key *wanted = key;
    const struct target_row *row = &((const struct batch_target *)item)->row;
    if (wanted->campaign != row->campaign)
        return wanted->campaign < row->campaign ? -1 : 1;
    return strcmp(wanted->device, row->device);
}

static struct batch_target *find_target(const struct batch *batch, int64_t campaign, const char *device)
{
    if (batch->target_count == 0)
        return NULL;
    struct target_key key = {campaign, device};
    return bsearch(&key, batch->targets, (size_t)batch->target_count, sizeof *batch->targets, compare_target);
}

/* --- one report ------------------------------------------------------------------------------------- */

static void reject(struct batch *batch, const struct report *report, enum rejection rejection,
                   const char *detail)
{
    batch->rejected[rejection]++;
    batch->rejected_device[rejection] = report->device;
    batch->summary->rejected++;
    /* Duplicates and stragglers are part of a normal day; the rest is worth an operator's look. */
    bool usual = rejection == REJECTION_OUT_OF_ORDER || rejection == REJECTION_STALE_ATTEMPT;
    log_write(usual ? LOG_DEBUG : LOG_WARNING, "report_rejected", "kind", rejection_name(rejection), "device",
              report->device, "detail", detail, NULL);
}

static void acknowledge(struct batch *batch, const struct report *report)
{
    if (report->kind == REPORT_CANCELLED || !target_event_is_result(report->target.event))
        return;
    outbox_put(&batch->outbox, batch->arena, report->device,
               command_ack(report->target.campaign, report->target.attempt, batch->arena));
}

/* A confirmation counts only when it proves that the offered image runs: the attempt's nonce, its version,
 * its bytes. */
static bool confirmation_holds(const struct target_row *target, const struct target_report *report,
                               enum rejection *rejection)
{
    if (strcmp(report->nonce, target->nonce) != 0) {
        *rejection = REJECTION_NONCE_MISMATCH;
        return false;
    }
    const char *sha256 = report->running.sha256;
    const char *offered = target->images[report->running.slot - 1].sha256;
    bool is_offered = offered != NULL && strcmp(sha256, offered) == 0;
    bool is_previous = target->flip_sha256 != NULL && strcmp(sha256, target->flip_sha256) == 0;
    *rejection = REJECTION_IMAGE_MISMATCH;
    return strcmp(report->running.version, target->to_version) == 0 && (is_offered || is_previous);
}

static void note_running(struct batch_device *device, const struct running_image *running, const char *boot)
{
    device->running = running;
    device->boot = boot;
}

static bool move_by_report(struct batch *batch, struct batch_target *target, const struct report *report)
{
    const struct target_report *said = &report->target;
    enum target_event event = said->event;
    const char *reason = said->reason;
    if (report->kind == REPORT_CANCELLED) {
        if (!target->row.withdrawn && target->campaign_state != CAMPAIGN_CANCELLED)
            return false; /* nobody asked for it */
        event = campaign_state_stops(target->campaign_state) ? TARGET_EVENT_CANCEL : TARGET_EVENT_WITHDRAWN;
        reason = "cancelled_by_device";
    }
    bool in_order =
        event == TARGET_EVENT_CONFIRMED
            ? target_confirm(&batch->changes, &target->row, reason, batch->now, &target->timeouts)
            : target_move(&batch->changes, &target->row, event, reason, batch->now, &target->timeouts);
    if (in_order &&
        (event == TARGET_EVENT_INSTALLED || event == TARGET_EVENT_TRIAL || event == TARGET_EVENT_CONFIRMED))
        target->row.progress = 100; /* the last of the reports in between may have said less */
    if (event == TARGET_EVENT_DOWNLOADING && target->row.state == TARGET_DOWNLOADING &&
        said->progress > target->row.progress) {
        target->row.progress = said->progress;
        target_touch(&batch->changes, &target->row);
        return true;
    }
    return in_order;
}

static void handle_target(struct batch *batch, struct batch_device *device, const struct report *report)
{
    const struct target_report *said = &report->target;
    if (said->has_running && said->running.parsed.ptype != device->ptype) {
        reject(batch, report, REJECTION_BAD_MEMBER, "version: is of another product type than the device");
        return;
    }
    struct batch_target *target = find_target(batch, said->campaign, report->device);
    if (target == NULL) {
        reject(batch, report, REJECTION_UNKNOWN_TARGET, "no such campaign, or the device is not in it");
        acknowledge(batch, report);
        return;
    }
    if (said->attempt != target->row.attempt) {
        reject(batch, report, REJECTION_STALE_ATTEMPT, "not the current attempt");
        acknowledge(batch, report);
        return;
    }
    if (said->attempt == target->row.attempt_base) { /* of a stepping stone that is reached */
        reject(batch, report, REJECTION_OUT_OF_ORDER, "the next hop is to come");
        acknowledge(batch, report);
        return;
    }
    enum rejection rejection;
    bool confirms = report->kind != REPORT_CANCELLED && said->event == TARGET_EVENT_CONFIRMED;
    if (confirms && !confirmation_holds(&target->row, said, &rejection)) {
        reject(batch, report, rejection, "the confirmation does not prove that the offered image runs");
        return;
    }
    if (!move_by_report(batch, target, report)) {
        reject(batch, report, REJECTION_OUT_OF_ORDER, target_state_name(target->row.state));
    } else if (said->has_running) {
        note_running(device, &said->running, "confirmed");
    }
    acknowledge(batch, report);
}

static void handle_hello(struct batch *batch, struct batch_device *device, const struct report *report)
{
    if (report->hello.parsed.ptype != device->ptype) {
        reject(batch, report, REJECTION_BAD_MEMBER, "version: is of another product type than the device");
        return;
    }
    device->reset_reason = report->reset_reason;
    device->online = "t";
    device->connected = true;
    if (report->flash != NULL)
        device->flash = report->flash;
    if (report->has_result)
        handle_target(batch, device, report);
    /* After the result, which is older than the hello that carries it. */
    note_running(device, &report->hello, report->on_trial ? "trial" : "confirmed");
    device->resend = !report->is_busy && !report->on_trial;
}

static void handle_report(struct batch *batch, const struct report *report)
{
    if (report->kind == REPORT_REJECTED) {
        reject(batch, report, report->rejection, report->detail);
        return;
    }
    struct batch_device *device = find_device(batch, report->device);
    if (device == NULL) {
        reject(batch, report, REJECTION_UNKNOWN_DEVICE, "no such device is registered");
        return;
    }
    switch (report->kind) {
    case REPORT_PRESENCE:
        device->online = report->online ? "t" : "f";
        device->connected = device->connected || report->online;
        device->was_offline = device->was_offline || !report->online;
        break;
    case REPORT_HELLO:
        handle_hello(batch, device, report);
        break;
    case REPORT_ANSWERED: /* write_answers */
        break;
    default:
        handle_target(batch, device, report);
        break;
    }
}

/* --- writing ---------------------------------------------------------------------------------------- */

static enum status write_running(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[8] = {0};
    for (int64_t i = 0; i < batch->device_count; i++) {
        const struct batch_device *device = &batch->devices[i];
        if (device->running == NULL)
            continue;
        const struct version *version = &device->running->parsed;
        char order[VERSION_ORDER_SIZE];
        version_order(version, order);
        array_put_text(&columns[0], device->id);
        array_put_text(&columns[1], device->running->version);
        array_put_text(&columns[2], order);
        array_put_text(&columns[3], (const char[]){version->fota_class, '\0'});
        array_put_integer(&columns[4], device->running->slot);
        array_put_text(&columns[5], device->running->sha256);
        array_put_text(&columns[6], device->boot);
        array_put_text(&columns[7], device->reset_reason);
    }
    return store_run_arrays(store, &SQL_DEVICE_REPORT, columns, 8, error);
}

static enum status write_presence(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[3] = {0};
    for (int64_t i = 0; i < batch->device_count; i++) {
        array_put_text(&columns[0], batch->devices[i].id);
        array_put_text(&columns[1], batch->devices[i].online);
        array_put_boolean(&columns[2], batch->devices[i].was_offline);
    }
    return store_run_arrays(store, &SQL_PRESENCE_UPDATE, columns, 3, error);
}

/* The first contact, once in a device's life. */
static enum status write_activations(const struct batch *batch, struct store *store, struct error *error)
{
    struct array devices = {0};
    for (int64_t i = 0; i < batch->device_count; i++) {
        if (batch->devices[i].connected && !batch->devices[i].activated)
            array_put_text(&devices, batch->devices[i].id);
    }
    return store_run_arrays(store, &SQL_DEVICE_ACTIVATE, &devices, 1, error);
}

/* Flash maps that are other than those stored. */
static enum status write_flash_maps(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[4] = {0};
    for (int64_t i = 0; i < batch->device_count; i++) {
        const struct batch_device *device = &batch->devices[i];
        if (device->flash == NULL ||
            (device->flash_map != NULL && device->flash->size_kb == device->flash_kb &&
             strcmp(device->flash->name, device->flash_map) == 0))
            continue;
        array_put_text(&columns[0], device->id);
        array_put_integer(&columns[1], device->flash->size_kb);
        array_put_text(&columns[2], device->flash->name);
        array_put_integer(&columns[3], device->flash->image_max);
    }
    return store_run_arrays(store, &SQL_DEVICE_FLASH, columns, 4, error);
}

static enum status write_resends(const struct batch *batch, struct store *store, struct error *error)
{
    struct array devices = {0};
    for (int64_t i = 0; i < batch->device_count; i++) {
        if (batch->devices[i].resend)
            array_put_text(&devices, batch->devices[i].id);
    }
    return store_run_arrays(store, &SQL_TARGET_RESEND, &devices, 1, error);
}

static bool is_returned(const struct store_rows *rows, const struct report *report)
{
    for (int64_t i = 0; i < store_rows_count(rows); i++) {
        if (strcmp(store_rows_text(rows, i, 0), report->device) == 0 &&
            strcmp(store_rows_text(rows, i, 1), report->target.nonce) == 0)
            return true;
    }
    return false;
}

/* Answers to calls. Before the rejections are written: an answer to no call is one. */
static enum status write_answers(struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[3] = {0};
    struct store_parameters parameters = {0};
    struct store_rows *rows = NULL;
    size_t answers = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct report *report = &batch->reports[i];
        if (report->kind != REPORT_ANSWERED || find_device(batch, report->device) == NULL)
            continue;
        array_put_text(&columns[0], report->device);
        array_put_text(&columns[1], report->target.nonce);
        array_put_text(&columns[2], report->target.reason);
        answers++;
    }
    for (int i = 0; i < 3; i++)
        store_put_text(&parameters, array_text(&columns[i]));
    enum status status =
        answers > 0 ? store_run(store, &SQL_CALL_ANSWER, &parameters, &rows, error) : STATUS_OK;
    for (int i = 0; i < 3; i++)
        array_release(&columns[i]);
    for (size_t i = 0; i < batch->count && rows != NULL; i++) {
        const struct report *report = &batch->reports[i];
        if (report->kind == REPORT_ANSWERED && find_device(batch, report->device) != NULL &&
            !is_returned(rows, report))
            reject(batch, report, REJECTION_NONCE_MISMATCH, "no call to the device has this nonce");
    }
    store_rows_free(rows);
    return status;
}

static enum status write_rejections(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[3] = {0};
    for (int kind = 0; kind < REJECTION_COUNT; kind++) {
        if (batch->rejected[kind] == 0)
            continue;
        array_put_text(&columns[0], rejection_name((enum rejection)kind));
        array_put_integer(&columns[1], batch->rejected[kind]);
        array_put_text(&columns[2], batch->rejected_device[kind]);
    }
    return store_run_arrays(store, &SQL_REJECTED_COUNT, columns, 3, error);
}

static enum status ingest_work(struct store *store, void *context, struct error *error)
{
    struct batch *batch = context;
    arena_release(batch->arena); /* a repeated transaction starts from nothing */
    memset(batch->summary, 0, sizeof *batch->summary);
    memset(batch->rejected, 0, sizeof batch->rejected);
    memset(&batch->outbox, 0, sizeof batch->outbox);
    changes_start(&batch->changes, batch->arena);
    if (load_devices(batch, store, error) != STATUS_OK || load_targets(batch, store, error) != STATUS_OK ||
        load_clock(batch, store, error) != STATUS_OK)
        return error->status;
    for (size_t i = 0; i < batch->count; i++)
        handle_report(batch, &batch->reports[i]);
    batch->summary->moved = batch->changes.event_count;
    /* The targets before what else is said of them; the waves' counters last, as all who work on a campaign
     * wait for one another there. */
    if (changes_flush(&batch->changes, store, error) != STATUS_OK ||
        write_running(batch, store, error) != STATUS_OK ||
        write_activations(batch, store, error) != STATUS_OK ||
        write_flash_maps(batch, store, error) != STATUS_OK ||
        write_presence(batch, store, error) != STATUS_OK || write_resends(batch, store, error) != STATUS_OK ||
        write_answers(batch, store, error) != STATUS_OK || write_rejections(batch, store, error) != STATUS_OK)
        return error->status;
    return changes_write(&batch->changes, store, error);
}

enum status ingest_batch(const struct engine *engine, struct store *store, const struct report *reports,
                         size_t count, struct ingest_summary *summary, struct error *error)
{
    struct arena arena = {0};
    struct batch batch = {
        .engine = engine, .reports = reports, .count = count, .summary = summary, .arena = &arena};
    enum status status = store_transaction(store, ingest_work, &batch, error);
    if (status == STATUS_OK)
        outbox_publish(&batch.outbox, &engine->publisher);
    arena_release(&arena);
    return status;
}
