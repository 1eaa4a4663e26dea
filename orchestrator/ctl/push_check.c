#include <stdlib.h>
#include <string.h>

#include "push.h"
#include "show.h"

static enum status fetch(const struct push *push, const char *prefix, const char *name, json_t **document,
                         struct error *error)
{
    char *path = show_path(prefix, name, "");
    enum status status = client_request(push->session->client, "GET", path, NULL, document, error);
    free(path);
    return status;
}

enum status push_fetch_device(const struct push *push, json_t **device, struct error *error)
{
    enum status status = fetch(push, "/v1/devices/", push->id, device, error);
    if (status == STATUS_NOT_FOUND)
        return error_set(error, status, NULL, "no device has the id %s", push->id);
    return status;
}

static enum status fetch_firmware(struct push *push, struct error *error)
{
    enum status status = fetch(push, "/v1/firmware/", push->to, &push->firmware, error);
    if (status == STATUS_NOT_FOUND)
        return error_set(error, status, NULL, "%s was never uploaded", push->to);
    return status;
}

/* The device says so too (step_missing); said before anything is downloaded, with the release that is to come
 * first. */
static enum status check_stepping_stone(const struct push *push, struct error *error)
{
    const char *current = show_text(push->before, "version");
    const char *requires = show_text(push->firmware, "requires");
    struct version runs, lowest;
    if (requires[0] == '\0')
        return STATUS_OK;
    if (current[0] == '\0')
        return error_set(error, STATUS_CONFLICT, NULL,
                         "it is not known what device %s runs, and %s may only follow %s or a later version",
                         push->id, push->to, requires);
    if (version_parse(current, &runs, error) != STATUS_OK)
        return error_context(error, "the version of device %s", push->id);
    if (version_parse(requires, &lowest, error) != STATUS_OK)
        return error_context(error, "what %s requires", push->to);
    if (runs.scheme == lowest.scheme && version_compare(&runs, &lowest) < 0)
        return error_set(error, STATUS_CONFLICT, NULL,
                         "device %s runs %s, and %s may only follow %s or a later version: push that first",
                         push->id, current, push->to, requires);
    return STATUS_OK;
}

static bool is_signed(const struct push *push)
{
    size_t index;
    const json_t *signature;
    json_array_foreach(json_object_get(push->firmware, "signatures"), index, signature)
    {
        if (json_is_true(json_object_get(signature, "valid")))
            return true;
    }
    return false;
}

/* What the device's product asks of releases that are rolled out holds on this way too. */
static enum status check_product(const struct push *push, struct error *error)
{
    json_t *product;
    struct version highest;
    const char *name = show_text(push->before, "product");
    enum status status = fetch(push, "/v1/products/", name, &product, error);
    if (status != STATUS_OK)
        return error_context(error, "product %s", name);
    const char *ceiling = show_text(product, "max_version");
    if (json_is_true(json_object_get(product, "require_signature")) && !is_signed(push))
        status = error_set(error, STATUS_CONFLICT, NULL,
                           "product %s requires signed releases, and no key in force has signed %s", name,
                           push->to);
    else if (ceiling[0] != '\0' &&
             version_parse_value(push->version.scheme, ceiling, &highest, error) == STATUS_OK &&
             version_compare(&push->version, &highest) > 0)
        status = error_set(error, STATUS_CONFLICT, NULL, "product %s takes no release above %s, and %s is",
                           name, ceiling, push->to);
    json_decref(product);
    return status;
}

enum status push_check(struct push *push, struct error *error)
{
    if (!version_is_local(&push->version))
        return error_set(error, STATUS_CONFLICT, NULL,
                         "%s is of class %c, which is not for upgrades over the LAN: those are l and a",
                         push->to, push->version.fota_class);
    enum status status = push_fetch_device(push, &push->before, error);
    if (status != STATUS_OK)
        return status;
    json_int_t ptype = json_integer_value(json_object_get(push->before, "ptype"));
    if (ptype != push->version.ptype)
        return error_set(error, STATUS_CONFLICT, NULL, "device %s is of ptype %lld, %s is for another",
                         push->id, (long long)ptype, push->to);
    status = fetch_firmware(push, error);
    if (status == STATUS_OK)
        status = check_stepping_stone(push, error);
    if (status == STATUS_OK)
        status = check_product(push, error);
    return status;
}
