/* The socket of the local upgrade: one connection at a time, a second one is told so and closed. */
#ifndef POSIX_LOCAL_SERVER_H
#define POSIX_LOCAL_SERVER_H

#include <netinet/in.h>
#include <stdbool.h>

#include "device.h"

struct local_server {
    struct local_upgrade upgrade;
    struct device *device; /* NULL: not open */
    int listener;
    int connection; /* -1: none */
    uint32_t sent;  /* of the answer */
};

/* PORT, then on 127.0.0.1, or ADDRESS:PORT with an IPv4 address. */
bool local_server_parse(const char *text, struct sockaddr_in *address);

/* Before device_boot. False: errno says why. Release with local_server_close. */
bool local_server_open(struct local_server *server, struct device *device, const struct sockaddr_in *address);
void local_server_close(struct local_server *server);

/* Sends what there is to answer; after each event of the device. */
void local_server_answer(struct local_server *server);

#endif
