#include <stdio.h>
#include <string.h>

#include "campaign.h"
#include "digest.h"
#include "manifest.h"
#include "operate.h"
#include "release.h"
#include "signing.h"
#include "store_sql.h"
#include "utf8.h"
#include "version.h"

enum { NOTES_MAX = 4000, NAME_CHARACTERS_MAX = 64 };

struct firmware_work {
    const struct actor *actor;
    const struct firmware_new *firmware;
    struct version version;
    char text[VERSION_TEXT_SIZE];
    char order[VERSION_ORDER_SIZE];
    char requires[VERSION_TEXT_SIZE]; /* "" when nothing is */
    struct release_doubts of_files;   /* what its files say by themselves */
    struct release_doubts *doubts;
};

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

static enum status check_order(struct firmware_work *work, struct error *error)
{
    const struct firmware_new *firmware = work->firmware;
    struct version requires;
    if (firmware->sequence < 0 || firmware->sequence > SEQUENCE_MAX)
        return error_set(error, STATUS_INVALID, "sequence", "allowed is a whole number from 0 to %lld",
                         (long long)SEQUENCE_MAX);
    if (firmware->requires == NULL)
        return STATUS_OK;
    if (version_parse(firmware->requires, &requires, error) != STATUS_OK) {
        struct error why = *error;
        return error_set(error, STATUS_INVALID, "requires", "%s", why.message);
    }
    version_format(&requires, work->requires);
    if (requires.ptype != work->version.ptype || requires.scheme != work->version.scheme)
        return error_set(error, STATUS_INVALID, "requires",
                         "%s is not of the ptype, %d, and the scheme, %s, of the release", work->requires,
                         work->version.ptype, version_scheme_name(work->version.scheme));
    if (version_compare(&requires, &work->version) >= 0)
        return error_set(error, STATUS_INVALID, "requires", "%s is not lower than the release, %s",
                         work->requires, work->text);
    return STATUS_OK;
}

/* Which stored version stands in the way. */
static enum status explain_rival(struct store *store, const struct firmware_work *work, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, work->version.ptype);
    store_put_text(&parameters, work->order);
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
            status = error_set(error, STATUS_CONFLICT, "version",
                               "%s cannot stand beside %s: one version %s per ptype and %s", work->text,
                               rival, work->version.fota_class == 'n' ? "without FOTA" : "with FOTA",
                               work->version.scheme == VERSION_SEMVER
                                   ? "precedence (build metadata does not count)"
                                   : "value");
    }
    store_rows_free(rows);
    return status;
}

static enum status insert_firmware(struct store *store, const struct firmware_work *work, int64_t *number,
                                   struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, work->text);
    store_put_integer(&parameters, work->version.ptype);
    store_put_text(&parameters, work->order);
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
    int slot = release_slot(file->name);
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

static enum status set_order(struct store *store, int64_t firmware, const struct firmware_work *work,
                             struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, firmware);
    store_put_integer(&parameters, work->firmware->sequence);
    store_put_text(&parameters, work->requires[0] != '\0' ? work->requires : NULL);
    return store_run(store, &SQL_FIRMWARE_ORDER_SET, &parameters, NULL, error);
}

/* The place of an error is the part of the form that holds the signature's document. */
static enum status sign_release(struct store *store, int64_t firmware, const struct firmware_work *work,
                                struct error *error)
{
    bool changed;
    if (work->firmware->signature == NULL)
        return release_check_signed(store, firmware, work->text, "signature", error);
    if (release_sign(store, work->actor, work->text, work->firmware->signature, &changed, error) == STATUS_OK)
        return STATUS_OK;
    struct error why = *error;
    snprintf(error->field, sizeof error->field, "signature.%.80s", why.field);
    return error->status;
}

/* An image that is another release's, beside one that is not. */
static enum status find_mixed(struct store *store, int64_t firmware, struct release_doubts *doubts,
                              struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, firmware);
    if (store_run(store, &SQL_IMAGE_RELEASES, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    for (int64_t i = 0; i < store_rows_count(rows); i++)
        release_doubt(doubts, "user%s.bin is the one of %s, the other image is not",
                      store_rows_text(rows, i, 0), store_rows_text(rows, i, 1));
    store_rows_free(rows);
    return STATUS_OK;
}

/* Joined, as far as they fit. */
static void join_doubts(const struct release_doubts *doubts, char *text, size_t size)
{
    text[0] = '\0';
    for (int i = 0; i < doubts->count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", i > 0 ? "; " : "", doubts->texts[i]);
    }
}

static enum status check_doubts(struct store *store, int64_t firmware, const struct firmware_work *work,
                                char *text, size_t size, struct error *error)
{
    *work->doubts = work->of_files;
    if (find_mixed(store, firmware, work->doubts, error) != STATUS_OK)
        return error->status;
    join_doubts(work->doubts, text, size);
    if (work->firmware->strict && work->doubts->count > 0)
        return error_set(error, STATUS_INVALID, "strict", "%s", text);
    return STATUS_OK;
}

static enum status upload(struct store *store, void *context, struct error *error)
{
    const struct firmware_work *work = context;
    const struct firmware_new *firmware = work->firmware;
    int64_t number = 0;
    if (release_lock_catalogue(store, error) != STATUS_OK ||
        release_check_products(store, work->text, RELEASE_STORED, error) != STATUS_OK ||
        explain_rival(store, work, error) != STATUS_OK ||
        insert_firmware(store, work, &number, error) != STATUS_OK)
        return error->status;
    for (size_t i = 0; i < firmware->file_count; i++) {
        if (insert_file(store, number, &firmware->files[i], error) != STATUS_OK)
            return error->status;
    }
    char doubts[1000];
    if (check_doubts(store, number, work, doubts, sizeof doubts, error) != STATUS_OK ||
        audit_add(store, work->actor->name, "upload_firmware", work->text, doubts, NULL, error) !=
            STATUS_OK ||
        set_order(store, number, work, error) != STATUS_OK ||
        sign_release(store, number, work, error) != STATUS_OK)
        return error->status;
    if (!firmware->current)
        return STATUS_OK;
    return release_make_current(store, work->actor->name, number, work->version.ptype, work->text, "", error);
}

enum status operate_firmware_upload(struct store *store, const struct actor *actor,
                                    const struct firmware_new *firmware, struct release_doubts *doubts,
                                    struct error *error)
{
    struct firmware_work work = {.actor = actor, .firmware = firmware, .doubts = doubts};
    if (version_parse(firmware->version, &work.version, error) != STATUS_OK) {
        struct error why = *error;
        return error_set(error, STATUS_INVALID, "version", "%s", why.message);
    }
    version_format(&work.version, work.text);
    version_order(&work.version, work.order);
    if (check_texts(firmware, error) != STATUS_OK || check_order(&work, error) != STATUS_OK ||
        release_files_check(&work.version, firmware->files, firmware->file_count, error) != STATUS_OK)
        return error->status;
    release_doubts_find(&work.version, firmware->files, firmware->file_count, &work.of_files);
    return store_transaction(store, upload, &work, error);
}
