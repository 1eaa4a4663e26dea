/* The socket of the endpoint for upgrades over the LAN (local/local_upgrade.h). */
#ifndef POSIX_LOCAL_SERVER_H
#define POSIX_LOCAL_SERVER_H

#include "device.h"
#include "local_upgrade.h"

struct local_server {
    struct local_upgrade upgrade;
    struct device *device;
    struct loop_timer timer;
    int listener, connection; /* -1: none */
    bool is_on;
    bool is_answered; /* the connection is to be closed once the other side has read */
    char bytes[4096]; /* read and not taken yet */
    uint32_t first, count;
};

/* Listens on `address`: PORT (on 127.0.0.1) or ADDRESS:PORT, IPv4. The device is open and its agent started.
 * False: says why in `message`. */
bool local_server_start(struct local_server *server, struct device *device, const char *address,
                        char *message, size_t size);
/* Whether `address` has that form. */
bool local_server_address_is_valid(const char *address);

/* For the device's hooks; they do nothing where there is no endpoint. */
bool local_server_takes_http_start(struct local_server *server, enum fota_http_method method);
bool local_server_takes_http_stop(struct local_server *server);
uint32_t local_server_reboot_delay(const struct local_server *server);

#endif
