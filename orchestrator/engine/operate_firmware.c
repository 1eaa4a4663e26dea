#include <openssl/sha.h>
#include <string.h>

#include "campaign.h"
#include "hex.h"
#include "image.h"
#include "operate.h"
#include "store_sql.h"
#include "version.h"

enum { NOTES_MAX = 4000 };

struct firmware_work {
    const struct actor *actor;
    const struct firmware_new *firmware;
    struct version version;
    char text[VERSION_TEXT_SIZE];
    const struct firmware_file *by_slot[2];
};

static enum status sort_files(struct firmware_work *work, struct error *error)
{
    static const char *const names[] = {"user1.bin", "user2.bin"};
    for (size_t i = 0; i < work->firmware->file_count; i++) {
        const struct firmware_file *file = &work->firmware->files[i];
        int slot = 0;
        while (slot < 2 && strcmp(file->name, names[slot]) != 0)
            slot++;
        if (slot == 2)
            return error_set(error, STATUS_INVALID, file->name,
                             "a file must be named user1.bin or user2.bin");
        if (work->by_slot[slot] != NULL)
            return error_set(error, STATUS_INVALID, file->name, "was given twice");
        work->by_slot[slot] = file;
    }
    for (int slot = 0; slot < 2; slot++) {
        if (work->by_slot[slot] == NULL)
            return error_set(error, STATUS_INVALID, names[slot],
                             "is missing: a release has user1.bin and user2.bin");
    }
    return STATUS_OK;
}

static enum status check_files(const struct firmware_work *work, struct error *error)
{
    for (int slot = 1; slot <= 2; slot++) {
        const struct firmware_file *file = work->by_slot[slot - 1];
        struct image_info info;
        if (image_check(file->bytes, file->size, slot, &info, error) != STATUS_OK) {
            struct error why = *error;
            return error_set(error, STATUS_INVALID, file->name, "%s", why.message);
        }
    }
    return STATUS_OK;
}

/* Which stored version stands in the way. */
static enum status explain_rival(struct store *store, const struct firmware_work *work, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, work->version.ptype);
    store_put_integer(&parameters, version_value(&work->version));
    store_put_text(&parameters, (const char[]){work->version.fota_class, '\0'});
    struct store_rows *rows;
    if (store_run(store, &SQL_FIRMWARE_RIVALS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) > 0) {
        const char *rival = store_rows_text(rows, 0, 0);
        if (strcmp(rival, work->text) == 0)
            status = error_set(error, STATUS_CONFLICT, "version", "%s exists already", work->text);
        else
            status =
                error_set(error, STATUS_CONFLICT, "version",
                          "%s cannot stand beside %s: one version %s per ptype "
                          "and value",
                          work->text, rival, work->version.fota_class == 'n' ? "without FOTA" : "with FOTA");
    }
    store_rows_free(rows);
    return status;
}

static enum status check_ptype(struct store *store, const struct firmware_work *work, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, work->version.ptype);
    struct store_rows *rows;
    if (store_run(store, &SQL_FIRMWARE_PTYPE_KNOWN, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool known = store_rows_boolean(rows, 0, 0);
    store_rows_free(rows);
    if (!known)
        return error_set(error, STATUS_INVALID, "version", "no product has ptype %d: create it first",
                         work->version.ptype);
    return STATUS_OK;
}

static enum status insert_firmware(struct store *store, const struct firmware_work *work, int64_t *number,
                                   struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, work->text);
    store_put_integer(&parameters, work->version.ptype);
    store_put_text(&parameters, work->version.type == 'v' ? "v" : "b");
    store_put_integer(&parameters, version_value(&work->version));
    store_put_text(&parameters, (const char[]){work->version.fota_class, '\0'});
    store_put_text(&parameters, work->firmware->notes != NULL ? work->firmware->notes : "");
    store_put_text(&parameters, work->actor->name);
    struct store_rows *rows;
    enum status status = store_run(store, &SQL_FIRMWARE_CREATE, &parameters, &rows, error);
    if (status == STATUS_CONFLICT) /* two uploads at once: the other one won */
        return error_set(error, STATUS_CONFLICT, "version",
                         "%s, or one it cannot stand beside, was uploaded at this "
                         "moment",
                         work->text);
    if (status != STATUS_OK)
        return status;
    *number = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status insert_image(struct store *store, int64_t firmware, int slot,
                                const struct firmware_file *file, struct error *error)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char sha256[SHA256_HEX_SIZE];
    SHA256(file->bytes, file->size, digest);
    hex_format(sha256, digest, sizeof digest);
    struct store_parameters bytes = {0}, image = {0};
    store_put_text(&bytes, sha256);
    store_put_bytes(&bytes, file->bytes, (int)file->size);
    if (store_run(store, &SQL_IMAGE_BYTES_ADD, &bytes, NULL, error) != STATUS_OK)
        return error->status;
    store_put_integer(&image, firmware);
    store_put_integer(&image, slot);
    store_put_text(&image, sha256);
    return store_run(store, &SQL_IMAGE_ADD, &image, NULL, error);
}

static enum status upload(struct store *store, void *context, struct error *error)
{
    const struct firmware_work *work = context;
    int64_t number = 0;
    if (check_ptype(store, work, error) != STATUS_OK || explain_rival(store, work, error) != STATUS_OK ||
        insert_firmware(store, work, &number, error) != STATUS_OK)
        return error->status;
    for (int slot = 1; slot <= 2; slot++) {
        if (insert_image(store, number, slot, work->by_slot[slot - 1], error) != STATUS_OK)
            return error->status;
    }
    return audit_add(store, work->actor->name, "upload_firmware", work->text, "", NULL, error);
}

enum status operate_firmware_upload(struct store *store, const struct actor *actor,
                                    const struct firmware_new *firmware, struct error *error)
{
    struct firmware_work work = {.actor = actor, .firmware = firmware};
    if (version_parse(firmware->version, &work.version, error) != STATUS_OK) {
        struct error why = *error;
        return error_set(error, STATUS_INVALID, "version", "%s", why.message);
    }
    version_format(&work.version, work.text);
    if (firmware->notes != NULL && strlen(firmware->notes) > NOTES_MAX)
        return error_set(error, STATUS_INVALID, "notes", "must have at most %d characters", NOTES_MAX);
    if (sort_files(&work, error) != STATUS_OK || check_files(&work, error) != STATUS_OK)
        return error->status;
    return store_transaction(store, upload, &work, error);
}
