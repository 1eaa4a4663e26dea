/* The public keys that check signatures of releases. */
#include <string.h>

#include "campaign.h"
#include "report.h"
#include "signing.h"
#include "signing_key.h"
#include "store_sql.h"

struct key_work {
    const struct actor *actor;
    const char *name;
    const char *reason;
    unsigned char der[PUBLIC_KEY_SIZE];
    char id[SHA256_HEX_SIZE];
    bool changed;
};

static enum status register_key(struct store *store, void *context, struct error *error)
{
    struct key_work *work = context;
    struct store_parameters parameters = {0};
    char detail[SHA256_HEX_SIZE + 16] = "{\"key_id\":\"";
    store_put_text(&parameters, work->id);
    store_put_text(&parameters, work->name);
    store_put_bytes(&parameters, work->der, sizeof work->der);
    store_put_text(&parameters, work->actor->name);
    if (store_run(store, &SQL_KEY_REGISTER, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    size_t used = strlen(detail);
    memcpy(detail + used, work->id, SHA256_HEX_SIZE - 1);
    memcpy(detail + used + SHA256_HEX_SIZE - 1, "\"}", 3);
    return audit_add(store, work->actor->name, "register_key", work->name, "", detail, error);
}

enum status operate_key_register(struct store *store, const struct actor *actor, const char *name,
                                 const char *pem, struct error *error)
{
    struct key_work work = {.actor = actor, .name = name};
    struct signing_key *key;
    if (!device_id_is_valid(name)) /* the same characters */
        return error_set(error, STATUS_INVALID, "name", "must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
    if (signing_key_read_public(pem, strlen(pem), &key, error) != STATUS_OK) {
        struct error why = *error;
        return error_set(error, why.status, "public_key", "%s", why.message);
    }
    signing_key_public(key, work.der);
    signing_key_id(key, work.id);
    signing_key_free(key);
    enum status status = store_transaction(store, register_key, &work, error);
    if (status == STATUS_CONFLICT && strcmp(error->field, "public_keys_name_unique") == 0)
        return error_set(error, STATUS_CONFLICT, "name",
                         "a key named %s exists already (revoked ones keep their names)", name);
    if (status == STATUS_CONFLICT)
        return error_set(error, STATUS_CONFLICT, "public_key",
                         "this key (id %s) is registered already, or was and is revoked for good", work.id);
    return status;
}

static enum status revoke_key(struct store *store, void *context, struct error *error)
{
    struct key_work *work = context;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, work->name);
    if (store_run(store, &SQL_KEY_REVOKE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool found = store_rows_count(rows) == 1;
    work->changed = found && store_rows_boolean(rows, 0, 1);
    store_rows_free(rows);
    if (!found)
        return error_set(error, STATUS_NOT_FOUND, "name", "no key has the name %s", work->name);
    if (!work->changed)
        return STATUS_OK;
    return audit_add(store, work->actor->name, "revoke_key", work->name, work->reason, NULL, error);
}

enum status operate_key_revoke(struct store *store, const struct actor *actor, const char *name,
                               const char *reason, bool *changed, struct error *error)
{
    struct key_work work = {.actor = actor, .name = name, .reason = reason};
    enum status status = store_transaction(store, revoke_key, &work, error);
    *changed = status == STATUS_OK && work.changed;
    return status;
}
