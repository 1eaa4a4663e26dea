/* Request bodies of the HTTP API, read strictly: unknown members, wrong types and missing members are refused
 * with their path in error->field. Texts live in `arena`. What the values mean is checked by the engine. */
#ifndef WIRE_API_REQUEST_H
#define WIRE_API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "overlap.h"
#include "plan.h"
#include "status.h"

#define API_PRODUCTS_MAX 1000
#define API_DEVICES_MAX 200000
#define API_TAGS_MAX 32

/* POST /v1/products: the seed's body, {"products": [{...}]}. All members are optional; NULL when not given.
 */
struct api_product {
    const char *name, *description, *serial;
    bool is_private; /* the seed's 0 or 1; true and false are read too */
    int ptype;
    int status;                               /* 1 or 2 */
    const char *version_scheme, *max_version; /* not the seed's, as the next */
    bool require_signature;
};

struct api_products {
    struct api_product *items;
    size_t count;
};

enum status api_products_parse(const char *text, size_t length, struct arena *arena,
                               struct api_products *products, struct error *error) MUST_CHECK;

/* PATCH /v1/products/{name}: any members of a product but its name and ptype; null removes a serial or a
 * ceiling. */
struct api_product_change {
    const char *description;
    bool has_serial, has_max_version, has_is_private, has_require_signature;
    const char *serial, *max_version;
    bool is_private, require_signature;
    int status; /* 0 when not given */
    const char *version_scheme;
};

enum status api_product_change_parse(const char *text, size_t length, struct arena *arena,
                                     struct api_product_change *change, struct error *error) MUST_CHECK;

/* POST /v1/devices: {"devices": [{"id", "ptype", "product"?, "version"?, "tags"?: [...], "key"?, "flash_kb"?,
 * "flash_map"?}]} */
struct api_device {
    const char *id;
    int ptype;
    const char *product, *version; /* NULL when not given */
    const char *tags;              /* comma-separated */
    const char *key;               /* NULL when not given */
    int flash_kb;                  /* 0 when not given */
    const char *flash_map;         /* NULL when not given */
};

struct api_devices {
    struct api_device *items;
    size_t count;
};

enum status api_devices_parse(const char *text, size_t length, struct arena *arena,
                              struct api_devices *devices, struct error *error) MUST_CHECK;

/* POST /v1/keys: {"name", "public_key": PEM} */
struct api_public_key {
    const char *name, *public_key;
};

enum status api_public_key_parse(const char *text, size_t length, struct arena *arena,
                                 struct api_public_key *key, struct error *error) MUST_CHECK;

/* POST /v1/campaigns: {"name", "firmware", "from"?, "tags"?: [...], "devices"?: [...], "select"?, "policy",
 * "seed"?, "priority"?, "overlap"?, "start"?, "start_at"?, "end_at"?, "at_end"?}, or {"name", "plan", and the
 * last four} */
struct api_campaign {
    const char *name, *firmware;
    const char *from;     /* "" when not given */
    const char *tags;     /* comma-separated, "" when not given */
    const char **devices; /* device ids */
    size_t device_count;
    const char *policy; /* the document as given */
    bool start;
    const char *select; /* "" when not given */
    int64_t plan; /* 0 when not given; else firmware and policy are NULL and what selects devices is empty */
    int64_t start_at, end_at; /* Unix seconds; 0 when not given */
    bool pauses_at_end;
    int64_t seed; /* SEED_RANDOM when not given */
    int priority; /* 0 to PRIORITY_MAX */
    enum overlap overlap;
};

enum status api_campaign_parse(const char *text, size_t length, struct arena *arena,
                               struct api_campaign *campaign, struct error *error) MUST_CHECK;

/* POST /v1/campaigns/{name}/COMMAND: nothing at all, or {"reason"?}. *reason is NULL when not given. */
enum status api_command_parse(const char *text, size_t length, struct arena *arena, const char **reason,
                              struct error *error) MUST_CHECK;

/* The same with what pause and resume take: {"reason"?, "plan_only"?, "stop_downloads"?,
 * "accept_no_success"?}.
 */
struct api_order {
    const char *reason;
    bool plan_only, accept_no_success;
    bool has_stop_downloads, stop_downloads;
};

enum status api_order_parse(const char *text, size_t length, struct arena *arena, struct api_order *order,
                            struct error *error) MUST_CHECK;

/* POST /v1/plans: the members of a campaign that say who and how: firmware, from, select, tags, devices,
 * policy, seed, priority, overlap. */
enum status api_plan_parse(const char *text, size_t length, struct arena *arena, struct api_campaign *plan,
                           struct error *error) MUST_CHECK;

/* POST /v1/campaigns/{name}/approve: nothing at all, or {"wave"?, "reason"?}. NULL when not given. */
struct api_approval {
    const char *wave, *reason;
};

enum status api_approval_parse(const char *text, size_t length, struct arena *arena,
                               struct api_approval *approval, struct error *error) MUST_CHECK;

#endif
