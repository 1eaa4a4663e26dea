#include "continuity.h"

#include "evidence.h"
#include "log.h"
#include "store_sql.h"

enum status continuity_broken(struct error *error)
{
    return error_set(
        error, STATUS_UNAVAILABLE, NULL,
        "the database is another one than before, and is not served yet: a restore is at work, or "
        "a standby was promoted just now");
}

static enum status read_boolean(struct store *store, const struct store_statement *statement,
                                const struct store_parameters *parameters, bool *is_there, bool *value,
                                struct error *error)
{
    struct store_rows *rows;
    if (store_run(store, statement, parameters, &rows, error) != STATUS_OK)
        return error->status;
    *is_there = store_rows_count(rows) == 1;
    *value = *is_there && store_rows_boolean(rows, 0, 0);
    store_rows_free(rows);
    return STATUS_OK;
}

enum status continuity_check(struct store *store, struct error *error)
{
    bool is_there, is_same, is_taken, was_served;
    if (read_boolean(store, &SQL_CONTINUITY_CHECK, NULL, &is_there, &is_same, error) != STATUS_OK)
        return error->status;
    if (is_same) /* what its operators add and drop is part of it, too: they do not tell anybody */
        return store_run(store, &SQL_CONTINUITY_SCHEMA, NULL, NULL, error);
    if (!is_there)
        return continuity_broken(error);
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, EVIDENCE_OUTAGE_SECONDS);
    if (read_boolean(store, &SQL_CONTINUITY_RESTORE, &parameters, &is_taken, &was_served, error) != STATUS_OK)
        return error->status;
    if (was_served)
        log_write(
            LOG_WARNING, "database_discontinued", "reason",
            "it is another one than before: restored, or a standby that was promoted; the fleet is asked",
            NULL);
    /* Where it was not taken, another orchestrator may have been faster. */
    if (!is_taken &&
        read_boolean(store, &SQL_CONTINUITY_CHECK, NULL, &is_there, &is_same, error) != STATUS_OK)
        return error->status;
    return is_taken || is_same ? STATUS_OK : continuity_broken(error);
}

enum status continuity_end(struct store *store, int64_t served, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, served);
    return store_run(store, &SQL_CONTINUITY_END, &parameters, NULL, error);
}

enum status continuity_gone(struct store *store, const char *id, int64_t served, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, id);
    store_put_integer(&parameters, served);
    return store_run(store, &SQL_CONTINUITY_GONE, &parameters, NULL, error);
}

enum status continuity_ask_fleet(struct store *store, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, CONTINUITY_ASKS_PER_SECOND);
    return store_run(store, &SQL_FLEET_ASK, &parameters, NULL, error);
}

enum status continuity_release_offers(struct store *store, struct error *error)
{
    return store_run(store, &SQL_OFFERS_RELEASE, NULL, NULL, error);
}
