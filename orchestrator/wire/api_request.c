#include "api_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash_map.h"
#include "json_scope.h"
#include "moment.h"
#include "policy_json.h"
#include "report.h"
#include "version.h"

static const char *keep(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, text);
}

static const char *read_text(struct json_scope *scope, const char *name, bool required, struct arena *arena)
{
    const char *text = NULL;
    json_scope_text(scope, name, required, &text);
    return keep(arena, text);
}

static int read_ptype(struct json_scope *scope, bool required)
{
    int64_t ptype = 0;
    if (json_scope_integer(scope, "ptype", required, &ptype) && (ptype < 0 || ptype > PTYPE_MAX)) {
        json_scope_refuse(scope, "ptype", "allowed is a whole number from 0 to 2147483647");
        return 0;
    }
    return (int)ptype;
}

/* Words that can be joined with commas and given on a command line. */
static bool tag_is_good(const json_t *tag)
{
    if (!json_is_string(tag))
        return false;
    const char *text = json_string_value(tag);
    size_t length = json_string_length(tag);
    return length >= 1 && length <= 64 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/+-") == length;
}

static const char *read_tags(struct json_scope *scope, struct arena *arena)
{
    json_t *array;
    if (!json_scope_array(scope, "tags", false, &array))
        return "";
    char joined[API_TAGS_MAX * 65 + 1] = "";
    size_t used = 0;
    if (json_array_size(array) > API_TAGS_MAX) {
        json_scope_refuse(scope, "tags", "allowed are at most 32 tags");
        return "";
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *tag = json_array_get(array, i);
        if (!tag_is_good(tag)) {
            char place[32];
            snprintf(place, sizeof place, "tags[%zu]", i);
            json_scope_refuse(scope, place,
                              "allowed is a string of 1 to 64 characters of A-Z a-z 0-9 . _ : / + -");
            return "";
        }
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", i == 0 ? "" : ",",
                                 json_string_value(tag));
    }
    return arena_copy(arena, joined);
}

/* The seed writes 0 or 1. */
static bool read_zero_or_one(struct json_scope *scope, const char *name)
{
    json_t *value = json_object_get(scope->object, name);
    if (json_is_boolean(value)) {
        bool given = false;
        json_scope_boolean(scope, name, false, &given);
        return given;
    }
    int64_t number = 0;
    if (json_scope_integer(scope, name, false, &number) && number != 0 && number != 1)
        json_scope_refuse(scope, name, "allowed is 0 or 1");
    return number == 1;
}

static int read_product_status(struct json_scope *scope, int absent)
{
    int64_t status = absent;
    if (json_scope_integer(scope, "status", false, &status) && status != 1 && status != 2)
        json_scope_refuse(scope, "status", "allowed is 1 (under development) or 2 (deployed)");
    return (int)status;
}

static void read_product(struct json_scope *outer, json_t *array, size_t index, struct arena *arena,
                         void *item)
{
    struct api_product *product = item;
    struct json_scope scope;
    json_scope_element(&scope, outer, "products", array, index);
    product->name = read_text(&scope, "name", false, arena);
    product->description = read_text(&scope, "description", false, arena);
    product->serial = read_text(&scope, "serial", false, arena);
    product->is_private = read_zero_or_one(&scope, "is_private");
    product->ptype = read_ptype(&scope, false);
    product->status = read_product_status(&scope, 1);
    product->version_scheme = read_text(&scope, "version_scheme", false, arena);
    product->max_version = read_text(&scope, "max_version", false, arena);
    product->require_signature = read_zero_or_one(&scope, "require_signature");
    json_scope_leave(&scope, outer);
}

static void read_device(struct json_scope *outer, json_t *array, size_t index, struct arena *arena,
                        void *item)
{
    struct api_device *device = item;
    struct json_scope scope;
    int64_t flash_kb = 0;
    json_scope_element(&scope, outer, "devices", array, index);
    device->id = read_text(&scope, "id", true, arena);
    device->ptype = read_ptype(&scope, true);
    device->product = read_text(&scope, "product", false, arena);
    device->version = read_text(&scope, "version", false, arena);
    device->tags = read_tags(&scope, arena);
    device->key = read_text(&scope, "key", false, arena);
    if (json_scope_integer(&scope, "flash_kb", false, &flash_kb) &&
        (flash_kb < 1 || flash_kb > FLASH_SIZE_KB_MAX))
        json_scope_refuse(&scope, "flash_kb", "allowed are 512, 1024, 2048, 4096, 8192 and 16384");
    device->flash_kb = (int)flash_kb;
    device->flash_map = read_text(&scope, "flash_map", false, arena);
    json_scope_leave(&scope, outer);
}

static json_t *read_list(struct json_scope *scope, const char *name, size_t most, size_t *count)
{
    json_t *array = NULL;
    *count = 0;
    if (!json_scope_array(scope, name, true, &array))
        return NULL;
    *count = json_array_size(array);
    if (*count < 1 || *count > most) {
        char message[64];
        snprintf(message, sizeof message, "has %zu elements; allowed are 1 to %zu", *count, most);
        json_scope_refuse(scope, name, message);
    }
    return array;
}

/* A document of one list: {"NAME": [item, ...]} of 1 to `most` items of `size` bytes each. */
struct item_list {
    const char *name;
    size_t most, size;
    void (*read)(struct json_scope *outer, json_t *array, size_t index, struct arena *arena, void *item);
};

static enum status read_items(const char *text, size_t length, const struct item_list *list,
                              struct arena *arena, void **items, size_t *count, struct error *error)
{
    json_t *document;
    struct json_scope scope;
    enum status status = json_read_document(text, length, &document, error);
    if (status != STATUS_OK)
        return status;
    json_scope_begin(&scope, document, "", error);
    json_t *array = read_list(&scope, list->name, list->most, count);
    char *bytes = NULL;
    if (scope.status == STATUS_OK)
        bytes = arena_allocate_array(arena, *count, list->size);
    for (size_t i = 0; i < *count && scope.status == STATUS_OK; i++)
        list->read(&scope, array, i, arena, bytes + i * list->size);
    *items = bytes;
    status = json_scope_end(&scope);
    json_decref(document);
    return status;
}

enum status api_products_parse(const char *text, size_t length, struct arena *arena,
                               struct api_products *products, struct error *error)
{
    static const struct item_list list = {"products", API_PRODUCTS_MAX, sizeof(struct api_product),
                                          read_product};
    void *items = NULL;
    enum status status = read_items(text, length, &list, arena, &items, &products->count, error);
    products->items = items;
    return status;
}

/* A document whose members `read` reads into `into`. */
static enum status read_members(const char *text, size_t length,
                                void (*read)(struct json_scope *scope, struct arena *arena, void *into),
                                struct arena *arena, void *into, struct error *error)
{
    json_t *document;
    struct json_scope scope;
    enum status status = json_read_document(text, length, &document, error);
    if (status != STATUS_OK)
        return status;
    json_scope_begin(&scope, document, "", error);
    read(&scope, arena, into);
    status = json_scope_end(&scope);
    json_decref(document);
    return status;
}

/* A text, or null for none; false when it is absent. */
static bool read_text_or_null(struct json_scope *scope, const char *name, struct arena *arena,
                              const char **text)
{
    *text = NULL;
    if (!json_scope_null(scope, name))
        *text = read_text(scope, name, false, arena);
    return json_object_get(scope->object, name) != NULL;
}

static void read_product_change(struct json_scope *scope, struct arena *arena, void *into)
{
    struct api_product_change *change = into;
    change->description = read_text(scope, "description", false, arena);
    change->has_serial = read_text_or_null(scope, "serial", arena, &change->serial);
    change->has_is_private = json_object_get(scope->object, "is_private") != NULL;
    change->is_private = read_zero_or_one(scope, "is_private");
    change->status = read_product_status(scope, 0);
    change->version_scheme = read_text(scope, "version_scheme", false, arena);
    change->has_max_version = read_text_or_null(scope, "max_version", arena, &change->max_version);
    change->has_require_signature = json_object_get(scope->object, "require_signature") != NULL;
    change->require_signature = read_zero_or_one(scope, "require_signature");
}

enum status api_product_change_parse(const char *text, size_t length, struct arena *arena,
                                     struct api_product_change *change, struct error *error)
{
    *change = (struct api_product_change){0};
    return read_members(text, length, read_product_change, arena, change, error);
}

enum status api_devices_parse(const char *text, size_t length, struct arena *arena,
                              struct api_devices *devices, struct error *error)
{
    static const struct item_list list = {"devices", API_DEVICES_MAX, sizeof(struct api_device), read_device};
    void *items = NULL;
    enum status status = read_items(text, length, &list, arena, &items, &devices->count, error);
    devices->items = items;
    return status;
}

static void read_device_ids(struct json_scope *scope, struct arena *arena, struct api_campaign *campaign)
{
    json_t *array;
    if (!json_scope_array(scope, "devices", false, &array))
        return;
    size_t count = json_array_size(array);
    char message[80];
    if (count < 1 || count > API_DEVICES_MAX) {
        snprintf(message, sizeof message, "has %zu elements; allowed are 1 to %d", count, API_DEVICES_MAX);
        json_scope_refuse(scope, "devices", message);
        return;
    }
    campaign->devices = arena_allocate_array(arena, count, sizeof(const char *));
    for (size_t i = 0; i < count; i++) {
        const char *id = json_string_value(json_array_get(array, i));
        if (id == NULL || !device_id_is_valid(id)) {
            snprintf(message, sizeof message, "devices[%zu]", i);
            json_scope_refuse(scope, message, "must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
            return;
        }
        campaign->devices[campaign->device_count++] = arena_copy(arena, id);
    }
}

/* Checked here so that the refusal names its path; stored as it was given. */
static const char *read_policy(struct json_scope *scope, struct arena *arena)
{
    json_t *document;
    struct policy policy;
    if (!json_scope_object(scope, "policy", true, &document))
        return NULL;
    scope->status = policy_json_read(document, "policy", &policy, scope->error);
    if (scope->status != STATUS_OK)
        return NULL;
    char *text = json_dumps(document, JSON_COMPACT);
    if (text == NULL)
        abort();
    const char *kept = arena_copy(arena, text);
    free(text);
    return kept;
}

static void read_moment(struct json_scope *scope, const char *name, int64_t *moment)
{
    const char *text;
    if (json_scope_text(scope, name, false, &text) && !moment_parse(text, moment))
        json_scope_refuse(scope, name, "allowed is a moment such as \"2026-12-01T02:00:00Z\"");
}

static void read_schedule(struct json_scope *scope, struct api_campaign *campaign)
{
    const char *at_end;
    read_moment(scope, "start_at", &campaign->start_at);
    read_moment(scope, "end_at", &campaign->end_at);
    if (!json_scope_text(scope, "at_end", false, &at_end))
        return;
    campaign->pauses_at_end = strcmp(at_end, "pause") == 0;
    if (!campaign->pauses_at_end && strcmp(at_end, "cancel") != 0)
        json_scope_refuse(scope, "at_end", "allowed is \"cancel\" or \"pause\"");
    else if (campaign->end_at == 0)
        json_scope_refuse(scope, "at_end", "allowed only beside end_at");
}

static void read_order(struct json_scope *scope, struct api_campaign *campaign)
{
    int64_t priority = PRIORITY_DEFAULT;
    const char *overlap;
    if (json_scope_integer(scope, "priority", false, &priority) && (priority < 0 || priority > PRIORITY_MAX))
        json_scope_refuse(scope, "priority", "allowed is 0 to 100");
    campaign->priority = (int)priority;
    campaign->seed = SEED_RANDOM;
    if (json_scope_integer(scope, "seed", false, &campaign->seed) &&
        (campaign->seed < 0 || campaign->seed > SEED_MAX))
        json_scope_refuse(scope, "seed", "allowed is 0 to 9007199254740991");
    campaign->overlap = OVERLAP_LEAVE_OUT;
    if (json_scope_text(scope, "overlap", false, &overlap) && !overlap_parse(overlap, &campaign->overlap))
        json_scope_refuse(scope, "overlap",
                          "allowed is \"leave-out\", \"refuse\", \"queue\" or \"take-over\"");
}

/* Who takes part, and how it goes. */
static void read_choice(struct json_scope *scope, struct arena *arena, void *into)
{
    struct api_campaign *campaign = into;
    const char *from = read_text(scope, "from", false, arena);
    const char *select = read_text(scope, "select", false, arena);
    campaign->firmware = read_text(scope, "firmware", true, arena);
    campaign->from = from != NULL ? from : "";
    campaign->select = select != NULL ? select : "";
    campaign->tags = read_tags(scope, arena);
    read_device_ids(scope, arena, campaign);
    campaign->policy = read_policy(scope, arena);
    read_order(scope, campaign);
}

static void read_plan_number(struct json_scope *scope, struct api_campaign *campaign)
{
    if (json_scope_integer(scope, "plan", true, &campaign->plan) && campaign->plan < 1)
        json_scope_refuse(scope, "plan", "allowed is the number of a plan");
    campaign->from = campaign->select = campaign->tags = "";
}

static void read_campaign(struct json_scope *scope, struct arena *arena, void *into)
{
    struct api_campaign *campaign = into;
    campaign->name = read_text(scope, "name", true, arena);
    if (json_object_get(scope->object, "plan") != NULL)
        read_plan_number(scope, campaign);
    else
        read_choice(scope, arena, campaign);
    json_scope_boolean(scope, "start", false, &campaign->start);
    read_schedule(scope, campaign);
}

enum status api_plan_parse(const char *text, size_t length, struct arena *arena, struct api_campaign *plan,
                           struct error *error)
{
    *plan = (struct api_campaign){0};
    return read_members(text, length, read_choice, arena, plan, error);
}

enum status api_campaign_parse(const char *text, size_t length, struct arena *arena,
                               struct api_campaign *campaign, struct error *error)
{
    *campaign = (struct api_campaign){0};
    return read_members(text, length, read_campaign, arena, campaign, error);
}

static void read_reason(struct json_scope *scope, struct arena *arena, void *into)
{
    const char **reason = into;
    *reason = read_text(scope, "reason", false, arena);
    if (*reason != NULL && strlen(*reason) > 1000)
        json_scope_refuse(scope, "reason", "allowed are at most 1000 characters");
}

enum status api_command_parse(const char *text, size_t length, struct arena *arena, const char **reason,
                              struct error *error)
{
    *reason = NULL;
    return length == 0 ? STATUS_OK : read_members(text, length, read_reason, arena, reason, error);
}

static void read_command_order(struct json_scope *scope, struct arena *arena, void *into)
{
    struct api_order *order = into;
    read_reason(scope, arena, &order->reason);
    json_scope_boolean(scope, "plan_only", false, &order->plan_only);
    json_scope_boolean(scope, "accept_no_success", false, &order->accept_no_success);
    order->has_stop_downloads = json_object_get(scope->object, "stop_downloads") != NULL;
    json_scope_boolean(scope, "stop_downloads", false, &order->stop_downloads);
}

enum status api_order_parse(const char *text, size_t length, struct arena *arena, struct api_order *order,
                            struct error *error)
{
    *order = (struct api_order){0};
    return length == 0 ? STATUS_OK : read_members(text, length, read_command_order, arena, order, error);
}

static void read_approval(struct json_scope *scope, struct arena *arena, void *into)
{
    struct api_approval *approval = into;
    approval->wave = read_text(scope, "wave", false, arena);
    read_reason(scope, arena, &approval->reason);
}

enum status api_approval_parse(const char *text, size_t length, struct arena *arena,
                               struct api_approval *approval, struct error *error)
{
    *approval = (struct api_approval){0};
    return length == 0 ? STATUS_OK : read_members(text, length, read_approval, arena, approval, error);
}

enum status api_public_key_parse(const char *text, size_t length, struct arena *arena,
                                 struct api_public_key *key, struct error *error)
{
    json_t *document;
    struct json_scope scope;
    enum status status = json_read_document(text, length, &document, error);
    if (status != STATUS_OK)
        return status;
    json_scope_begin(&scope, document, "", error);
    key->name = read_text(&scope, "name", true, arena);
    key->public_key = read_text(&scope, "public_key", true, arena);
    status = json_scope_end(&scope);
    json_decref(document);
    return status;
}
