#include "routes.h"

#include <stdbool.h>
#include <string.h>

#include "operate.h"

enum {
    NO_BODY = 0,
    SMALL_BODY = 256 * 1024,
    DEVICES_BODY = 64 * 1024 * 1024, /* 200,000 devices with tags */
    FIRMWARE_BODY = FIRMWARE_FILES_MAX * FIRMWARE_FILE_SIZE_MAX + 64 * 1024
};

#define COMMAND(word, command, text)                                                                         \
    {                                                                                                        \
        "POST", "/v1/campaigns/{name}/" word, ACCESS_OPERATOR, SMALL_BODY, handle_campaign_command, command, \
            "", text                                                                                         \
    }

#define ROM_QUERY "action version filename is_format_simple"

#define RPC_QUERY "deliver_to_device action version device wait"

/* clang-format off: one route a row */
const struct http_route http_routes[] = {
    {"GET", "/healthz", ACCESS_PUBLIC, NO_BODY, handle_health, 0, "", "The process is alive"},
    {"GET", "/readyz", ACCESS_PUBLIC, NO_BODY, handle_ready, 0, "", "Database and broker can be used"},
    {"GET", "/v1/products", ACCESS_VIEWER, NO_BODY, handle_product_list, 0, "after limit", "List products"},
    {"POST", "/v1/products", ACCESS_ADMIN, SMALL_BODY, handle_product_create, 0, "", "Create products"},
    {"GET", "/v1/products/{name}", ACCESS_VIEWER, NO_BODY, handle_product_show, 0, "", "Show one product"},
    {"PATCH", "/v1/products/{name}", ACCESS_ADMIN, SMALL_BODY, handle_product_change, 0, "",
     "Change a product"},
    {"GET", "/v1/devices", ACCESS_VIEWER, NO_BODY, handle_device_list, 0, "ptype tag version after limit",
     "List devices"},
    {"POST", "/v1/devices", ACCESS_OPERATOR, DEVICES_BODY, handle_device_register, 0, "", "Register devices"},
    {"GET", "/v1/devices/{id}", ACCESS_VIEWER, NO_BODY, handle_device_show, 0, "", "Show one device"},
    {"POST", "/v1/devices/{id}/reboot", ACCESS_OPERATOR, SMALL_BODY, handle_device_reboot, 0, "wait",
     "Restart a device, and wait for its acknowledgement"},
    {"POST", "/v1/devices/{id}/release", ACCESS_OPERATOR, SMALL_BODY, handle_device_release, 0, "",
     "End the quarantine of a device"},
    {"POST", "/v1/devices/{id}/key", ACCESS_OPERATOR, SMALL_BODY, handle_device_key_issue, KEY_AS_JSON,
     "kind", "Issue a device key"},
    {"DELETE", "/v1/devices/{id}/key", ACCESS_OPERATOR, NO_BODY, handle_device_key_revoke, 0, "kind",
     "Revoke a device key"},
    {"POST", "/v1/devices/{id}/key.bin", ACCESS_OPERATOR, SMALL_BODY, handle_device_key_issue, KEY_AS_BIN, "",
     "Issue a master device key as master_device_key.bin"},
    {"GET", "/v1/firmware", ACCESS_VIEWER, NO_BODY, handle_firmware_list, 0, "after limit", "List firmware"},
    {"POST", "/v1/firmware", ACCESS_OPERATOR, FIRMWARE_BODY, handle_firmware_upload, 0, "",
     "Upload a firmware"},
    {"GET", "/v1/firmware/{version}", ACCESS_VIEWER, NO_BODY, handle_firmware_show, 0, "",
     "Show one firmware"},
    {"DELETE", "/v1/firmware/{version}", ACCESS_OPERATOR, NO_BODY, handle_firmware_delete, 0, "",
     "Delete a firmware that nothing uses"},
    {"POST", "/v1/firmware/{version}/current", ACCESS_OPERATOR, SMALL_BODY, handle_firmware_set_current, 0,
     "", "Make a firmware the current one of its ptype"},
    {"POST", "/v1/firmware/{version}/signatures", ACCESS_OPERATOR, SMALL_BODY, handle_signature_add, 0, "",
     "Add a further key's signature to a firmware"},
    {"GET", "/v1/keys", ACCESS_VIEWER, NO_BODY, handle_key_list, 0, "after limit", "List public keys"},
    {"POST", "/v1/keys", ACCESS_ADMIN, SMALL_BODY, handle_key_register, 0, "", "Register a public key"},
    {"GET", "/v1/keys/{name}", ACCESS_VIEWER, NO_BODY, handle_key_show, 0, "", "Show one public key"},
    {"POST", "/v1/keys/{name}/revoke", ACCESS_ADMIN, SMALL_BODY, handle_key_revoke, 0, "",
     "Revoke a public key"},
    {"GET", "/v1/images/{sha256}", ACCESS_IMAGE, NO_BODY, handle_image, 0, "device expires signature",
     "Download an image"},
    {"HEAD", "/v1/images/{sha256}", ACCESS_IMAGE, NO_BODY, handle_image, 0, "device expires signature",
     "Length and ETag of an image"},
    {"GET", "/v1/device/rpc", ACCESS_DEVICE, NO_BODY, handle_rpc, 0, RPC_QUERY,
     "Call a device, and wait for its acknowledgement"},
    {"POST", "/v1/device/rpc", ACCESS_DEVICE, SMALL_BODY, handle_rpc, 0, RPC_QUERY,
     "The same as GET; the body does not count"},
    {"GET", "/v1/device/rom", ACCESS_DEVICE, NO_BODY, handle_rom, 0, ROM_QUERY,
     "Download an image as stock firmware does, or the version to run"},
    {"HEAD", "/v1/device/rom", ACCESS_DEVICE, NO_BODY, handle_rom, 0, ROM_QUERY,
     "Length of an image, as stock firmware asks"},
    {"POST", "/v1/plans", ACCESS_OPERATOR, DEVICES_BODY, handle_plan_create, 0, "",
     "Plan a campaign without starting it"},
    {"GET", "/v1/plans/{plan}", ACCESS_VIEWER, NO_BODY, handle_plan_show, 0, "", "Show one plan"},
    {"GET", "/v1/plans/{plan}/devices", ACCESS_VIEWER, NO_BODY, handle_plan_devices, 0, "wave after limit",
     "List the devices of a plan"},
    {"GET", "/v1/plans/{plan}/left-out", ACCESS_VIEWER, NO_BODY, handle_plan_left_out, 0,
     "reason after limit", "List the devices that a plan leaves out, and why"},
    {"GET", "/v1/campaigns", ACCESS_VIEWER, NO_BODY, handle_campaign_list, 0, "after limit",
     "List campaigns, newest first"},
    {"POST", "/v1/campaigns", ACCESS_OPERATOR, DEVICES_BODY, handle_campaign_create, 0, "",
     "Create a campaign"},
    {"GET", "/v1/campaigns/{name}", ACCESS_VIEWER, NO_BODY, handle_campaign_show, 0, "",
     "Show one campaign with its waves"},
    {"GET", "/v1/campaigns/{name}/targets", ACCESS_VIEWER, NO_BODY, handle_campaign_targets, 0,
     "state wave after limit", "List the targets of a campaign"},
    COMMAND("start", CAMPAIGN_START, "Start a draft"),
    {"POST", "/v1/campaigns/{name}/approve", ACCESS_OPERATOR, SMALL_BODY, handle_campaign_approve, 0, "",
     "Approve a campaign's start, or one of its waves"},
    COMMAND("pause", CAMPAIGN_PAUSE, "Stop offering; withdraw offers not yet accepted"),
    COMMAND("resume", CAMPAIGN_RESUME, "Go on after a pause or a halt"),
    COMMAND("cancel", CAMPAIGN_CANCEL, "End the campaign and tell devices to stop"),
    COMMAND("rollback", CAMPAIGN_ROLLBACK, "Take updated devices back to what they ran before"),
    {"GET", "/v1/campaigns/{name}/rollback-plan", ACCESS_VIEWER, NO_BODY, handle_rollback_plan, 0, "",
     "What a rollback of a campaign would do"},
    {"GET", "/v1/campaigns/{name}/rollback-plan/devices", ACCESS_VIEWER, NO_BODY, handle_rollback_devices, 0,
     "way after limit", "List how each device of a campaign would go back"},
    {"GET", "/v1/fleet/status", ACCESS_VIEWER, NO_BODY, handle_fleet_status, 0, "",
     "Devices, versions and live campaigns"},
    {"GET", "/v1/audit", ACCESS_VIEWER, NO_BODY, handle_audit_list, 0, "after limit",
     "Who did what, newest first"},
};
/* clang-format on */
const int http_route_count = sizeof http_routes / sizeof http_routes[0];

/* Whether `path` fits the pattern; *value and *length are the segment that {name} took. */
static bool matches(const char *pattern, const char *path, const char **value, size_t *length)
{
    *value = NULL;
    while (*pattern != '\0') {
        if (*pattern == '{') {
            *value = path;
            *length = strcspn(path, "/");
            if (*length == 0)
                return false;
            path += *length;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return path[0] == '\0' || (path[0] == '/' && path[1] == '\0');
}

/* "GET, HEAD, POST" of a pattern; HEAD goes with every GET. */
static const char *allowed_methods(const char *pattern, struct arena *arena)
{
    const char *list = NULL;
    for (int i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        if (strcmp(route->pattern, pattern) != 0 || strcmp(route->method, "HEAD") == 0)
            continue;
        const char *methods = strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method;
        list = list == NULL ? methods : arena_format(arena, "%s, %s", list, methods);
    }
    return list;
}

const struct http_route *http_route_find(const char *method, const char *path, struct arena *arena,
                                         const char **parameter, const char **allow)
{
    const char *value;
    size_t length = 0;
    const struct http_route *head = NULL;
    *parameter = NULL;
    *allow = NULL;
    for (int i = 0; i < http_route_count; i++) {
        const struct http_route *route = &http_routes[i];
        if (!matches(route->pattern, path, &value, &length))
            continue;
        if (value != NULL)
            *parameter = arena_copy_bytes(arena, value, length);
        if (strcmp(route->method, method) == 0)
            return route;
        if (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0)
            head = route;
        *allow = allowed_methods(route->pattern, arena);
    }
    if (head != NULL)
        *allow = NULL;
    return head;
}
