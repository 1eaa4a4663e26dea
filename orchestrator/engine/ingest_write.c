#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ingest_batch.h"
#include "store_sql.h"

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

/* A device is in both lists, or has several targets, where it said more than one thing: once is enough. */
static int compare_ids(const void *left, const void *right)
{
    return strcmp(((const struct batch_device *)left)->id, ((const struct batch_device *)right)->id);
}

static void presence_row_put(struct array columns[10], const struct batch_device *device)
{
    const struct presence *presence = &device->presence;
    char session[SESSION_TEXT_SIZE], boots[PRESENCE_BOOTS_SIZE], age[32];
    session_format(&presence->session, session);
    presence_write_boots(presence, boots);
    snprintf(age, sizeof age, "%.3f", (double)device->hello_age / 1000);
    array_put_text(&columns[0], device->id);
    array_put_boolean(&columns[1], presence->said);
    array_put_boolean(&columns[2], presence->online);
    array_put_boolean(&columns[3], presence->was_offline);
    array_put_boolean(&columns[4], presence->awaits_hello);
    array_put_boolean(&columns[5], device->has_hello);
    array_put_text(&columns[6], session[0] != '\0' ? session : NULL);
    array_put_boolean(&columns[7], presence->session_over);
    array_put_text(&columns[8], boots);
    array_put_text(&columns[9], age);
}

static enum status write_presence(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[10] = {0};
    size_t count = 0;
    struct batch_device *all =
        arena_allocate_array(batch->arena, (size_t)(batch->device_count + batch->target_count), sizeof *all);
    for (int64_t i = 0; i < batch->device_count; i++)
        all[count++] = batch->devices[i];
    for (int64_t i = 0; i < batch->target_count; i++) {
        if (ingest_find_device(batch, batch->targets[i].row.device) == NULL)
            all[count++].id = batch->targets[i].row.device;
    }
    qsort(all, count, sizeof *all, compare_ids);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(all[i].id, all[i - 1].id) == 0)
            continue;
        presence_row_put(columns, &all[i]);
    }
    return store_run_arrays(store, &SQL_PRESENCE_UPDATE, columns, 10, error);
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

static enum status write_capabilities(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[2] = {0};
    for (int64_t i = 0; i < batch->device_count; i++) {
        const struct batch_device *device = &batch->devices[i];
        if (!device->can_changed)
            continue;
        array_put_text(&columns[0], device->id);
        array_put_text(&columns[1], device->can);
    }
    return store_run_arrays(store, &SQL_DEVICE_CAN, columns, 2, error);
}

static enum status write_resends(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[2] = {0};
    for (int64_t i = 0; i < batch->device_count; i++) {
        const struct batch_device *device = &batch->devices[i];
        if (!device->resend)
            continue;
        array_put_text(&columns[0], device->id);
        array_put_boolean(&columns[1], device->is_busy);
    }
    return store_run_arrays(store, &SQL_TARGET_RESEND, columns, 2, error);
}

/* The ticker asks, after the commit: a device that has answered before would have answered too early. */
static enum status write_asks(const struct batch *batch, struct store *store, struct error *error)
{
    struct array devices = {0};
    for (int64_t i = 0; i < batch->device_count; i++) {
        if (batch->devices[i].ask)
            array_put_text(&devices, batch->devices[i].id);
    }
    return store_run_arrays(store, &SQL_ASK_ADD, &devices, 1, error);
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
        if (report->kind != REPORT_ANSWERED || ingest_find_device(batch, report->device) == NULL)
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
        if (report->kind == REPORT_ANSWERED && ingest_find_device(batch, report->device) != NULL &&
            !is_returned(rows, report))
            ingest_reject(batch, report, REJECTION_NONCE_MISMATCH, "no call to the device has this nonce");
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

/* The targets before what else is said of them; the waves' counters last, as all who work on a campaign wait
 * for one another there. */
enum status ingest_write(struct batch *batch, struct store *store, struct error *error)
{
    if (changes_flush(&batch->changes, store, error) != STATUS_OK ||
        write_running(batch, store, error) != STATUS_OK ||
        write_activations(batch, store, error) != STATUS_OK ||
        write_flash_maps(batch, store, error) != STATUS_OK ||
        write_capabilities(batch, store, error) != STATUS_OK ||
        write_resends(batch, store, error) != STATUS_OK || write_asks(batch, store, error) != STATUS_OK ||
        write_presence(batch, store, error) != STATUS_OK || write_answers(batch, store, error) != STATUS_OK ||
        write_rejections(batch, store, error) != STATUS_OK ||
        store_run_arrays(store, &SQL_TARGET_HOLD, batch->held, 3, error) != STATUS_OK ||
        store_run_arrays(store, &SQL_DEVICE_IMAGE_ADD, batch->strange, 4, error) != STATUS_OK ||
        ingest_write_outcomes(batch, store, error) != STATUS_OK ||
        ingest_write_images(batch, store, error) != STATUS_OK)
        return error->status;
    return changes_write(&batch->changes, store, error);
}
