#include "evidence.h"

#include <stdio.h>

#include "array.h"
#include "continuity.h"
#include "digest.h"
#include "store_sql.h"

const char *evidence_part_name(enum evidence_part part)
{
    static const char *const names[] = {
        [PART_ORCHESTRATOR] = "orchestrator", [PART_BROKER] = "broker", [PART_DATABASE] = "database"};
    return names[part];
}

void evidence_make_id(char id[ORCHESTRATOR_ID_SIZE])
{
    random_hex(id, (ORCHESTRATOR_ID_SIZE - 1) / 2);
}

enum status evidence_join(struct store *store, const char *id, const char *const *client_ids, int count,
                          enum evidence_part part, double *outage_seconds, struct error *error)
{
    struct array ids = {0};
    struct store_parameters parameters = {0};
    for (int i = 0; i < count; i++)
        array_put_text(&ids, client_ids[i]);
    store_put_text(&parameters, id);
    store_put_text(&parameters, array_text(&ids));
    store_put_integer(&parameters, EVIDENCE_LEASE_SECONDS);
    store_put_integer(&parameters, EVIDENCE_OUTAGE_SECONDS);
    store_put_text(&parameters, evidence_part_name(part));
    struct store_rows *rows = NULL;
    enum status status = store_run(store, &SQL_ORCHESTRATOR_JOIN, &parameters, &rows, error);
    bool is_taken = rows != NULL && store_rows_count(rows) == 1;
    *outage_seconds = is_taken ? store_rows_real(rows, 0, 0) : 0;
    store_rows_free(rows);
    array_release(&ids);
    return status != STATUS_OK || is_taken ? status : continuity_broken(error);
}

enum status evidence_beat(struct store *store, const char *id, int64_t *moment, bool *member,
                          bool *others_expired, int64_t *served, bool *same, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, id);
    store_put_integer(&parameters, EVIDENCE_LEASE_SECONDS);
    if (store_run(store, &SQL_ORCHESTRATOR_BEAT, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *member = store_rows_count(rows) == 1;
    *moment = *member ? store_rows_integer(rows, 0, 0) : 0;
    *others_expired = *member && store_rows_boolean(rows, 0, 1);
    *served = *member ? store_rows_integer(rows, 0, 2) : 0;
    *same = !*member || store_rows_boolean(rows, 0, 3);
    store_rows_free(rows);
    return STATUS_OK;
}

enum status evidence_serve(struct store *store, const char *id, const struct evidence_served *served,
                           double *outage_seconds, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, id);
    store_put_integer(&parameters, served->moment);
    if (served->since_last >= 0)
        store_put_real(&parameters, served->since_last);
    else
        store_put_text(&parameters, NULL);
    store_put_boolean(&parameters, served->broken);
    store_put_text(&parameters, evidence_part_name(served->part));
    store_put_integer(&parameters, EVIDENCE_OUTAGE_SECONDS);
    if (store_run(store, &SQL_ORCHESTRATOR_SERVED, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool is_taken = store_rows_count(rows) == 1;
    *outage_seconds = is_taken ? store_rows_real(rows, 0, 0) : 0;
    store_rows_free(rows);
    return is_taken ? STATUS_OK : continuity_broken(error);
}

enum status evidence_stored(struct store *store, const char *id, int64_t moment, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, id);
    store_put_integer(&parameters, moment);
    return store_run(store, &SQL_ORCHESTRATOR_STORED, &parameters, NULL, error);
}

enum status evidence_broken(struct store *store, const char *id, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, id);
    return store_run(store, &SQL_ORCHESTRATOR_BROKEN, &parameters, NULL, error);
}

enum status evidence_leave(struct store *store, const char *id, bool comes_back, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, id);
    store_put_boolean(&parameters, comes_back);
    return store_run(store, &SQL_ORCHESTRATOR_LEAVE, &parameters, NULL, error);
}

struct take_over {
    const char *id;
    bool (*evict)(void *context, const char *client_id);
    void *context;
    char *taken;
};

/* The row stays locked while the broker is asked: one orchestrator takes a place, and the dead one's
 * watermark holds the judgement back until it is done. */
static enum status take_over(struct store *store, void *context, struct error *error)
{
    struct take_over *work = context;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    bool evicted = true;
    work->taken[0] = '\0';
    store_put_text(&parameters, work->id);
    store_put_integer(&parameters, EVIDENCE_EVICTION_SECONDS);
    if (store_run(store, &SQL_ORCHESTRATOR_EXPIRED, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    for (int64_t i = 0; i < store_rows_count(rows); i++) {
        bool done = work->evict(work->context, store_rows_text(rows, i, 1)); /* all are at it together */
        evicted = evicted && (done || store_rows_boolean(rows, i, 2));
    }
    enum status status = STATUS_OK;
    if (evicted && store_rows_count(rows) > 0) {
        snprintf(work->taken, ORCHESTRATOR_ID_SIZE, "%s", store_rows_text(rows, 0, 0));
        status = evidence_leave(store, work->taken, false, error);
    }
    store_rows_free(rows);
    return status;
}

enum status evidence_take_over(struct store *store, const char *id,
                               bool (*evict)(void *context, const char *client_id), void *context,
                               char taken[ORCHESTRATOR_ID_SIZE], struct error *error)
{
    struct take_over work = {id, evict, context, taken};
    return store_transaction(store, take_over, &work, error);
}
