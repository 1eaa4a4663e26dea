#include "signing.h"

#include <string.h>

#include "campaign.h"
#include "manifest.h"
#include "signing_key.h"
#include "store_sql.h"

/* --- a signature comes in ----------------------------------------------------------------------------- */

/* The manifest as the database has the release. */
static enum status read_manifest(struct store *store, const char *version, int64_t *firmware,
                                 char text[MANIFEST_SIZE], struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, version);
    if (store_run(store, &SQL_FIRMWARE_MANIFEST, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    struct manifest manifest = {.version = version};
    int64_t count = store_rows_count(rows);
    for (int64_t i = 0; i < count && i < FIRMWARE_FILES_MAX; i++)
        manifest.files[manifest.file_count++] = (struct manifest_file){
            store_rows_text(rows, i, 4), store_rows_integer(rows, i, 5), store_rows_text(rows, i, 6)};
    if (count > 0) {
        *firmware = store_rows_integer(rows, 0, 0);
        manifest.ptype = (int)store_rows_integer(rows, 0, 1);
        manifest.sequence = store_rows_integer(rows, 0, 2);
        manifest.requires = store_rows_text(rows, 0, 3);
        manifest_format(&manifest, text);
    }
    store_rows_free(rows);
    return count > 0 ? STATUS_OK
                     : error_set(error, STATUS_NOT_FOUND, "version", "%s was never uploaded", version);
}

static enum status verify(const unsigned char *der, size_t size, const char *key_name,
                          const struct signature_document *document, struct error *error)
{
    unsigned char signature[SIGNATURE_SIZE];
    struct signing_key *key;
    if (signing_key_from_public(der, size, &key, error) != STATUS_OK)
        return error_context(error, "stored key %s", key_name);
    bool good = hex_parse(document->signature, signature, sizeof signature) &&
                signing_key_verify(key, document->manifest, strlen(document->manifest), signature);
    signing_key_free(key);
    return good ? STATUS_OK
                : error_set(error, STATUS_INVALID, "signature",
                            "is not a signature by key %s over this manifest", key_name);
}

/* Whether a key that counts has signed; *name (in `arena`) is the key's. */
static enum status check_signature(struct store *store, const struct signature_document *document,
                                   struct arena *arena, const char **name, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, document->key_id);
    if (store_run(store, &SQL_KEY_FIND, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status;
    if (store_rows_count(rows) == 0) {
        status =
            error_set(error, STATUS_CONFLICT, "key_id",
                      "no key with the id %s is registered: register its public key first", document->key_id);
    } else {
        size_t size = 0;
        const unsigned char *der = store_rows_bytes(rows, 0, 1, arena, &size);
        *name = arena_copy(arena, store_rows_text(rows, 0, 0));
        if (store_rows_boolean(rows, 0, 2))
            status = error_set(error, STATUS_CONFLICT, "key_id",
                               "key %s was revoked: its signatures do not count", *name);
        else
            status = verify(der, size, *name, document, error);
    }
    store_rows_free(rows);
    return status;
}

static enum status insert(struct store *store, const struct actor *actor, int64_t firmware,
                          const struct signature_document *document, bool *changed, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    unsigned char signature[SIGNATURE_SIZE];
    if (!hex_parse(document->signature, signature, sizeof signature))
        return error_set(error, STATUS_INVALID, "signature", "allowed are 128 digits");
    store_put_integer(&parameters, firmware);
    store_put_text(&parameters, document->key_id);
    store_put_bytes(&parameters, signature, sizeof signature);
    store_put_text(&parameters, actor->name);
    if (store_run(store, &SQL_SIGNATURE_ADD, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *changed = store_rows_affected(rows) == 1;
    store_rows_free(rows);
    return STATUS_OK;
}

enum status release_sign(struct store *store, const struct actor *actor, const char *version,
                         const struct signature_document *document, bool *changed, struct error *error)
{
    char own[MANIFEST_SIZE];
    const char *key_name = NULL;
    int64_t firmware = 0;
    struct arena arena = {0};
    *changed = false;
    enum status status = read_manifest(store, version, &firmware, own, error);
    if (status == STATUS_OK && manifest_check(document->manifest, own, error) != STATUS_OK) {
        struct error why = *error;
        status = error_set(error, why.status, "manifest", "%s", why.message);
    }
    if (status == STATUS_OK)
        status = check_signature(store, document, &arena, &key_name, error);
    if (status == STATUS_OK)
        status = insert(store, actor, firmware, document, changed, error);
    if (status == STATUS_OK && *changed)
        status = audit_add(store, actor->name, "add_signature", version, "",
                           arena_format(&arena, "{\"key\":\"%s\"}", key_name), error);
    arena_release(&arena);
    return status;
}

struct sign_work {
    const struct actor *actor;
    const char *version;
    const struct signature_document *signature;
    bool changed;
};

static enum status sign(struct store *store, void *context, struct error *error)
{
    struct sign_work *work = context;
    return release_sign(store, work->actor, work->version, work->signature, &work->changed, error);
}

enum status operate_signature_add(struct store *store, const struct actor *actor, const char *version,
                                  const struct signature_document *signature, bool *changed,
                                  struct error *error)
{
    struct sign_work work = {.actor = actor, .version = version, .signature = signature};
    enum status status = store_transaction(store, sign, &work, error);
    *changed = status == STATUS_OK && work.changed;
    return status;
}

/* --- what signatures are asked for -------------------------------------------------------------------- */

enum status release_check_signed(struct store *store, int64_t firmware, const char *version,
                                 const char *field, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, firmware);
    if (store_run(store, &SQL_SIGNATURE_MISSING, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) > 0)
        status = error_set(error, STATUS_CONFLICT, field,
                           "%s has no signature by a key in force, and product %s requires one", version,
                           store_rows_text(rows, 0, 0));
    store_rows_free(rows);
    return status;
}

enum status campaign_check_signed(struct store *store, const struct campaign *campaign, const char *field,
                                  struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    if (release_check_signed(store, campaign->firmware, campaign->firmware_version, field, error) !=
        STATUS_OK)
        return error->status;
    store_put_integer(&parameters, campaign->number);
    if (store_run(store, &SQL_PATH_UNSIGNED, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) > 0)
        status = release_check_signed(store, store_rows_integer(rows, 0, 0), store_rows_text(rows, 0, 1),
                                      field, error);
    store_rows_free(rows);
    return status;
}

struct known_manifest {
    struct known_manifest *next;
    const char *version;
    struct offered_manifest manifest;
};

enum status offered_manifest_find(struct store *store, struct known_manifests *known, int ptype,
                                  const char *version, struct arena *arena, struct offered_manifest *manifest,
                                  struct error *error)
{
    for (const struct known_manifest *at = known->first; at != NULL; at = at->next) {
        if (strcmp(at->version, version) == 0) {
            *manifest = at->manifest;
            return STATUS_OK;
        }
    }
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, ptype);
    store_put_text(&parameters, version);
    if (store_run(store, &SQL_OFFERED_MANIFEST, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    struct known_manifest *read = arena_allocate(arena, sizeof *read);
    read->version = arena_copy(arena, version);
    read->manifest.present = store_rows_count(rows) == 1;
    if (read->manifest.present) {
        const char *requires = store_rows_text(rows, 0, 1);
        read->manifest.sequence = store_rows_integer(rows, 0, 0);
        read->manifest.requires = requires != NULL ? arena_copy(arena, requires) : NULL;
        for (int i = 0; i < OFFERED_SIGNATURES_MAX; i++) {
            const char *digits = store_rows_text(rows, 0, 2 + i);
            read->manifest.signatures[i] = digits != NULL ? arena_copy(arena, digits) : NULL;
        }
    }
    store_rows_free(rows);
    read->next = known->first;
    known->first = read;
    *manifest = read->manifest;
    return STATUS_OK;
}
