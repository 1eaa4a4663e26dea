#include <string.h>

#include "device_key.h"
#include "digest.h"
#include "names.h"
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

enum status operate_device_key_find(struct store *store, const char *text, struct device_key *key,
                                    struct error *error)
{
    char hash[SHA256_HEX_SIZE];
    digest_sha256(text, strlen(text), hash);
    struct store_parameters parameters = {0};
    store_put_text(&parameters, hash);
    struct store_rows *rows;
    if (store_run(store, &SQL_DEVICE_KEY_FIND, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    int kind = 0;
    memset(key, 0, sizeof *key);
    if (store_rows_count(rows) != 1) {
        status = error_set(error, STATUS_UNAUTHENTICATED, "Authorization",
                           "the device key is not known, or was revoked");
    } else {
        const char *device = store_rows_text(rows, 0, 0);
        memcpy(key->device, device, strnlen(device, sizeof key->device - 1));
        if (!name_find(kind_names, NAME_COUNT(kind_names), store_rows_text(rows, 0, 1), &kind))
            status = error_set(error, STATUS_INTERNAL, "device_keys.kind", "unknown kind");
        key->kind = (enum device_key_kind)kind;
    }
    store_rows_free(rows);
    return status;
}
