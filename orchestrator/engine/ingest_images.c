/* Devices that were sent other bytes than the release's: before the release is blamed, the orchestrator looks
 * at its own copy. */
#include <string.h>

#include "image_cache.h"
#include "ingest_batch.h"
#include "store_sql.h"

enum { IMAGES = 2, MICROSECONDS = 1000000 };

static bool says_other_bytes(const struct report *report)
{
    const char *reason = report->target.reason;
    bool has_failed =
        (report->kind == REPORT_TARGET || report->has_result) && report->target.event == TARGET_EVENT_FAILED;
    return has_failed && (strcmp(reason, "hash_mismatch") == 0 || strcmp(reason, "length_mismatch") == 0);
}

/* Hashes the copies of both images, as far as that was not just done. */
static void look_at(const struct batch *batch, const struct batch_target *target)
{
    for (int i = 0; i < IMAGES; i++) {
        if (target->row.images[i].sha256 != NULL)
            image_cache_suspect(batch->engine->images, target->row.images[i].sha256);
    }
}

static void put_images(const struct batch *batch, const struct batch_target *target, struct array columns[2])
{
    for (int i = 0; i < IMAGES; i++) {
        const char *sha256 = target->row.images[i].sha256;
        if (sha256 == NULL)
            continue;
        array_put_text(&columns[0], sha256);
        array_put_integer(&columns[1], image_cache_damaged_ago(batch->engine->images, sha256));
    }
}

/* The last moment at which either image was found damaged. */
static void read_damage(const struct store_rows *rows, struct batch_target *target)
{
    for (int64_t i = 0; i < store_rows_count(rows); i++) {
        const char *sha256 = store_rows_text(rows, i, 0);
        int64_t damaged_at = store_rows_integer(rows, i, 1);
        for (int slot = 0; slot < IMAGES; slot++) {
            const char *own = target->row.images[slot].sha256;
            if (own != NULL && strcmp(own, sha256) == 0 && damaged_at > target->damaged_at)
                target->damaged_at = damaged_at;
        }
    }
}

enum status ingest_look_at_images(struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[2] = {0};
    struct store_parameters parameters = {0};
    struct store_rows *rows = NULL;
    if (batch->engine->images == NULL)
        return STATUS_OK;
    for (size_t i = 0; i < batch->count; i++) {
        const struct report *report = &batch->reports[i];
        struct batch_target *target = says_other_bytes(report)
                                          ? ingest_find_target(batch, report->target.campaign, report->device)
                                          : NULL;
        if (target == NULL || target->is_suspect)
            continue;
        look_at(batch, target);
        put_images(batch, target, columns);
        target->is_suspect = true;
    }
    for (int i = 0; i < 2; i++)
        store_put_text(&parameters, array_text(&columns[i]));
    enum status status =
        columns[0].count > 0 ? store_run(store, &SQL_IMAGE_DAMAGE, &parameters, &rows, error) : STATUS_OK;
    for (int i = 0; i < 2; i++)
        array_release(&columns[i]);
    for (int64_t i = 0; i < batch->target_count && rows != NULL; i++) {
        if (batch->targets[i].is_suspect)
            read_damage(rows, &batch->targets[i]);
    }
    store_rows_free(rows);
    return status;
}

bool ingest_excuse_bytes(struct batch *batch, struct batch_target *target, const struct report *report)
{
    const struct target_row *row = &target->row;
    if (!says_other_bytes(report) || target->damaged_at == 0 ||
        row->sent_at * MICROSECONDS > (double)target->damaged_at)
        return false;
    return ingest_give_back(batch, target, "damaged_copy");
}

enum status ingest_write_images(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[2] = {0};
    for (int64_t i = 0; i < batch->target_count; i++) {
        const struct batch_target *target = &batch->targets[i];
        for (int slot = 0; slot < IMAGES && target->is_suspect; slot++) {
            if (target->row.images[slot].sha256 == NULL)
                continue;
            array_put_text(&columns[0], target->row.images[slot].sha256);
            array_put_integer(&columns[1], target->damaged_at);
        }
    }
    return store_run_arrays(store, &SQL_IMAGE_SUSPECT, columns, 2, error);
}
