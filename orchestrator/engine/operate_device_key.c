#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "campaign.h"
#include "device.h"
#include "device_key.h"
#include "digest.h"
#include "names.h"
#include "operate.h"
#include "store_sql.h"

static const char *const kind_names[] = {
#define X(name, text) [name] = text,
    DEVICE_KEY_KIND_LIST(X)
#undef X
};

const char *device_key_kind_name(enum device_key_kind kind)
{
    return kind_names[kind];
}

bool device_key_kind_parse(const char *text, enum device_key_kind *kind)
{
    int found;
    if (!name_find(kind_names, NAME_COUNT(kind_names), text, &found))
        return false;
    *kind = (enum device_key_kind)found;
    return true;
}

bool device_key_hash(const char *text, char hash[SHA256_HEX_SIZE])
{
    char digits[DEVICE_KEY_SIZE] = "";
    for (int i = 0; i < DEVICE_KEY_DIGITS; i++) {
        if (isxdigit((unsigned char)text[i]) == 0)
            return false;
        digits[i] = (char)tolower((unsigned char)text[i]);
    }
    digest_sha256(digits, DEVICE_KEY_DIGITS, hash);
    return text[DEVICE_KEY_DIGITS] == '\0';
}

enum status operate_device_key_find(struct store *store, const char *text, struct device_key *key,
                                    struct error *error)
{
    static const char unknown[] = "the device key is not known, or was revoked";
    char hash[SHA256_HEX_SIZE];
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    memset(key, 0, sizeof *key);
    if (!device_key_hash(text, hash))
        return error_set(error, STATUS_UNAUTHENTICATED, "Authorization", unknown);
    store_put_text(&parameters, hash);
    if (store_run(store, &SQL_DEVICE_KEY_FIND, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) != 1) {
        status = error_set(error, STATUS_UNAUTHENTICATED, "Authorization", unknown);
    } else {
        const char *device = store_rows_text(rows, 0, 0);
        memcpy(key->device, device, strnlen(device, sizeof key->device - 1));
        if (!device_key_kind_parse(store_rows_text(rows, 0, 1), &key->kind))
            status = error_set(error, STATUS_INTERNAL, "device_keys.kind", "unknown kind");
    }
    store_rows_free(rows);
    return status;
}

/* --- issue and revoke ------------------------------------------------------------------------------- */

struct key_work {
    const struct actor *actor;
    const char *device;
    enum device_key_kind kind;
    const char *reason;
    const char *text;
};

static enum status end_key(struct store *store, const struct key_work *work, bool *ended, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, work->device);
    store_put_text(&parameters, device_key_kind_name(work->kind));
    if (store_run(store, &SQL_DEVICE_KEY_REVOKE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *ended = store_rows_affected(rows) > 0;
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status note(struct store *store, const struct key_work *work, const char *action,
                        struct error *error)
{
    char detail[64];
    snprintf(detail, sizeof detail, "{\"kind\": \"%s\"}", device_key_kind_name(work->kind));
    return audit_add(store, work->actor->name, action, work->device, work->reason != NULL ? work->reason : "",
                     detail, error);
}

static enum status issue(struct store *store, void *context, struct error *error)
{
    const struct key_work *work = context;
    struct store_parameters parameters = {0};
    char hash[SHA256_HEX_SIZE];
    bool ended;
    if (device_lock(store, work->device, error) != STATUS_OK ||
        end_key(store, work, &ended, error) != STATUS_OK)
        return error->status;
    digest_sha256(work->text, DEVICE_KEY_DIGITS, hash);
    store_put_text(&parameters, hash);
    store_put_text(&parameters, work->device);
    store_put_text(&parameters, device_key_kind_name(work->kind));
    if (store_run(store, &SQL_DEVICE_KEY_ADD, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    return note(store, work, "issue_device_key", error);
}

enum status operate_device_key_issue(struct store *store, const struct actor *actor, const char *device,
                                     enum device_key_kind kind, const char *reason,
                                     char text[DEVICE_KEY_SIZE], struct error *error)
{
    struct key_work work = {actor, device, kind, reason, text};
    random_hex(text, DEVICE_KEY_DIGITS / 2);
    return store_transaction(store, issue, &work, error);
}

static enum status revoke(struct store *store, void *context, struct error *error)
{
    const struct key_work *work = context;
    bool ended;
    if (device_lock(store, work->device, error) != STATUS_OK ||
        end_key(store, work, &ended, error) != STATUS_OK)
        return error->status;
    if (!ended)
        return error_set(error, STATUS_NOT_FOUND, NULL, "the device has no %s key in force",
                         device_key_kind_name(work->kind));
    return note(store, work, "revoke_device_key", error);
}

enum status operate_device_key_revoke(struct store *store, const struct actor *actor, const char *device,
                                      enum device_key_kind kind, struct error *error)
{
    struct key_work work = {.actor = actor, .device = device, .kind = kind};
    return store_transaction(store, revoke, &work, error);
}
