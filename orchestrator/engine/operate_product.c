/* Products: what they are, and what they ask of the releases of their ptype. */
#include <stdio.h>
#include <string.h>

#include "campaign.h"
#include "operate.h"
#include "product.h"
#include "release.h"
#include "store_sql.h"
#include "version.h"

/* --- creation --------------------------------------------------------------------------------------- */

struct products_work {
    const struct actor *actor;
    const struct product_new *products;
    size_t count;
};

enum status product_check_text(const char *text, size_t low, size_t high, const char *field,
                               struct error *error)
{
    if (text == NULL || (strlen(text) >= low && strlen(text) <= high))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, field, "must have %zu to %zu characters", low, high);
}

enum status product_read_ceiling(const char *text, enum version_scheme scheme, const char *field,
                                 struct product_ceiling *ceiling, struct error *error)
{
    struct version version;
    struct error why = {0};
    ceiling->given = text != NULL;
    if (text == NULL)
        return STATUS_OK;
    if (version_parse_value(scheme, text, &version, &why) != STATUS_OK)
        return error_set(error, STATUS_INVALID, field, "%s; the version scheme is %s", why.message,
                         version_scheme_name(scheme));
    version_format_value(&version, ceiling->text);
    version_order(&version, ceiling->order);
    return STATUS_OK;
}

void product_put_ceiling(struct store_parameters *parameters, const struct product_ceiling *ceiling)
{
    store_put_text(parameters, ceiling->given ? ceiling->text : NULL);
    store_put_text(parameters, ceiling->given ? ceiling->order : NULL);
}

enum status product_read_scheme(const char *text, const char *field, enum version_scheme *scheme,
                                struct error *error)
{
    if (text == NULL || version_scheme_parse(text, scheme))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, field, "is \"%.20s\"; allowed are seed and semver", text);
}

/* "products[3].name"; the text is `field`, which has room for 64 characters. */
static const char *place(char field[64], size_t index, const char *member)
{
    snprintf(field, 64, "products[%zu].%s", index, member);
    return field;
}

/* Which unique or scheme rule of the database the product has run into. */
static enum status explain_conflict(const struct product_new *product, size_t index, struct error *error)
{
    char field[64];
    if (strcmp(error->field, "products_one_scheme_per_ptype") == 0) {
        bool semver = product->version_scheme != NULL && strcmp(product->version_scheme, "semver") == 0;
        return error_set(error, STATUS_CONFLICT, place(field, index, "version_scheme"),
                         "is %s, but products of ptype %d have %s: all products of a ptype have one scheme",
                         semver ? "semver" : "seed", product->ptype, semver ? "seed" : "semver");
    }
    bool is_serial = strcmp(error->field, "products_serial_unique") == 0;
    return error_set(error, STATUS_CONFLICT, place(field, index, is_serial ? "serial" : "name"),
                     "%s is taken by another product",
                     is_serial               ? product->serial
                     : product->name != NULL ? product->name
                                             : "");
}

static enum status check_values(const struct product_new *product, size_t index, struct error *error)
{
    char field[64];
    if (product_check_text(product->name, 1, NAME_MAX_LENGTH, place(field, index, "name"), error) !=
            STATUS_OK ||
        product_check_text(product->description, 0, PRODUCT_TEXT_MAX, place(field, index, "description"),
                           error) != STATUS_OK ||
        product_check_text(product->serial, 1, NAME_MAX_LENGTH, place(field, index, "serial"), error) !=
            STATUS_OK)
        return error->status;
    if (product->ptype < 0)
        return error_set(error, STATUS_INVALID, place(field, index, "ptype"),
                         "must be an integer from 0 to %d", PTYPE_MAX);
    if (product->status != 1 && product->status != 2)
        return error_set(error, STATUS_INVALID, place(field, index, "status"),
                         "must be 1 (under development) or 2 (deployed)");
    return STATUS_OK;
}

static enum status create_product(struct store *store, const struct products_work *work, size_t index,
                                  struct error *error)
{
    const struct product_new *product = &work->products[index];
    enum version_scheme scheme = VERSION_SEED;
    struct product_ceiling ceiling;
    char field[64];
    if (check_values(product, index, error) != STATUS_OK ||
        product_read_scheme(product->version_scheme, place(field, index, "version_scheme"), &scheme, error) !=
            STATUS_OK ||
        product_read_ceiling(product->max_version, scheme, place(field, index, "max_version"), &ceiling,
                             error) != STATUS_OK)
        return error->status;
    struct store_parameters parameters = {0};
    store_put_text(&parameters, product->name);
    store_put_text(&parameters, product->description);
    store_put_text(&parameters, product->serial);
    store_put_boolean(&parameters, product->is_private);
    store_put_integer(&parameters, product->ptype);
    store_put_integer(&parameters, product->status);
    store_put_text(&parameters, version_scheme_name(scheme));
    product_put_ceiling(&parameters, &ceiling);
    store_put_boolean(&parameters, product->require_signature);
    enum status status = store_run(store, &SQL_PRODUCT_CREATE, &parameters, NULL, error);
    return status == STATUS_CONFLICT ? explain_conflict(product, index, error) : status;
}

static enum status create_products(struct store *store, void *context, struct error *error)
{
    const struct products_work *work = context;
    for (size_t i = 0; i < work->count; i++) {
        if (create_product(store, work, i, error) != STATUS_OK)
            return error->status;
        const char *name = work->products[i].name;
        if (audit_add(store, work->actor->name, "create_product", name != NULL ? name : "product", "", NULL,
                      error) != STATUS_OK)
            return error->status;
    }
    return STATUS_OK;
}

enum status operate_products_create(struct store *store, const struct actor *actor,
                                    const struct product_new *products, size_t count, struct error *error)
{
    if (count == 0)
        return error_set(error, STATUS_INVALID, "products", "must hold at least one product");
    struct products_work work = {actor, products, count};
    return store_transaction(store, create_products, &work, error);
}

/* --- what a release must be ------------------------------------------------------------------------- */

static enum status check_rules(const struct store_rows *rows, const struct version *version, const char *text,
                               enum release_use use, struct error *error)
{
    const char *field = use == RELEASE_ROLLED_OUT ? "firmware" : "version";
    const char *scheme = store_rows_text(rows, 0, 0);
    int64_t products = store_rows_integer(rows, 0, 1), capped = store_rows_integer(rows, 0, 2);
    if (products == 0)
        return error_set(error, STATUS_INVALID, field, "no product has ptype %d: create it first",
                         version->ptype);
    if (strcmp(scheme, version_scheme_name(version->scheme)) != 0)
        return error_set(error, STATUS_INVALID, field,
                         "%s is of the version scheme %s, the products of ptype %d have %s", text,
                         version_scheme_name(version->scheme), version->ptype, scheme);
    if (capped == 0 || (use == RELEASE_ROLLED_OUT && capped < products))
        return STATUS_OK;
    return error_set(error, STATUS_CONFLICT, field,
                     "%s is above %s, the highest version that product %s takes (max_version)", text,
                     store_rows_text(rows, 0, 4), store_rows_text(rows, 0, 3));
}

enum status release_check_products(struct store *store, const char *text, enum release_use use,
                                   struct error *error)
{
    struct version version;
    char order[VERSION_ORDER_SIZE];
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    if (version_parse(text, &version, error) != STATUS_OK)
        return error->status;
    version_order(&version, order);
    store_put_integer(&parameters, version.ptype);
    store_put_text(&parameters, order);
    if (store_run(store, &SQL_PRODUCT_RULES, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = check_rules(rows, &version, text, use, error);
    store_rows_free(rows);
    return status;
}
