#include <stdlib.h>
#include <string.h>

#include "campaign.h"
#include "digest.h"
#include "names.h"
#include "operate.h"
#include "store_sql.h"

enum { TOKEN_BYTES = 32 };

static const char *const role_names[] = {
#define X(name, text) [name] = text,
    ROLE_LIST(X)
#undef X
};

const char *role_name(enum role role)
{
    return role_names[role];
}

bool role_parse(const char *text, enum role *role)
{
    int found;
    if (!name_find(role_names, NAME_COUNT(role_names), text, &found))
        return false;
    *role = (enum role)found;
    return true;
}

struct token_work {
    const char *name;
    enum role role;
    const char *token;
};

static enum status create_token(struct store *store, void *context, struct error *error)
{
    const struct token_work *work = context;
    char hash[SHA256_HEX_SIZE];
    digest_sha256(work->token, strlen(work->token), hash);
    struct store_parameters parameters = {0};
    store_put_text(&parameters, work->name);
    store_put_text(&parameters, role_name(work->role));
    store_put_text(&parameters, hash);
    if (store_run(store, &SQL_TOKEN_CREATE, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    return audit_add(store, ACTOR_ORCHESTRATOR, "create_token", work->name, role_name(work->role), NULL,
                     error);
}

enum status operate_token_create(struct store *store, const char *name, enum role role, char token[65],
                                 struct error *error)
{
    random_hex(token, TOKEN_BYTES);
    struct token_work work = {name, role, token};
    enum status status = store_transaction(store, create_token, &work, error);
    if (status == STATUS_CONFLICT && strcmp(error->sqlstate, "23505") == 0)
        return error_set(error, STATUS_CONFLICT, "name", "a token named %s exists already", name);
    if (status == STATUS_CONFLICT)
        return error_set(error, STATUS_INVALID, "name", "must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
    return status;
}

static enum status revoke_token(struct store *store, void *context, struct error *error)
{
    const char *name = context;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, name);
    if (store_run(store, &SQL_TOKEN_REVOKE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    int64_t revoked = store_rows_affected(rows);
    store_rows_free(rows);
    if (revoked == 0)
        return error_set(error, STATUS_NOT_FOUND, "name", "no token named %s is in force", name);
    return audit_add(store, ACTOR_ORCHESTRATOR, "revoke_token", name, "", NULL, error);
}

enum status operate_token_revoke(struct store *store, const char *name, struct error *error)
{
    return store_transaction(store, revoke_token, (void *)(uintptr_t)name, error);
}

enum status operate_token_list(struct store *store, bool as_json, struct arena *arena, char **text,
                               struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_boolean(&parameters, as_json);
    return store_run_text(store, &SQL_TOKEN_LIST, &parameters, arena, text, error);
}

enum status operate_authenticate(struct store *store, const char *token, struct actor *actor,
                                 struct error *error)
{
    char hash[SHA256_HEX_SIZE];
    digest_sha256(token, strlen(token), hash);
    struct store_parameters parameters = {0};
    store_put_text(&parameters, hash);
    struct store_rows *rows;
    if (store_run(store, &SQL_TOKEN_FIND, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    memset(actor, 0, sizeof *actor);
    if (store_rows_count(rows) != 1) {
        status = error_set(error, STATUS_UNAUTHENTICATED, "Authorization",
                           "the token is not known, or was revoked");
    } else {
        const char *name = store_rows_text(rows, 0, 0);
        size_t length = strnlen(name, NAME_MAX_LENGTH);
        memcpy(actor->name, name, length);
        if (!role_parse(store_rows_text(rows, 0, 1), &actor->role))
            status = error_set(error, STATUS_INTERNAL, "tokens.role", "unknown role");
    }
    store_rows_free(rows);
    return status;
}
