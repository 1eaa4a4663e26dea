/* The agent as a part of a firmware that is built with Espressif's NONOS SDK. The firmware has Wi-Fi and an
 * MQTT client of its own, and gives this port what comes over them; flash, downloads, time and restarts are
 * done here. All of it runs in the SDK's one task. agent-firmware/PORTING.md has the steps. */
#ifndef FOTA_ESP8266_H
#define FOTA_ESP8266_H

#include "fota_agent.h"

struct fota_esp8266 {
    int running_slot;    /* the slot that this image is linked for: 1 in user1.bin, 2 in user2.bin */
    const char *version; /* of this firmware */
    const struct fota_flash_map
        *map; /* fota_map_256, fota_map_512 or fota_map_1024, as the chip was provisioned */
    uint32_t min_uptime_seconds;
    const struct fota_public_key *keys; /* may be NULL */
    uint32_t key_count;
    uint32_t seed; /* of the device, such as its chip id */
    /* Queues a report for fota/v1/DEVICE/report, QoS 1. */
    void (*publish)(const char *report, uint32_t length);
    /* Self test and vote of the application: answers with fota_esp8266_health, not from inside the call. */
    void (*check_health)(void);
    enum fota_permission (*may_update)(void); /* may be NULL */
};

/* Once, from user_init. `firmware` must stay. */
void fota_esp8266_start(const struct fota_esp8266 *firmware);
/* Before each attempt to connect to the broker: writes the session of that connection, for its last will,
 * presence and goodbye, {"online":true,"session":"9f3c0a5b.3"}. */
void fota_esp8266_connecting(char session[FOTA_SESSION_SIZE]);
/* Subscribed to fota/v1/DEVICE/command, and presence published; or no longer. */
void fota_esp8266_connected(bool connected);
/* A message has come on that topic. */
void fota_esp8266_command(const char *text, uint32_t length);
void fota_esp8266_health(bool healthy);

#endif
