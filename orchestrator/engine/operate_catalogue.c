#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "campaign.h"
#include "digest.h"
#include "flash_map.h"
#include "operate.h"
#include "report.h"
#include "store_sql.h"

enum { TAGS_MAX = 1000, TAG_MAX = 64 };

struct devices_work {
    const struct actor *actor;
    struct device_new *devices;
    size_t count;
    struct array ids, products, ptypes, tags, versions, orders, classes;
    struct array product_names;
    struct array flash_kbs, flash_maps, image_maxima;
    struct array keys, given_keys; /* hashes */
    bool has_given_keys;
};

static enum status device_error(struct error *error, enum status status, size_t index, const char *member,
                                const char *message)
{
    char field[64];
    snprintf(field, sizeof field, "devices[%zu].%s", index, member);
    return error_set(error, status, field, "%s", message);
}

/* Further places with the same fault as the one that is named first: "; so are devices[3], devices[9] and 2
 * more". */
enum { PLACES_NAMED = 11 };

struct places {
    char text[280];
    size_t used, count;
};

static void places_add(struct places *places, size_t index)
{
    places->count++;
    if (places->count >= PLACES_NAMED)
        return;
    places->used += (size_t)snprintf(places->text + places->used, sizeof places->text - places->used,
                                     "%sdevices[%zu]", places->count == 1 ? "; the same of " : ", ", index);
}

static const char *places_end(struct places *places)
{
    if (places->count >= PLACES_NAMED)
        snprintf(places->text + places->used, sizeof places->text - places->used, " and %zu more",
                 places->count - (PLACES_NAMED - 1));
    return places->text;
}

/* Comma-separated words of A-Z a-z 0-9 . _ : / + - */
static bool tags_are_valid(const char *tags)
{
    if (tags == NULL || tags[0] == '\0')
        return true;
    if (strlen(tags) > TAGS_MAX)
        return false;
    for (const char *tag = tags;;) {
        size_t length = strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/+-");
        if (length == 0 || length > TAG_MAX)
            return false;
        if (tag[length] == '\0')
            return true;
        if (tag[length] != ',')
            return false;
        tag += length + 1;
    }
}

static enum status put_version(struct devices_work *work, size_t index, struct error *error)
{
    const struct device_new *device = &work->devices[index];
    if (device->version == NULL) {
        array_put_text(&work->versions, NULL);
        array_put_text(&work->orders, NULL);
        array_put_text(&work->classes, NULL);
        return STATUS_OK;
    }
    struct version version;
    struct error why;
    char text[VERSION_TEXT_SIZE], order[VERSION_ORDER_SIZE];
    if (version_parse(device->version, &version, &why) != STATUS_OK)
        return device_error(error, STATUS_INVALID, index, "version", why.message);
    if (version.ptype != device->ptype)
        return device_error(error, STATUS_INVALID, index, "version", "is of another ptype than the device");
    version_format(&version, text);
    version_order(&version, order);
    array_put_text(&work->versions, text);
    array_put_text(&work->orders, order);
    array_put_text(&work->classes, (const char[]){version.fota_class, '\0'});
    return STATUS_OK;
}

static enum status put_flash(struct devices_work *work, size_t index, struct error *error)
{
    const struct device_new *device = &work->devices[index];
    const struct flash_map *map;
    struct error why;
    if (device->flash_kb == 0 && device->flash_map == NULL) {
        array_put_text(&work->flash_kbs, NULL);
        array_put_text(&work->flash_maps, NULL);
        array_put_text(&work->image_maxima, NULL);
        return STATUS_OK;
    }
    if (flash_map_find(device->flash_kb, device->flash_map, &map, &why) != STATUS_OK)
        return device_error(error, STATUS_INVALID, index,
                            strcmp(why.field, "size") == 0 ? "flash_kb" : "flash_map", why.message);
    array_put_integer(&work->flash_kbs, map->size_kb);
    array_put_text(&work->flash_maps, map->name);
    array_put_integer(&work->image_maxima, map->image_max);
    return STATUS_OK;
}

/* Makes the key, where the device has none. */
static enum status put_key(struct devices_work *work, size_t index, struct error *error)
{
    struct device_new *device = &work->devices[index];
    char hash[SHA256_HEX_SIZE];
    device->new_key[0] = '\0';
    if (device->key != NULL) {
        if (!device_key_hash(device->key, hash))
            return device_error(error, STATUS_INVALID, index, "key", "must be 40 hexadecimal digits");
        array_put_text(&work->given_keys, hash);
        work->has_given_keys = true;
    } else {
        random_hex(device->new_key, DEVICE_KEY_DIGITS / 2);
        digest_sha256(device->new_key, DEVICE_KEY_DIGITS, hash);
        array_put_text(&work->given_keys, NULL);
    }
    array_put_text(&work->keys, hash);
    return STATUS_OK;
}

static enum status collect_devices(struct devices_work *work, struct error *error)
{
    for (size_t i = 0; i < work->count; i++) {
        const struct device_new *device = &work->devices[i];
        if (device->id == NULL || !device_id_is_valid(device->id))
            return device_error(error, STATUS_INVALID, i, "id",
                                "must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
        if (device->ptype < 0)
            return device_error(error, STATUS_INVALID, i, "ptype", "must be an integer from 0 to 2147483647");
        if (!tags_are_valid(device->tags))
            return device_error(
                error, STATUS_INVALID, i, "tags",
                "must be words of 1 to 64 characters of A-Z a-z 0-9 . _ : / + -, 1000 characters in all");
        if (put_version(work, i, error) != STATUS_OK || put_flash(work, i, error) != STATUS_OK ||
            put_key(work, i, error) != STATUS_OK)
            return error->status;
        array_put_text(&work->ids, device->id);
        array_put_integer(&work->ptypes, device->ptype);
        array_put_text(&work->tags, device->tags);
        array_put_text(&work->product_names, device->product);
    }
    return STATUS_OK;
}

/* Whether the version that a device is said to run is of its product's scheme. */
static enum status check_scheme(const struct devices_work *work, size_t index, const char *scheme,
                                struct error *error)
{
    const char *version = work->devices[index].version;
    if (version == NULL || strcmp(version_scheme_name(version_scheme_of(version)), scheme) == 0)
        return STATUS_OK;
    char message[VERSION_TEXT_SIZE + 80];
    snprintf(message, sizeof message, "%s is of the version scheme %s, the device's product of %s", version,
             version_scheme_name(version_scheme_of(version)), scheme);
    return device_error(error, STATUS_INVALID, index, "version", message);
}

/* The first device whose product is not there, with the others like it. */
static enum status no_product(const struct devices_work *work, const struct store_rows *rows, size_t first,
                              struct error *error)
{
    struct places places = {0};
    char message[400];
    for (size_t i = first + 1; i < work->count; i++) {
        if (store_rows_integer(rows, (int64_t)i, 0) == 0)
            places_add(&places, i);
    }
    snprintf(message, sizeof message,
             "there is no product of this ptype, or none of this name: create it first%s",
             places_end(&places));
    return device_error(error, STATUS_INVALID, first,
                        work->devices[first].product != NULL ? "product" : "ptype", message);
}

static enum status find_products(struct devices_work *work, struct store *store, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, array_text(&work->ptypes));
    store_put_text(&parameters, array_text(&work->product_names));
    struct store_rows *rows;
    if (store_run(store, &SQL_PRODUCT_FOR_DEVICE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    array_reset(&work->products);
    for (size_t i = 0; i < work->count && status == STATUS_OK; i++) {
        int64_t found = store_rows_integer(rows, (int64_t)i, 0);
        if (found == 0)
            status = no_product(work, rows, i, error);
        else if (found > 1)
            status = device_error(error, STATUS_INVALID, i, "product",
                                  "several products have this ptype: name one");
        else
            status = check_scheme(work, i, store_rows_text(rows, (int64_t)i, 2), error);
        array_put_integer(&work->products, store_rows_integer(rows, (int64_t)i, 1));
    }
    store_rows_free(rows);
    return status;
}

static int compare_ids(const void *left, const void *right)
{
    const struct device_new *const *a = left, *const *b = right;
    int order = strcmp((*a)->id, (*b)->id);
    return order != 0 ? order : (*a > *b) - (*a < *b);
}

static enum status check_twice(const struct devices_work *work, struct error *error)
{
    const struct device_new **sorted = calloc(work->count, sizeof(const struct device_new *));
    if (sorted == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    for (size_t i = 0; i < work->count; i++)
        sorted[i] = &work->devices[i];
    qsort(sorted, work->count, sizeof(const struct device_new *), compare_ids);
    enum status status = STATUS_OK;
    for (size_t i = 1; i < work->count && status == STATUS_OK; i++) {
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) == 0)
            status = device_error(error, STATUS_CONFLICT, (size_t)(sorted[i] - work->devices), "id",
                                  "stands in this request twice");
    }
    free(sorted);
    return status;
}

/* Names the places of the devices that are registered already. */
static enum status explain_duplicate(struct devices_work *work, struct store *store, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, array_text(&work->ids));
    store_put_integer(&parameters, PLACES_NAMED);
    struct store_rows *rows;
    if (store_run(store, &SQL_DEVICE_EXISTING, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) > 0) {
        struct places places = {0};
        size_t first = (size_t)store_rows_integer(rows, 0, 0);
        char message[400];
        for (int64_t i = 1; i < store_rows_count(rows); i++)
            places_add(&places, (size_t)store_rows_integer(rows, i, 0));
        places.count = (size_t)store_rows_integer(rows, 0, 1) - 1;
        snprintf(message, sizeof message, "%s is registered already%s", work->devices[first].id,
                 places_end(&places));
        status = device_error(error, STATUS_CONFLICT, first, "id", message);
    }
    store_rows_free(rows);
    return status;
}

/* Keys that were brought along must be nobody's yet. */
static enum status check_given_keys(struct devices_work *work, struct store *store, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    if (!work->has_given_keys)
        return STATUS_OK;
    store_put_text(&parameters, array_text(&work->given_keys));
    if (store_run(store, &SQL_DEVICE_KEY_TAKEN, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) > 0)
        status = device_error(error, STATUS_CONFLICT, (size_t)store_rows_integer(rows, 0, 0), "key",
                              store_rows_boolean(rows, 0, 1) ? "stands in this request twice"
                                                             : "is, or was, a key of another device");
    store_rows_free(rows);
    return status;
}

static enum status register_devices(struct store *store, void *context, struct error *error)
{
    struct devices_work *work = context;
    if (find_products(work, store, error) != STATUS_OK ||
        explain_duplicate(work, store, error) != STATUS_OK ||
        check_given_keys(work, store, error) != STATUS_OK)
        return error->status;
    struct array *columns[] = {&work->ids,        &work->products,     &work->ptypes,  &work->tags,
                               &work->versions,   &work->orders,       &work->classes, &work->flash_kbs,
                               &work->flash_maps, &work->image_maxima, &work->keys};
    struct store_parameters parameters = {0};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        store_put_text(&parameters, array_text(columns[i]));
    enum status status = store_run(store, &SQL_DEVICE_REGISTER, &parameters, NULL, error);
    if (status == STATUS_CONFLICT)
        return error_set(error, STATUS_CONFLICT, "devices",
                         "one of them was registered at this moment: try again");
    if (status != STATUS_OK)
        return status;
    char object[80], detail[64];
    snprintf(object, sizeof object, "%s", work->devices[0].id);
    snprintf(detail, sizeof detail, "{\"devices\": %zu}", work->count);
    return audit_add(store, work->actor->name, "register_devices", object, "", detail, error);
}

enum status operate_devices_register(struct store *store, const struct actor *actor,
                                     struct device_new *devices, size_t count, struct error *error)
{
    if (count == 0)
        return error_set(error, STATUS_INVALID, "devices", "must hold at least one device");
    struct devices_work work = {.actor = actor, .devices = devices, .count = count};
    enum status status = collect_devices(&work, error);
    if (status == STATUS_OK)
        status = check_twice(&work, error);
    if (status == STATUS_OK)
        status = store_transaction(store, register_devices, &work, error);
    struct array *all[] = {&work.ids,       &work.products,   &work.ptypes,       &work.tags,
                           &work.versions,  &work.orders,     &work.classes,      &work.product_names,
                           &work.flash_kbs, &work.flash_maps, &work.image_maxima, &work.keys,
                           &work.given_keys};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        array_release(all[i]);
    return status;
}
