/* What operators do with a release after its upload: make it current, delete it. */
#include <stdio.h>
#include <string.h>

#include "campaign.h"
#include "operate.h"
#include "release.h"
#include "signing.h"
#include "store_sql.h"
#include "version.h"

struct release_work {
    const struct actor *actor;
    const char *version;
    const char *reason;
    bool changed;
    struct firmware_removed *removed;
};

struct release {
    int64_t number;
    int ptype;
    bool is_current;
};

enum status release_lock_catalogue(struct store *store, struct error *error)
{
    return store_run(store, &SQL_FIRMWARE_CATALOGUE_LOCK, &(struct store_parameters){0}, NULL, error);
}

static enum status lock_release(struct store *store, const char *version, struct release *release,
                                struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, version);
    if (release_lock_catalogue(store, error) != STATUS_OK ||
        store_run(store, &SQL_FIRMWARE_LOCK, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool found = store_rows_count(rows) == 1;
    if (found)
        *release = (struct release){.number = store_rows_integer(rows, 0, 0),
                                    .ptype = (int)store_rows_integer(rows, 0, 1),
                                    .is_current = store_rows_boolean(rows, 0, 2)};
    store_rows_free(rows);
    return found ? STATUS_OK
                 : error_set(error, STATUS_NOT_FOUND, "version", "%s was never uploaded", version);
}

/* --- the current release ---------------------------------------------------------------------------- */

enum status release_make_current(struct store *store, const char *actor, int64_t firmware, int ptype,
                                 const char *version, const char *reason, struct error *error)
{
    struct store_parameters of_ptype = {0}, of_release = {0};
    struct store_rows *rows;
    char detail[VERSION_TEXT_SIZE + 32] = "{\"previous\":null}";
    store_put_integer(&of_ptype, ptype);
    store_put_integer(&of_release, firmware);
    if (store_run(store, &SQL_FIRMWARE_CURRENT_CLEAR, &of_ptype, &rows, error) != STATUS_OK)
        return error->status;
    if (store_rows_count(rows) == 1)
        snprintf(detail, sizeof detail, "{\"previous\":\"%s\"}", store_rows_text(rows, 0, 0));
    store_rows_free(rows);
    if (store_run(store, &SQL_FIRMWARE_CURRENT_SET, &of_release, NULL, error) != STATUS_OK)
        return error->status;
    return audit_add(store, actor, "set_current_firmware", version, reason, detail, error);
}

static enum status set_current(struct store *store, void *context, struct error *error)
{
    struct release_work *work = context;
    struct release release;
    work->changed = false;
    if (lock_release(store, work->version, &release, error) != STATUS_OK)
        return error->status;
    if (release.is_current)
        return STATUS_OK;
    if (release_check_products(store, work->version, RELEASE_STORED, error) != STATUS_OK ||
        release_check_signed(store, release.number, work->version, "version", error) != STATUS_OK)
        return error->status;
    work->changed = true;
    return release_make_current(store, work->actor->name, release.number, release.ptype, work->version,
                                work->reason, error);
}

enum status operate_firmware_set_current(struct store *store, const struct actor *actor, const char *version,
                                         const char *reason, bool *changed, struct error *error)
{
    struct release_work work = {.actor = actor, .version = version, .reason = reason};
    enum status status = store_transaction(store, set_current, &work, error);
    *changed = status == STATUS_OK && work.changed;
    return status;
}

/* --- deletion --------------------------------------------------------------------------------------- */

/* Adds to the list of what stands in the way, "; " between. */
static void add_user(char *users, size_t size, const char *user)
{
    size_t used = strlen(users);
    snprintf(users + used, size - used, "%s%s", used == 0 ? "" : "; ", user);
}

static enum status check_unused(struct store *store, const struct release *release, const char *version,
                                struct error *error)
{
    enum { NAMED = 3 };
    char users[448] = "";
    char user[400];
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, release->number);
    if (store_run(store, &SQL_FIRMWARE_USERS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    long long campaigns = store_rows_integer(rows, 0, 1);
    long long devices = store_rows_integer(rows, 0, 2);
    if (release->is_current) {
        snprintf(user, sizeof user, "it is the current release of ptype %d", release->ptype);
        add_user(users, sizeof users, user);
    }
    if (campaigns > NAMED)
        snprintf(user, sizeof user, "campaigns have it: %s and %lld more", store_rows_text(rows, 0, 0),
                 campaigns - NAMED);
    else if (campaigns > 0)
        snprintf(user, sizeof user, "campaigns have it: %s", store_rows_text(rows, 0, 0));
    if (campaigns > 0)
        add_user(users, sizeof users, user);
    if (devices > 0) {
        snprintf(user, sizeof user, "%lld device%s it", devices, devices == 1 ? " runs" : "s run");
        add_user(users, sizeof users, user);
    }
    store_rows_free(rows);
    if (users[0] == '\0')
        return STATUS_OK;
    return error_set(error, STATUS_CONFLICT, "version", "%s cannot be deleted: %s", version, users);
}

static enum status remove_bytes(struct store *store, const char *sha256, struct firmware_removed *removed,
                                struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, sha256);
    if (store_run(store, &SQL_IMAGE_BYTES_REMOVE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    if (store_rows_affected(rows) == 1 && removed->count < FIRMWARE_FILES_MAX)
        snprintf(removed->sha256[removed->count++], SHA256_HEX_SIZE, "%s", sha256);
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status delete_release(struct store *store, void *context, struct error *error)
{
    struct release_work *work = context;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    struct release release;
    work->removed->count = 0;
    if (lock_release(store, work->version, &release, error) != STATUS_OK ||
        check_unused(store, &release, work->version, error) != STATUS_OK)
        return error->status;
    store_put_integer(&parameters, release.number);
    if (store_run(store, &SQL_FIRMWARE_DELETE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < store_rows_count(rows) && status == STATUS_OK; i++)
        status = remove_bytes(store, store_rows_text(rows, i, 0), work->removed, error);
    store_rows_free(rows);
    if (status != STATUS_OK)
        return status;
    return audit_add(store, work->actor->name, "delete_firmware", work->version, "", NULL, error);
}

enum status operate_firmware_delete(struct store *store, const struct actor *actor, const char *version,
                                    struct firmware_removed *removed, struct error *error)
{
    struct release_work work = {.actor = actor, .version = version, .removed = removed};
    return store_transaction(store, delete_release, &work, error);
}
