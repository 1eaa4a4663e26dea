/* Signing releases, and checking what the server has stored of them. */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "local_file.h"
#include "manifest.h"
#include "release_doubts.h"
#include "show.h"
#include "signature_file.h"
#include "version.h"

/* --- sign --------------------------------------------------------------------------------------------- */

struct release {
    struct version version;
    char text[VERSION_TEXT_SIZE];
    char requires[VERSION_TEXT_SIZE]; /* "" for none */
    long long sequence;
    struct firmware_file files[FIRMWARE_FILES_MAX];
    unsigned char *bytes[FIRMWARE_FILES_MAX];
    char sha256[FIRMWARE_FILES_MAX][SHA256_HEX_SIZE];
    size_t count;
};

static enum status read_versions(const struct arguments *arguments, struct release *release,
                                 struct error *error)
{
    const char *requires = arguments_value(arguments, "requires");
    struct version lowest;
    if (version_parse(arguments->positionals[0], &release->version, error) != STATUS_OK)
        return error->status;
    version_format(&release->version, release->text);
    if (requires == NULL)
        return STATUS_OK;
    if (version_parse(requires, &lowest, error) != STATUS_OK)
        return error_context(error, "--requires");
    version_format(&lowest, release->requires);
    if (lowest.ptype != release->version.ptype || lowest.scheme != release->version.scheme ||
        version_compare(&lowest, &release->version) >= 0)
        return error_set(error, STATUS_INVALID, NULL,
                         "--requires: allowed is a version of ptype %d that is lower than %s",
                         release->version.ptype, release->text);
    return STATUS_OK;
}

static enum status read_files(const struct arguments *arguments, struct release *release, struct error *error)
{
    for (int i = 1; i < arguments->positional_count; i++) {
        struct firmware_file *file = &release->files[release->count];
        unsigned char **bytes = &release->bytes[release->count];
        const char *path = arguments->positionals[i];
        if (local_file_read(path, FIRMWARE_FILE_SIZE_MAX, bytes, &file->size, error) != STATUS_OK)
            return error->status;
        file->name = file_base_name(path);
        file->bytes = *bytes;
        digest_sha256(file->bytes, file->size, release->sha256[release->count++]);
    }
    if (release_files_check(&release->version, release->files, release->count, error) == STATUS_OK)
        return STATUS_OK;
    struct error why = *error;
    return error_set(error, why.status, NULL, "%s: %s", why.field, why.message);
}

/* Before it is signed: a signature is for good. */
static enum status check_doubts(struct session *session, const struct arguments *arguments,
                                const struct release *release, struct error *error)
{
    struct release_doubts doubts = {0};
    release_doubts_find(&release->version, release->files, release->count, &doubts);
    for (int i = 0; i < doubts.count; i++)
        fprintf(session->errors, "warning: %s\n", doubts.texts[i]);
    if (doubts.count > 0 && arguments_value(arguments, "strict") != NULL)
        return error_set(error, STATUS_INVALID, "--strict", "nothing is signed, for the above");
    return STATUS_OK;
}

static void format_manifest(const struct release *release, char text[MANIFEST_SIZE])
{
    struct manifest manifest = {.ptype = release->version.ptype,
                                .version = release->text,
                                .sequence = release->sequence,
                                .requires = release->requires,
                                .file_count = release->count};
    for (size_t i = 0; i < release->count; i++)
        manifest.files[i] = (struct manifest_file){release->files[i].name, (int64_t)release->files[i].size,
                                                   release->sha256[i]};
    manifest_format(&manifest, text);
}

static enum status write_signature(const struct arguments *arguments, const char *manifest, char *key_id,
                                   struct error *error)
{
    struct signing_key *key;
    unsigned char signature[SIGNATURE_SIZE];
    char digits[SIGNATURE_HEX_SIZE];
    if (key_file_read_private(arguments_value(arguments, "key"),
                              arguments_value(arguments, "passphrase-file"), &key, error) != STATUS_OK)
        return error->status;
    signing_key_id(key, key_id);
    enum status status = signing_key_sign(key, manifest, strlen(manifest), signature, error);
    signing_key_free(key);
    if (status != STATUS_OK)
        return status;
    hex_format(digits, signature, sizeof signature);
    struct signature_document document = {manifest, key_id, digits};
    char *text = signature_json_format(&document);
    status = local_file_write(arguments_value(arguments, "output"), (const unsigned char *)text, strlen(text),
                              arguments_value(arguments, "force") != NULL, false, error);
    free(text);
    return status;
}

enum exit_code run_firmware_sign(struct session *session, const struct arguments *arguments)
{
    struct release release = {0};
    struct error error = {0};
    char manifest[MANIFEST_SIZE], key_id[SHA256_HEX_SIZE];
    const char *output = arguments_value(arguments, "output");
    if (arguments_value(arguments, "key") == NULL || output == NULL)
        return session_usage(session, "--key and --output are required: firmware sign VERSION FILE... --key "
                                      "FILE.pem --output FILE.json");
    if (arguments->positional_count > 1 + FIRMWARE_FILES_MAX)
        return session_usage(session, "a release has at most %d files", FIRMWARE_FILES_MAX);
    if (!show_number(session, arguments, "sequence", 0, SEQUENCE_MAX, &release.sequence))
        return EXIT_USAGE;
    enum status status = read_versions(arguments, &release, &error);
    if (status == STATUS_OK)
        status = read_files(arguments, &release, &error);
    if (status == STATUS_OK)
        status = check_doubts(session, arguments, &release, &error);
    if (status == STATUS_OK) {
        format_manifest(&release, manifest);
        status = write_signature(arguments, manifest, key_id, &error);
    }
    for (size_t i = 0; i < release.count; i++)
        free(release.bytes[i]);
    if (status != STATUS_OK)
        return session_fail(session, &error);
    if (session->json) {
        json_t *document =
            json_pack("{ss ss ss}", "version", release.text, "key_id", key_id, "signature", output);
        show_json(session->out, document);
        json_decref(document);
    } else {
        fprintf(session->out, "%s signed with key %s: %s\n", release.text, key_id, output);
    }
    return EXIT_DONE;
}

enum exit_code run_firmware_add_signature(struct session *session, const struct arguments *arguments)
{
    struct error error = {0};
    struct arena arena = {0};
    struct signature_parts parts;
    const char *version = arguments->positionals[0];
    if (signature_file_read(arguments->positionals[1], &arena, &parts, &error) != STATUS_OK) {
        arena_release(&arena);
        return session_fail(session, &error);
    }
    json_t *body = json_loads(parts.document, 0, NULL);
    char *path = show_path("/v1/firmware/", version, "/signatures");
    enum exit_code code = show_post(session, path, body, "signature added to firmware %s", version);
    free(path);
    json_decref(body);
    arena_release(&arena);
    return code;
}

/* --- verify ------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* From the server's document, as the signer made it from the files. */
static enum status stored_manifest(const json_t *firmware, char text[MANIFEST_SIZE], struct error *error)
{
    const json_t *files = json_object_get(firmware, "files");
    struct manifest manifest = {.ptype = (int)json_integer_value(json_object_get(firmware, "ptype")),
                                .version = text_of(firmware, "version"),
                                .sequence = json_integer_value(json_object_get(firmware, "sequence")),
                                .requires = text_of(firmware, "requires"),
                                .file_count = json_array_size(files)};
    bool fits = manifest.file_count <= FIRMWARE_FILES_MAX && strlen(manifest.version) < VERSION_TEXT_SIZE &&
                strlen(manifest.requires) < VERSION_TEXT_SIZE;
    for (size_t i = 0; i < manifest.file_count && fits; i++) {
        const json_t *file = json_array_get(files, i);
        manifest.files[i] =
            (struct manifest_file){text_of(file, "name"), json_integer_value(json_object_get(file, "size")),
                                   text_of(file, "sha256")};
        fits = strlen(manifest.files[i].name) <= 64 && hex_is_sha256(manifest.files[i].sha256);
    }
    if (!fits)
        return error_set(error, STATUS_INVALID, NULL, "the server's document of the release is not like one");
    manifest_format(&manifest, text);
    return STATUS_OK;
}

/* The key that a signature names, from the server. */
static enum status fetch_key(struct session *session, const char *name, struct signing_key **key,
                             struct error *error)
{
    json_t *answer;
    char *path = show_path("/v1/keys/", name, "");
    enum status status = client_request(session->client, "GET", path, NULL, &answer, error);
    free(path);
    if (status != STATUS_OK)
        return status;
    const char *pem = text_of(answer, "public_key");
    status = signing_key_read_public(pem, strlen(pem), key, error);
    json_decref(answer);
    return status;
}

static bool is_good(const struct signing_key *key, const json_t *signature, const char *manifest)
{
    unsigned char bytes[SIGNATURE_SIZE];
    return hex_parse(text_of(signature, "signature"), bytes, sizeof bytes) &&
           signing_key_verify(key, manifest, strlen(manifest), bytes);
}

/* Adds to each signature whether it is `good`. *verified: one is, and counts. `given` is the only key that
 * does, when it is not NULL. */
static enum status verify_all(struct session *session, json_t *signatures, const struct signing_key *given,
                              const char *manifest, bool *verified, struct error *error)
{
    char given_id[SHA256_HEX_SIZE] = "";
    size_t index;
    json_t *signature;
    if (given != NULL)
        signing_key_id(given, given_id);
    json_array_foreach(signatures, index, signature)
    {
        struct signing_key *fetched = NULL;
        if (given != NULL && strcmp(given_id, text_of(signature, "key_id")) != 0) {
            json_object_set_new(signature, "good", json_null()); /* not looked at */
            continue;
        }
        if (given == NULL && fetch_key(session, text_of(signature, "key"), &fetched, error) != STATUS_OK)
            return error->status;
        bool good = is_good(given != NULL ? given : fetched, signature, manifest);
        signing_key_free(fetched);
        json_object_set_new(signature, "good", json_boolean(good));
        if (good && (given != NULL || json_is_true(json_object_get(signature, "valid"))))
            *verified = true;
    }
    return STATUS_OK;
}

static enum exit_code tell_verdict(struct session *session, const json_t *firmware, const char *manifest,
                                   bool verified, bool by_given)
{
    const char *version = text_of(firmware, "version");
    json_t *signatures = json_object_get(firmware, "signatures");
    struct error error;
    if (session->json) {
        json_t *document = json_pack("{ss ss sO sb}", "version", version, "manifest", manifest, "signatures",
                                     signatures, "verified", (int)verified);
        show_json(session->out, document);
        json_decref(document);
    } else {
        fputs(manifest, session->out);
        show_part(session, signatures, "SIGNED BY|GOOD|IN FORCE|KEY ID", "key|good|valid|key_id");
    }
    if (verified)
        return EXIT_DONE;
    error_set(&error, STATUS_CONFLICT, NULL,
              by_given ? "%s has no good signature by this key"
                       : "%s has no good signature by a key in force",
              version);
    return session_fail(session, &error);
}

enum exit_code run_firmware_verify(struct session *session, const struct arguments *arguments)
{
    struct error error = {0};
    struct signing_key *given = NULL;
    json_t *firmware = NULL;
    char manifest[MANIFEST_SIZE];
    bool verified = false;
    const char *key = arguments_value(arguments, "key");
    enum status status = STATUS_OK;
    if (key != NULL)
        status = key_file_read_public(key, &given, &error);
    char *path = show_path("/v1/firmware/", arguments->positionals[0], "");
    if (status == STATUS_OK)
        status = client_request(session->client, "GET", path, NULL, &firmware, &error);
    free(path);
    if (status == STATUS_OK)
        status = stored_manifest(firmware, manifest, &error);
    if (status == STATUS_OK)
        status =
            verify_all(session, json_object_get(firmware, "signatures"), given, manifest, &verified, &error);
    enum exit_code code = status == STATUS_OK
                              ? tell_verdict(session, firmware, manifest, verified, given != NULL)
                              : session_fail(session, &error);
    signing_key_free(given);
    json_decref(firmware);
    return code;
}
