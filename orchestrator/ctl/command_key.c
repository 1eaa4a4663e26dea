/* Keys that sign firmware: made here, and their public halves made known to the server. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "local_file.h"
#include "show.h"
#include "signature_file.h"

/* release.pub.pem of release.pem; NULL when the name does not end so. Release with free(). */
static char *public_path(const char *path)
{
    static const char ending[] = ".pem";
    size_t length = strlen(path);
    char *made;
    if (length <= strlen(ending) || strcmp(path + length - strlen(ending), ending) != 0)
        return NULL;
    if (asprintf(&made, "%.*s.pub.pem", (int)(length - strlen(ending)), path) < 0)
        abort();
    return made;
}

static enum status write_key_file(const char *path, const char *pem, bool secret, struct error *error)
{
    enum status status =
        local_file_write(path, (const unsigned char *)pem, strlen(pem), false, secret, error);
    if (status == STATUS_CONFLICT)
        return error_set(error, STATUS_CONFLICT, NULL, "%s exists; a key is never overwritten", path);
    return status;
}

static enum status write_pair(const struct signing_key *key, const char *path, const char *other,
                              const char *passphrase, struct arena *arena, struct error *error)
{
    char *private_pem, *public_pem;
    if (access(other, F_OK) == 0)
        return error_set(error, STATUS_CONFLICT, NULL, "%s exists; a key is never overwritten", other);
    if (signing_key_write_public(key, arena, &public_pem, error) != STATUS_OK ||
        signing_key_write_private(key, passphrase, arena, &private_pem, error) != STATUS_OK)
        return error->status;
    enum status status = write_key_file(path, private_pem, true, error);
    explicit_bzero(private_pem, strlen(private_pem));
    if (status != STATUS_OK)
        return status;
    return write_key_file(other, public_pem, false, error);
}

static enum status generate(const char *path, const char *other, const char *passphrase_file,
                            char id[SHA256_HEX_SIZE], struct error *error)
{
    struct arena arena = {0};
    struct signing_key *key = NULL;
    char *passphrase = NULL;
    enum status status = STATUS_OK;
    if (passphrase_file != NULL)
        status = passphrase_read(passphrase_file, &arena, &passphrase, error);
    if (status == STATUS_OK)
        status = signing_key_generate(&key, error);
    if (status == STATUS_OK)
        status = write_pair(key, path, other, passphrase, &arena, error);
    if (status == STATUS_OK)
        signing_key_id(key, id);
    if (passphrase != NULL)
        explicit_bzero(passphrase, strlen(passphrase));
    signing_key_free(key);
    arena_release(&arena);
    return status;
}

enum exit_code run_key_generate(struct session *session, const struct arguments *arguments)
{
    const char *path = arguments->positionals[0];
    char *other = public_path(path);
    char id[SHA256_HEX_SIZE];
    struct error error = {0};
    if (other == NULL)
        return session_usage(session, "the file's name is %s; it must end in .pem", path);
    enum status status = generate(path, other, arguments_value(arguments, "passphrase-file"), id, &error);
    if (status == STATUS_OK && session->json) {
        json_t *document = json_pack("{ss ss ss}", "key_id", id, "private_key", path, "public_key", other);
        show_json(session->out, document);
        json_decref(document);
    } else if (status == STATUS_OK) {
        fprintf(session->out,
                "key %s\nprivate key: %s (keep it secret, and a copy of it safe)\npublic key: %s\n", id, path,
                other);
    }
    free(other);
    return status == STATUS_OK ? EXIT_DONE : session_fail(session, &error);
}

enum exit_code run_key_register(struct session *session, const struct arguments *arguments)
{
    struct error error = {0};
    struct arena arena = {0};
    struct signing_key *key;
    char *pem, id[SHA256_HEX_SIZE];
    if (key_file_read_public(arguments->positionals[1], &key, &error) != STATUS_OK)
        return session_fail(session, &error);
    signing_key_id(key, id);
    enum status status = signing_key_write_public(key, &arena, &pem, &error);
    signing_key_free(key);
    enum exit_code code;
    if (status != STATUS_OK) {
        code = session_fail(session, &error);
    } else {
        json_t *body = json_pack("{ss? ss}", "name", arguments->positionals[0], "public_key", pem);
        code = body == NULL ? session_usage(session, "the name is not UTF-8")
                            : show_post(session, "/v1/keys", body, "key %s registered: %s",
                                        arguments->positionals[0], id);
        json_decref(body);
    }
    arena_release(&arena);
    return code;
}

static void key_row(struct table *table, const json_t *item)
{
    table_row(table, item, "name|key_id|revoked|signatures|@created_at|created_by");
}

enum exit_code run_key_list(struct session *session, const struct arguments *arguments)
{
    return show_list(session, arguments, "/v1/keys", "keys",
                     "NAME|KEY ID|REVOKED|>SIGNATURES|REGISTERED (UTC)|BY", key_row);
}

enum exit_code run_key_show(struct session *session, const struct arguments *arguments)
{
    json_t *key;
    enum exit_code code = show_fetch_named(session, "/v1/keys/", arguments->positionals[0], &key);
    if (key == NULL)
        return code;
    table_print_members(session->out, key,
                        "Name=name|Key id=key_id|Revoked=revoked|Registered=@created_at|By=created_by|"
                        "Revoked at=@revoked_at|Signed=firmware");
    fprintf(session->out, "\n%s", json_string_value(json_object_get(key, "public_key")));
    json_decref(key);
    return EXIT_DONE;
}

enum exit_code run_key_revoke(struct session *session, const struct arguments *arguments)
{
    json_t *answer;
    const char *note;
    enum exit_code code = show_command(session, arguments, "/v1/keys/", "/revoke", &answer, &note);
    if (answer != NULL)
        fprintf(session->out, "key %s is revoked%s\n", arguments->positionals[0], note);
    json_decref(answer);
    return code;
}
