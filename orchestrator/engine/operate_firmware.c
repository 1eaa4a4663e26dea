#include <string.h>

#include "campaign.h"
#include "digest.h"
#include "image.h"
#include "names.h"
#include "operate.h"
#include "release.h"
#include "store_sql.h"
#include "utf8.h"
#include "version.h"

enum { NOTES_MAX = 4000, NAME_CHARACTERS_MAX = 64 };

static const char *const slot_names[] = {"user1.bin", "user2.bin"};
/* The main programs of a release without FOTA (the guide's table 1-1). */
static const char *const whole_names[] = {"eagle.flash.bin", "eagle.irom0text.bin"};

struct firmware_work {
    const struct actor *actor;
    const struct firmware_new *firmware;
    struct version version;
    char text[VERSION_TEXT_SIZE];
};

/* 1 or 2 for the image of a slot, 0 for any other file. */
static int slot_of(const struct firmware_file *file)
{
    int found;
    return name_find(slot_names, NAME_COUNT(slot_names), file->name, &found) ? found + 1 : 0;
}

static bool has_file(const struct firmware_new *firmware, const char *name)
{
    for (size_t i = 0; i < firmware->file_count; i++) {
        if (strcmp(firmware->files[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A name that is no path, and stands for itself wherever it is written. */
static bool name_is_valid(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return length >= 1 && length <= NAME_CHARACTERS_MAX && name[length] == '\0' && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

/* Which files must be there, and which must not, follows from the class. */
static enum status check_set(const struct firmware_work *work, struct error *error)
{
    bool fota = version_is_fota(&work->version);
    const struct firmware_new *firmware = work->firmware;
    for (size_t i = 0; i < NAME_COUNT(slot_names); i++) {
        bool given = has_file(firmware, slot_names[i]);
        if (fota && !given)
            return error_set(error, STATUS_INVALID, slot_names[i],
                             "is missing: a release has user1.bin and user2.bin");
        if (!fota && given)
            return error_set(error, STATUS_INVALID, slot_names[i],
                             "is an image for upgrades, which class n has none of: its files are "
                             "eagle.flash.bin and eagle.irom0text.bin");
    }
    if (!fota && !has_file(firmware, whole_names[0]) && !has_file(firmware, whole_names[1]))
        return error_set(error, STATUS_INVALID, whole_names[0],
                         "is missing: a release of class n has eagle.flash.bin, eagle.irom0text.bin or both");
    return STATUS_OK;
}

static enum status check_file(const struct firmware_file *file, struct error *error)
{
    int slot = slot_of(file);
    struct image_info info;
    if (!name_is_valid(file->name))
        return error_set(
            error, STATUS_INVALID, file->name,
            "is no name for a file: allowed are 1 to %d characters of A-Z a-z 0-9 . _ - and no path",
            NAME_CHARACTERS_MAX);
    if (slot == 0 && file->size == 0)
        return error_set(error, STATUS_INVALID, file->name, "is empty");
    if (slot == 0 && file->size > FIRMWARE_FILE_SIZE_MAX)
        return error_set(error, STATUS_TOO_LARGE, file->name, "has %zu bytes; allowed are %d", file->size,
                         FIRMWARE_FILE_SIZE_MAX);
    if (slot == 0 || image_check(file->bytes, file->size, slot, &info, error) == STATUS_OK)
        return STATUS_OK;
    struct error why = *error;
    return error_set(error, STATUS_INVALID, file->name, "%s", why.message);
}

static enum status check_files(const struct firmware_work *work, struct error *error)
{
    const struct firmware_new *firmware = work->firmware;
    if (firmware->file_count > FIRMWARE_FILES_MAX)
        return error_set(error, STATUS_INVALID, "files", "a release has at most %d files; these are %zu",
                         FIRMWARE_FILES_MAX, firmware->file_count);
    for (size_t i = 0; i < firmware->file_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(firmware->files[k].name, firmware->files[i].name) == 0)
                return error_set(error, STATUS_INVALID, firmware->files[i].name, "was given twice");
        }
    }
    if (check_set(work, error) != STATUS_OK)
        return error->status;
    for (size_t i = 0; i < firmware->file_count; i++) {
        if (check_file(&firmware->files[i], error) != STATUS_OK)
            return error->status;
    }
    return STATUS_OK;
}

/* NULL is fine. Notes may have several lines. */
static enum status check_text(const char *field, const char *text, size_t most, bool lines,
                              struct error *error)
{
    size_t characters = 0;
    if (text == NULL)
        return STATUS_OK;
    if (!utf8_count(text, &characters) || characters > most)
        return error_set(error, STATUS_INVALID, field, "must be UTF-8 of at most %zu characters", most);
    for (const char *at = text; *at != '\0' && !lines; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return error_set(error, STATUS_INVALID, field, "must be one line without control characters");
    }
    return STATUS_OK;
}

static enum status check_texts(const struct firmware_new *firmware, struct error *error)
{
    if (check_text("notes", firmware->notes, NOTES_MAX, true, error) != STATUS_OK ||
        check_text("corename", firmware->corename, NAME_CHARACTERS_MAX, false, error) != STATUS_OK)
        return error->status;
    return check_text("codename", firmware->codename, NAME_CHARACTERS_MAX, false, error);
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
    store_put_text(&parameters, work->firmware->corename != NULL ? work->firmware->corename : "");
    store_put_text(&parameters, work->firmware->codename != NULL ? work->firmware->codename : "");
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

static enum status insert_file(struct store *store, int64_t firmware, const struct firmware_file *file,
                               struct error *error)
{
    char sha256[SHA256_HEX_SIZE];
    int slot = slot_of(file);
    digest_sha256(file->bytes, file->size, sha256);
    struct store_parameters bytes = {0}, place = {0};
    store_put_text(&bytes, sha256);
    store_put_bytes(&bytes, file->bytes, (int)file->size);
    if (store_run(store, &SQL_IMAGE_BYTES_ADD, &bytes, NULL, error) != STATUS_OK)
        return error->status;
    store_put_integer(&place, firmware);
    if (slot != 0)
        store_put_integer(&place, slot);
    else
        store_put_text(&place, file->name);
    store_put_text(&place, sha256);
    return store_run(store, slot != 0 ? &SQL_IMAGE_ADD : &SQL_FIRMWARE_FILE_ADD, &place, NULL, error);
}

static enum status upload(struct store *store, void *context, struct error *error)
{
    const struct firmware_work *work = context;
    const struct firmware_new *firmware = work->firmware;
    int64_t number = 0;
    if (release_lock_catalogue(store, error) != STATUS_OK || check_ptype(store, work, error) != STATUS_OK ||
        explain_rival(store, work, error) != STATUS_OK ||
        insert_firmware(store, work, &number, error) != STATUS_OK)
        return error->status;
    for (size_t i = 0; i < firmware->file_count; i++) {
        if (insert_file(store, number, &firmware->files[i], error) != STATUS_OK)
            return error->status;
    }
    if (audit_add(store, work->actor->name, "upload_firmware", work->text, "", NULL, error) != STATUS_OK)
        return error->status;
    if (!firmware->current)
        return STATUS_OK;
    return release_make_current(store, work->actor->name, number, work->version.ptype, work->text, "", error);
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
    if (check_texts(firmware, error) != STATUS_OK || check_files(&work, error) != STATUS_OK)
        return error->status;
    return store_transaction(store, upload, &work, error);
}
