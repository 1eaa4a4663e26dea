#include "census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ingest_batch.h"
#include "store_sql.h"

enum { PAGE = 5000 };

/* --- who is online ---------------------------------------------------------------------------------- */

/* Two of ten million devices have the same once in 300,000 censuses, and then one of them is not asked. */
static uint64_t hash_id(const char *id)
{
    return hash_add(HASH_START, id, strlen(id));
}

void census_release(struct census *census)
{
    hash_set_release(&census->online);
    *census = (struct census){0};
}

/* --- a batch ---------------------------------------------------------------------------------------- */

struct work {
    const struct report *reports;
    size_t count;
    bool locked;         /* what is read does not change any more */
    struct array differ; /* the devices of which something is to be written */
    int64_t differ_count;
};

static int compare_device(const void *left, const void *right)
{
    return strcmp(((const struct report *)left)->device, ((const struct report *)right)->device);
}

static int compare_id(const void *id, const void *report)
{
    return strcmp(id, ((const struct report *)report)->device);
}

static void put_row(struct array columns[3], const char *device, const struct presence *presence)
{
    char session[SESSION_TEXT_SIZE], boots[PRESENCE_BOOTS_SIZE];
    session_format(&presence->session, session);
    presence_write_boots(presence, boots);
    array_put_text(&columns[0], device);
    array_put_text(&columns[1], session);
    array_put_text(&columns[2], boots);
}

/* Reads the presence of the devices given and notes those that differ, or writes them. */
static enum status compare(struct work *work, struct store *store, const char *ids, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    struct array columns[3] = {0}, asked = {0};
    store_put_text(&parameters, ids);
    if (store_run(store, &SQL_PRESENCE_READ, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    for (int64_t i = 0; i < store_rows_count(rows); i++) {
        struct presence presence;
        const struct report *report = bsearch(store_rows_text(rows, i, 0), work->reports, work->count,
                                              sizeof *work->reports, compare_id);
        presence_row_read(rows, i, &presence);
        enum presence_census says =
            report != NULL ? presence_retained(&presence, &report->session, report->online) : PRESENCE_AGREES;
        if (says == PRESENCE_AGREES)
            continue;
        if (!work->locked)
            array_put_text(&work->differ, report->device);
        else if (says == PRESENCE_WENT)
            put_row(columns, report->device, &presence);
        else
            array_put_text(&asked, report->device);
        work->differ_count++;
    }
    store_rows_free(rows);
    enum status status = store_run_arrays(store, &SQL_PRESENCE_CENSUS, columns, 3, error);
    if (status == STATUS_OK)
        return store_run_arrays(store, &SQL_PRESENCE_ASK, &asked, 1, error);
    array_release(&asked);
    return status;
}

static enum status write_differing(struct store *store, void *context, struct error *error)
{
    struct work *work = context;
    struct store_parameters parameters = {0};
    const char *ids = array_text(&work->differ);
    store_put_text(&parameters, ids);
    work->differ_count = 0;
    if (store_run(store, &SQL_DEVICE_LOCK, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    return compare(work, store, ids, error);
}

enum status census_apply(struct census *census, struct store *store, const struct report *reports,
                         size_t count, struct error *error)
{
    struct work work = {0};
    struct report *sorted = malloc((count > 0 ? count : 1) * sizeof *sorted);
    struct array ids = {0};
    if (sorted == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (reports[i].kind != REPORT_PRESENCE)
            continue;
        sorted[work.count++] = reports[i];
        array_put_text(&ids, reports[i].device);
        if (reports[i].online)
            hash_set_add(&census->online, hash_id(reports[i].device));
    }
    work.reports = sorted;
    qsort(sorted, work.count, sizeof *sorted, compare_device);
    enum status status = work.count > 0 ? compare(&work, store, array_text(&ids), error) : STATUS_OK;
    if (status == STATUS_OK && work.differ_count > 0) {
        work.locked = true;
        status = store_transaction(store, write_differing, &work, error);
        if (status == STATUS_OK)
            census->changed += work.differ_count;
    }
    if (status == STATUS_OK)
        census->read += (int64_t)work.count;
    array_release(&work.differ);
    array_release(&ids);
    free(sorted);
    return status;
}

/* --- the whole -------------------------------------------------------------------------------------- */

enum status census_take(struct store *store, const char *orchestrator, bool *mine, double *now,
                        struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, orchestrator);
    store_put_integer(&parameters, CENSUS_LEASE_SECONDS);
    if (store_run(store, &SQL_CENSUS_TAKE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *mine = store_rows_count(rows) == 1;
    *now = *mine ? store_rows_real(rows, 0, 0) : 0;
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status end(struct store *store, const char *orchestrator, const double *began,
                       struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, orchestrator);
    if (began != NULL)
        store_put_real(&parameters, *began);
    else
        store_put_text(&parameters, NULL);
    return store_run(store, &SQL_CENSUS_END, &parameters, NULL, error);
}

enum status census_break_off(struct store *store, const char *orchestrator, struct error *error)
{
    return end(store, orchestrator, NULL, error);
}

/* One page of the devices that are online by what is stored. *after is its last id, "" at the end. */
static enum status doubt_page(struct census *census, struct store *store, char after[DEVICE_ID_SIZE],
                              struct error *error)
{
    struct store_parameters parameters = {0}, doubted = {0};
    struct store_rows *rows;
    struct array ids = {0};
    store_put_real(&parameters, census->began);
    store_put_text(&parameters, after);
    store_put_integer(&parameters, PAGE);
    if (store_run(store, &SQL_CENSUS_UNHEARD, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    int64_t count = store_rows_count(rows);
    for (int64_t i = 0; i < count; i++) {
        if (!hash_set_has(&census->online, hash_id(store_rows_text(rows, i, 0))))
            array_put_text(&ids, store_rows_text(rows, i, 0));
    }
    snprintf(after, DEVICE_ID_SIZE, "%s", count == PAGE ? store_rows_text(rows, count - 1, 0) : "");
    store_rows_free(rows);
    enum status status = STATUS_OK;
    if (ids.count > 0) {
        census->doubted += ids.count;
        store_put_text(&doubted, array_text(&ids));
        store_put_real(&doubted, census->began);
        status = store_run(store, &SQL_PRESENCE_DOUBT, &doubted, NULL, error);
    }
    array_release(&ids);
    return status;
}

enum status census_finish(struct census *census, struct store *store, const char *orchestrator,
                          struct error *error)
{
    char after[DEVICE_ID_SIZE] = "";
    do {
        if (doubt_page(census, store, after, error) != STATUS_OK)
            return error->status;
    } while (after[0] != '\0');
    return end(store, orchestrator, &census->began, error);
}
