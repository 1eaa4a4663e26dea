#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "boot_loader.h"

static void schedule(struct device *device)
{
    uint64_t due = device->running ? fota_agent_wake_at(&device->agent) : UINT64_MAX;

    if (device->running && device->health_known)
        due = event_loop_now(device->loop);
    event_loop_set_timer(device->loop, &device->wake, due);
}

void device_step(struct device *device, const struct fota_event *event)
{
    if (!device->running)
        return;
    fota_agent_step(&device->agent, event_loop_now(device->loop), event);
    schedule(device);
}

static void on_wake(void *context)
{
    struct device *device = context;
    struct fota_event event = {.type = FOTA_EVENT_TIME};

    if (device->health_known) {
        event.type = FOTA_EVENT_HEALTH;
        event.healthy = device->healthy;
        device->health_known = false;
    }
    device_step(device, &event);
}

static void on_reboot_time(void *context)
{
    struct device *device = context;

    http_request_stop(&device->request);
    mqtt_link_close(&device->link);
}

void device_reboot_in(struct device *device, uint32_t milliseconds)
{
    event_loop_set_timer(device->loop, &device->reboot_timer, event_loop_now(device->loop) + milliseconds);
}

/* --- the port --------------------------------------------------------------------------------------- */

static bool port_flash_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    struct device *device = context;
    return flash_read(&device->flash, address, bytes, length);
}

static bool port_flash_erase(void *context, uint32_t sector_address)
{
    struct device *device = context;
    return flash_erase(&device->flash, sector_address);
}

static bool port_flash_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    struct device *device = context;
    return flash_program(&device->flash, address, bytes, length);
}

static bool port_http_start(void *context, enum fota_http_method method, const char *url, uint32_t first_byte)
{
    struct device *device = context;
    if (device->hooks->takes_http_start != NULL && device->hooks->takes_http_start(device, method))
        return true;
    return http_request_start(device->http, &device->request, method, url, first_byte);
}

static void port_http_stop(void *context)
{
    struct device *device = context;
    if (device->hooks->takes_http_stop == NULL || !device->hooks->takes_http_stop(device))
        http_request_stop(&device->request);
}

static void port_publish(void *context, const char *report, uint32_t length)
{
    struct device *device = context;
    mqtt_link_publish_report(&device->link, report, length);
}

static void port_check_health(void *context)
{
    struct device *device = context;
    device->hooks->check_health(device);
}

static enum fota_permission port_may_update(void *context)
{
    struct device *device = context;
    return device->hooks->may_update == NULL ? FOTA_MAY_UPDATE : device->hooks->may_update(device);
}

static void port_reboot(void *context)
{
    struct device *device = context;
    /* The agent and libmosquitto may be on the stack: go down from the loop. */
    device->running = false;
    device_reboot_in(device, device->hooks->reboot_delay == NULL ? 0 : device->hooks->reboot_delay(device));
}

static uint32_t port_random(void *context)
{
    uint32_t random;

    (void)context;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        fputs("no random bits from the system\n", stderr);
        abort();
    }
    return random;
}

static void port_log(void *context, enum fota_log_level level, const char *text)
{
    struct device *device = context;
    if (device->hooks->log != NULL)
        device->hooks->log(device, level, text);
}

static void port_happened(void *context, enum fota_happening what, uint64_t campaign, uint32_t attempt)
{
    struct device *device = context;
    if (device->hooks->happened != NULL)
        device->hooks->happened(device, what, campaign, attempt);
}

static void port_scan_add(void *context, struct image_scan *scan, const uint8_t *bytes, uint32_t length)
{
    struct device *device = context;
    sector_store_scan_add(device->flash.store, scan, bytes, length);
}

#define COMMON_PORT                                                                                          \
    .flash_read = port_flash_read, .flash_erase = port_flash_erase, .flash_program = port_flash_program,     \
    .http_start = port_http_start, .http_stop = port_http_stop, .publish = port_publish,                     \
    .check_health = port_check_health, .may_update = port_may_update, .reboot = port_reboot,                 \
    .random = port_random, .log = port_log, .happened = port_happened

const struct fota_port device_port = {COMMON_PORT};
const struct fota_port device_port_remembering = {COMMON_PORT, .scan_add = port_scan_add};

/* --- events ----------------------------------------------------------------------------------------- */

static bool on_connecting(void *context, char session[FOTA_SESSION_SIZE])
{
    struct device *device = context;

    fota_agent_begin_session(&device->agent, session);
    return true;
}

static void on_up(void *context)
{
    struct device *device = context;
    const struct fota_event event = {.type = FOTA_EVENT_CONNECTED};

    device_step(device, &event);
    if (device->hooks->connected != NULL)
        device->hooks->connected(device);
}

static void on_down(void *context)
{
    struct device *device = context;
    const struct fota_event event = {.type = FOTA_EVENT_DISCONNECTED};
    device_step(device, &event);
}

static void on_command(void *context, const char *bytes, uint32_t length)
{
    struct device *device = context;
    const struct fota_event event = {.type = FOTA_EVENT_COMMAND, .bytes = bytes, .length = length};
    device_step(device, &event);
}

static void on_closed(void *context)
{
    struct device *device = context;
    device->hooks->restart(device);
}

static const struct mqtt_link_events link_events = {
    .connecting = on_connecting, .up = on_up, .down = on_down, .command = on_command, .closed = on_closed};

static void on_http(void *context, const struct fota_event *event)
{
    struct device *device = context;

    if (event->type == FOTA_EVENT_HTTP_DATA && device->hooks->data != NULL)
        device->hooks->data(device, (char *)event->bytes, event->length);
    device_step(device, event);
}

bool device_open(struct device *device, struct mqtt_connector *connector, const char *id)
{
    uint32_t seed = 2166136261u;

    for (const char *at = id; *at != '\0'; at++)
        seed = (seed ^ (uint8_t)*at) * 16777619u;
    device->seed = seed;
    device->platform.context = device;
    device->wake = (struct loop_timer){.callback = on_wake, .context = device};
    device->reboot_timer = (struct loop_timer){.callback = on_reboot_time, .context = device};
    device->request = (struct http_request){.handle = on_http, .context = device};
    return mqtt_link_open(&device->link, connector, id, &link_events, device);
}

int device_choose_slot(struct device *device)
{
    return boot_loader_run(&device->platform);
}

void device_boot(struct device *device, int slot, enum reset_reason reason)
{
    const struct fota_setup setup = {
        .running_slot = slot,
        .reset_reason = reason,
        .version = device->version,
        .seed = device->seed,
        .min_uptime_seconds = device->min_uptime_seconds,
        .keys = device->public_keys->keys,
        .key_count = device->public_keys->count,
    };

    device->health_known = false;
    device->running = true;
    fota_agent_start(&device->agent, &device->platform, &setup, event_loop_now(device->loop));
    schedule(device);
    if (device->hooks->connects == NULL || device->hooks->connects(device))
        mqtt_link_connect(&device->link);
}

void device_set_health(struct device *device, bool healthy)
{
    device->health_known = true;
    device->healthy = healthy;
    event_loop_set_timer(device->loop, &device->wake, event_loop_now(device->loop));
}

void device_drop(struct device *device)
{
    device->running = false;
    http_request_stop(&device->request);
    event_loop_set_timer(device->loop, &device->wake, UINT64_MAX);
    event_loop_set_timer(device->loop, &device->reboot_timer, UINT64_MAX);
    mqtt_link_drop(&device->link);
}

void device_free(struct device *device)
{
    device->running = false;
    http_request_stop(&device->request);
    event_loop_set_timer(device->loop, &device->wake, UINT64_MAX);
    event_loop_set_timer(device->loop, &device->reboot_timer, UINT64_MAX);
    mqtt_link_free(&device->link);
    flash_close(&device->flash);
}

bool device_id_is_valid(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(id);

    return length >= 1 && length <= DEVICE_ID_MAX && strspn(id, allowed) == length;
}
