/* Changing a product after its creation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign.h"
#include "operate.h"
#include "product.h"
#include "release.h"
#include "store_sql.h"

struct change_work {
    const struct actor *actor;
    int64_t number;
    const struct product_change *change;
    bool changed;
};

/* A product as it is when its row has been locked. */
struct locked_product {
    char name[NAME_MAX_LENGTH * 4 + 1]; /* characters of up to four bytes */
    int ptype;
    enum version_scheme scheme;
    char *whole; /* JSON; free() */
};

enum status operate_product_find(struct store *store, const char *product, int64_t *number,
                                 struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, product);
    if (store_run(store, &SQL_PRODUCT_FIND, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool found = store_rows_count(rows) == 1;
    if (found)
        *number = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return found ? STATUS_OK
                 : error_set(error, STATUS_NOT_FOUND, "product",
                             "no product has the name, number or serial %.64s", product);
}

static enum status lock_product(struct store *store, int64_t number, struct locked_product *product,
                                struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, number);
    if (store_run(store, &SQL_PRODUCT_LOCK, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    snprintf(product->name, sizeof product->name, "%s", store_rows_text(rows, 0, 0));
    product->ptype = (int)store_rows_integer(rows, 0, 1);
    product->scheme = VERSION_SEED;
    (void)version_scheme_parse(store_rows_text(rows, 0, 2), &product->scheme);
    product->whole = strdup(store_rows_text(rows, 0, 3));
    store_rows_free(rows);
    return product->whole != NULL ? STATUS_OK : error_set(error, STATUS_INTERNAL, NULL, "out of memory");
}

/* --- the scheme ------------------------------------------------------------------------------------- */

static enum status check_unversioned(struct store *store, int ptype, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, ptype);
    if (store_run(store, &SQL_PTYPE_USERS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    long long releases = store_rows_integer(rows, 0, 0), devices = store_rows_integer(rows, 0, 1);
    store_rows_free(rows);
    if (releases == 0 && devices == 0)
        return STATUS_OK;
    return error_set(
        error, STATUS_CONFLICT, "version_scheme",
        "cannot be changed any more: ptype %d has %lld releases, and %lld devices whose version is "
        "known",
        ptype, releases, devices);
}

static enum status run_one(struct store *store, const struct store_statement *statement, int64_t number,
                           const char *text, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, number);
    if (text != NULL)
        store_put_text(&parameters, text);
    return store_run(store, statement, &parameters, NULL, error);
}

/* All products of the ptype go along: they have one scheme. */
static enum status change_scheme(struct store *store, const struct change_work *work,
                                 const struct locked_product *product, enum version_scheme scheme,
                                 struct error *error)
{
    if (scheme == product->scheme)
        return STATUS_OK;
    if (check_unversioned(store, product->ptype, error) != STATUS_OK)
        return error->status;
    if (work->change->has_max_version &&
        run_one(store, &SQL_PRODUCT_CEILING_CLEAR, work->number, NULL, error) != STATUS_OK)
        return error->status;
    enum status status =
        run_one(store, &SQL_PTYPE_SCHEME_CHANGE, product->ptype, version_scheme_name(scheme), error);
    if (status != STATUS_CONFLICT)
        return status;
    return error_set(error, STATUS_CONFLICT, "version_scheme",
                     "cannot be changed while a product of ptype %d has a max_version of the scheme %s",
                     product->ptype, version_scheme_name(product->scheme));
}

/* --- the rest --------------------------------------------------------------------------------------- */

static enum status check_values(const struct product_change *change, struct error *error)
{
    if (product_check_text(change->description, 0, PRODUCT_TEXT_MAX, "description", error) != STATUS_OK ||
        product_check_text(change->serial, 1, NAME_MAX_LENGTH, "serial", error) != STATUS_OK)
        return error->status;
    if (change->status < 0 || change->status > 2)
        return error_set(error, STATUS_INVALID, "status", "must be 1 (under development) or 2 (deployed)");
    return STATUS_OK;
}

static void put_choice(struct store_parameters *parameters, enum product_choice choice)
{
    if (choice == PRODUCT_AS_IT_IS)
        store_put_text(parameters, NULL);
    else
        store_put_boolean(parameters, choice == PRODUCT_YES);
}

/* *changes is what has changed, as JSON, or NULL; free(). */
static enum status change_row(struct store *store, const struct change_work *work, const char *before,
                              const struct product_ceiling *ceiling, char **changes, struct error *error)
{
    const struct product_change *change = work->change;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, work->number);
    store_put_text(&parameters, change->description);
    store_put_boolean(&parameters, change->has_serial);
    store_put_text(&parameters, change->serial);
    put_choice(&parameters, change->is_private);
    if (change->status == 0)
        store_put_text(&parameters, NULL);
    else
        store_put_integer(&parameters, change->status);
    store_put_boolean(&parameters, change->has_max_version);
    product_put_ceiling(&parameters, ceiling);
    put_choice(&parameters, change->require_signature);
    store_put_text(&parameters, before);
    enum status status = store_run(store, &SQL_PRODUCT_CHANGE, &parameters, &rows, error);
    if (status == STATUS_CONFLICT)
        return error_set(error, STATUS_CONFLICT, "serial", "%s is taken by another product", change->serial);
    if (status != STATUS_OK)
        return status;
    *changes = store_rows_null(rows, 0, 0) ? NULL : strdup(store_rows_text(rows, 0, 0));
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status change_locked(struct store *store, struct change_work *work,
                                 const struct locked_product *product, struct error *error)
{
    enum version_scheme scheme = product->scheme;
    struct product_ceiling ceiling;
    char *changes = NULL;
    if (product_read_scheme(work->change->version_scheme, "version_scheme", &scheme, error) != STATUS_OK ||
        product_read_ceiling(work->change->max_version, scheme, "max_version", &ceiling, error) !=
            STATUS_OK ||
        change_scheme(store, work, product, scheme, error) != STATUS_OK ||
        change_row(store, work, product->whole, &ceiling, &changes, error) != STATUS_OK)
        return error->status;
    work->changed = changes != NULL;
    enum status status = STATUS_OK;
    if (changes != NULL)
        status = audit_add(store, work->actor->name, "set_product", product->name, "", changes, error);
    free(changes);
    return status;
}

/* A ceiling that is set while a release is being uploaded counts for it: both take the catalogue's lock. */
static enum status change_product(struct store *store, void *context, struct error *error)
{
    struct change_work *work = context;
    struct locked_product product;
    if (release_lock_catalogue(store, error) != STATUS_OK ||
        lock_product(store, work->number, &product, error) != STATUS_OK)
        return error->status;
    enum status status = change_locked(store, work, &product, error);
    free(product.whole);
    return status;
}

enum status operate_product_change(struct store *store, const struct actor *actor, int64_t product,
                                   const struct product_change *change, bool *changed, struct error *error)
{
    struct change_work work = {.actor = actor, .number = product, .change = change};
    if (check_values(change, error) != STATUS_OK)
        return error->status;
    enum status status = store_transaction(store, change_product, &work, error);
    *changed = status == STATUS_OK && work.changed;
    return status;
}
