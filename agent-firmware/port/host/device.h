/* One simulated device: the agent core on simulated flash, a link to the broker, downloads, and its boots.
 * What differs between one real process and a fleet is in the hooks. */
#ifndef HOST_DEVICE_H
#define HOST_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "event_loop.h"
#include "flash.h"
#include "fota_agent.h"
#include "http_client.h"
#include "mqtt_link.h"
#include "public_key.h"

struct device;

struct device_hooks {
    /* Answers with device_set_health, at once or later. */
    void (*check_health)(struct device *device);
    /* The device goes down for a reboot: reports have left, the connection is closed. */
    void (*restart)(struct device *device);
    /* Optional. */
    enum fota_permission (*may_update)(struct device *device);
    /* Whether the image that has booted finds the network (no: a fault). NULL: it does. */
    bool (*connects)(struct device *device);
    void (*connected)(struct device *device);
    void (*happened)(struct device *device, enum fota_happening what, uint64_t campaign, uint32_t attempt);
    /* May change bytes on their way into the agent (a fault). */
    void (*data)(struct device *device, char *bytes, uint32_t length);
    void (*log)(struct device *device, enum fota_log_level level, const char *text);
    /* Whether the agent's HTTP request is for somebody else than the server (local/local_upgrade.h). */
    bool (*takes_http_start)(struct device *device, enum fota_http_method method);
    bool (*takes_http_stop)(struct device *device);
    /* Milliseconds that a restart should wait. */
    uint32_t (*reboot_delay)(struct device *device);
};

struct device {
    const struct device_hooks *hooks;
    struct event_loop *loop;
    struct http_client *http;
    const char *version; /* of the firmware it was made with */
    const struct public_keys *public_keys;
    struct fota_platform platform;
    struct flash flash;
    struct mqtt_link link;
    struct http_request request;
    struct loop_timer wake;
    struct loop_timer reboot_timer;
    bool running; /* between device_boot and a reboot */
    bool health_known;
    bool healthy;
    uint32_t min_uptime_seconds;
    uint32_t seed;
    struct fota_agent agent;
};

/* The core's port over a `struct device`. */
extern const struct fota_port device_port;
/* The same with scans remembered by the sector store; for devices with flash in RAM. */
extern const struct fota_port device_port_remembering;

/* Before: hooks, loop, http, version, public_keys, flash and platform are set. `id` is a valid device id.
 * False: no memory. */
bool device_open(struct device *device, struct mqtt_connector *connector, const char *id);
/* Runs the boot loader. Returns the slot that boots, 0 for none. */
int device_choose_slot(struct device *device);
/* Starts the agent in `slot` and connects. */
void device_boot(struct device *device, int slot, enum reset_reason reason);
/* Gives the agent an event that comes from elsewhere than link and server. Nothing while it does not run. */
void device_step(struct device *device, const struct fota_event *event);
/* Ends the delay of a restart that the agent has asked for, or makes it longer. */
void device_reboot_in(struct device *device, uint32_t milliseconds);
/* The answer to the hook check_health. */
void device_set_health(struct device *device, bool healthy);
/* The plug is pulled: the agent is gone, and the broker sends the last will. Not from inside the agent. */
void device_drop(struct device *device);
void device_free(struct device *device);

/* 1 to 64 characters of A-Z a-z 0-9 . _ - */
bool device_id_is_valid(const char *id);

#endif
