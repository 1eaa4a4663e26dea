#include "array.h"
#include "campaign.h"
#include "device.h"
#include "operate.h"
#include "store_sql.h"

enum status device_lock(struct store *store, const char *device, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    struct array ids = {0};
    array_put_text(&ids, device);
    store_put_text(&parameters, array_text(&ids));
    enum status status = store_run(store, &SQL_DEVICE_LOCK, &parameters, &rows, error);
    array_release(&ids);
    if (status != STATUS_OK)
        return status;
    bool known = store_rows_count(rows) == 1;
    store_rows_free(rows);
    return known ? STATUS_OK : error_set(error, STATUS_NOT_FOUND, NULL, "no device has the id %s", device);
}

struct release_device {
    const struct actor *actor;
    const char *device, *reason;
    bool changed;
};

static enum status end_quarantine(struct store *store, void *context, struct error *error)
{
    struct release_device *work = context;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    work->changed = false;
    if (device_lock(store, work->device, error) != STATUS_OK)
        return error->status;
    store_put_text(&parameters, work->device);
    if (store_run(store, &SQL_QUARANTINE_END, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    work->changed = store_rows_affected(rows) > 0;
    store_rows_free(rows);
    if (!work->changed)
        return STATUS_OK;
    return audit_add(store, work->actor->name, "release_device", work->device, work->reason, NULL, error);
}

enum status operate_device_release(struct store *store, const struct actor *actor, const char *device,
                                   const char *reason, bool *changed, struct error *error)
{
    struct release_device work = {.actor = actor, .device = device, .reason = reason};
    enum status status = store_transaction(store, end_quarantine, &work, error);
    *changed = status == STATUS_OK && work.changed;
    return status;
}
