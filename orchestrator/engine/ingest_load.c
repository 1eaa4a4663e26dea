#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "continuity.h"
#include "ingest_batch.h"
#include "store_sql.h"

void presence_row_read(const struct store_rows *rows, int64_t row, struct presence *presence)
{
    *presence = (struct presence){.online = store_rows_boolean(rows, row, 1),
                                  .awaits_hello = store_rows_boolean(rows, row, 2),
                                  .session_over = store_rows_boolean(rows, row, 4)};
    if (!store_rows_null(rows, row, 3) && !session_parse(store_rows_text(rows, row, 3), &presence->session))
        presence->session = (struct device_session){0};
    presence_read_boots(presence, store_rows_text(rows, row, 5));
}

static bool names_target(const struct report *report)
{
    return ingest_is_of_target(report) || report->has_result;
}

static int compare_device(const void *key, const void *item)
{
    return strcmp(key, ((const struct batch_device *)item)->id);
}

struct batch_device *ingest_find_device(const struct batch *batch, const char *id)
{
    if (batch->device_count == 0)
        return NULL;
    return bsearch(id, batch->devices, (size_t)batch->device_count, sizeof *batch->devices, compare_device);
}

struct target_key {
    int64_t wire_number;
    const char *device;
};

static int compare_target(const void *key, const void *item)
{
    const struct target_key *wanted = key;
    const struct batch_target *target = item;
    if (wanted->wire_number != target->wire_number)
        return wanted->wire_number < target->wire_number ? -1 : 1;
    return strcmp(wanted->device, target->row.device);
}

struct batch_target *ingest_find_target(const struct batch *batch, int64_t wire_number, const char *device)
{
    if (batch->target_count == 0)
        return NULL;
    struct target_key key = {wire_number, device};
    return bsearch(&key, batch->targets, (size_t)batch->target_count, sizeof *batch->targets, compare_target);
}

/* A report that only moves its target needs no more than that. */
static bool needs_device(const struct batch *batch, const struct report *report)
{
    if (report->kind == REPORT_REJECTED)
        return false;
    return (report->kind != REPORT_TARGET && report->kind != REPORT_CANCELLED) ||
           report->target.has_running ||
           ingest_find_target(batch, report->target.campaign, report->device) == NULL;
}

static enum status load_devices(struct batch *batch, struct store *store, struct error *error)
{
    struct array ids = {0};
    for (size_t i = 0; i < batch->count; i++) {
        if (needs_device(batch, &batch->reports[i]))
            array_put_text(&ids, batch->reports[i].device);
    }
    if (ids.count == 0)
        return STATUS_OK;
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
        if (!store_rows_null(rows, i, 5))
            batch->devices[i].sha256 = arena_copy(batch->arena, store_rows_text(rows, i, 5));
        if (!store_rows_null(rows, i, 6))
            batch->devices[i].boot = arena_copy(batch->arena, store_rows_text(rows, i, 6));
        batch->devices[i].can = arena_copy(batch->arena, store_rows_text(rows, i, 7));
    }
    store_rows_free(rows);
    return STATUS_OK;
}

static void read_presence(const struct store_rows *rows, int64_t row, struct batch_device *device)
{
    presence_row_read(rows, row, &device->presence);
    device->asked_ago = store_rows_null(rows, row, 6) ? -1 : store_rows_integer(rows, row, 6);
}

/* After the lock: nobody else changes it any more. */
static enum status load_presence(struct batch *batch, struct store *store, struct error *error)
{
    struct array ids = {0};
    for (size_t i = 0; i < batch->count; i++) {
        const struct report *report = &batch->reports[i];
        bool names_session = ingest_is_of_target(report) && report->session.number > 0;
        if ((report->kind == REPORT_PRESENCE || report->kind == REPORT_HELLO || names_session) &&
            ingest_find_device(batch, report->device) != NULL)
            array_put_text(&ids, report->device);
    }
    if (ids.count == 0)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    store_put_text(&parameters, array_text(&ids));
    struct store_rows *rows;
    enum status status = store_run(store, &SQL_PRESENCE_READ, &parameters, &rows, error);
    array_release(&ids);
    if (status != STATUS_OK)
        return status;
    for (int64_t i = 0; i < store_rows_count(rows); i++) {
        struct batch_device *device = ingest_find_device(batch, store_rows_text(rows, i, 0));
        if (device != NULL)
            read_presence(rows, i, device);
    }
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status load_targets(struct batch *batch, struct store *store, bool locked, struct error *error)
{
    struct array campaigns = {0}, devices = {0};
    for (size_t i = 0; i < batch->count; i++) {
        const struct report *report = &batch->reports[i];
        if (report->kind == REPORT_HELLO && report->work_campaign > 0) {
            array_put_integer(&campaigns, report->work_campaign);
            array_put_text(&devices, report->device);
        }
        if (report->kind == REPORT_HELLO && report->has_last) {
            array_put_integer(&campaigns, report->last.campaign);
            array_put_text(&devices, report->device);
        }
        if (report->kind == REPORT_REJECTED || !names_target(report))
            continue;
        array_put_integer(&campaigns, report->target.campaign);
        array_put_text(&devices, report->device);
    }
    struct store_parameters parameters = {0};
    store_put_text(&parameters, array_text(&campaigns));
    store_put_text(&parameters, array_text(&devices));
    struct store_rows *rows = NULL;
    enum status status = STATUS_OK;
    if (campaigns.count > 0 && locked)
        status = store_run(store, &SQL_TARGET_LOCK, &parameters, NULL, error);
    if (campaigns.count > 0 && status == STATUS_OK)
        status = store_run(store, &SQL_TARGET_READ, &parameters, &rows, error);
    array_release(&campaigns);
    array_release(&devices);
    if (status != STATUS_OK || rows == NULL)
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
        target->row.place = arena_copy(batch->arena, store_rows_text(rows, i, TARGET_ROW_COLUMNS + 5));
        target->row.writer = arena_copy(batch->arena, store_rows_text(rows, i, TARGET_ROW_COLUMNS + 6));
        target->is_counted = store_rows_boolean(rows, i, TARGET_ROW_COLUMNS + 7);
        target->wire_number = store_rows_integer(rows, i, TARGET_ROW_COLUMNS + 8);
        target->burnt = (int)store_rows_integer(rows, i, TARGET_ROW_COLUMNS + 9);
        target->row.rebooted = store_rows_boolean(rows, i, TARGET_ROW_COLUMNS + 10);
        if (!store_rows_null(rows, i, TARGET_ROW_COLUMNS + 11))
            target->row.boot = arena_copy(batch->arena, store_rows_text(rows, i, TARGET_ROW_COLUMNS + 11));
        target->row.restarts = (int)store_rows_integer(rows, i, TARGET_ROW_COLUMNS + 12);
        target->row.retrials = (int)store_rows_integer(rows, i, TARGET_ROW_COLUMNS + 13);
        target->row.boots = (int)store_rows_integer(rows, i, TARGET_ROW_COLUMNS + 14);
        target->is_stopped = store_rows_boolean(rows, i, TARGET_ROW_COLUMNS + 15);
    }
    store_rows_free(rows);
    return status;
}

/* In the middle of a restore what is read may be half of it: nothing is stored, and nothing acknowledged. */
static enum status read_service(struct batch *batch, struct store *store, struct error *error)
{
    struct store_rows *rows;
    if (store_run(store, &SQL_SERVICE_NOW, NULL, &rows, error) != STATUS_OK)
        return error->status;
    bool is_same = store_rows_count(rows) == 1 && store_rows_boolean(rows, 0, 1);
    batch->service_now = is_same ? store_rows_real(rows, 0, 0) : 0;
    store_rows_free(rows);
    return is_same ? STATUS_OK : continuity_broken(error);
}

enum status ingest_load(struct batch *batch, struct store *store, struct error *error)
{
    batch->targets = NULL;
    batch->devices = NULL;
    batch->target_count = batch->device_count = 0;
    if (read_service(batch, store, error) != STATUS_OK ||
        load_targets(batch, store, false, error) != STATUS_OK ||
        load_devices(batch, store, error) != STATUS_OK || load_presence(batch, store, error) != STATUS_OK)
        return error->status;
    /* A batch that was too slow once does not try its luck again. Devices are locked before targets. */
    if (batch->attempts > 1 && load_targets(batch, store, true, error) != STATUS_OK)
        return error->status;
    return ingest_look_at_images(batch, store, error);
}
