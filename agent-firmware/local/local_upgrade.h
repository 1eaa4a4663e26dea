/* Upgrade over the LAN (seed, section 2.4, "Upgrade local"): a small HTTP endpoint that takes the place of
 * the server. It reads requests from the bytes of one connection at a time, gives the agent the command that
 * came with `start`, and answers the agent's HEAD and GET with the image that is pushed. All checks are the
 * agent's own. A firmware that does not link this file has no endpoint; docs/protocol.md has the requests.
 *
 * The port has a listening socket, and:
 * - asks local_upgrade_http_start first in its http_start, and local_upgrade_http_stop in its http_stop;
 * - in its reboot, waits for local_upgrade_reboot_delay milliseconds;
 * - calls local_upgrade_on_time as local_upgrade_wake_at says, and once after each step of the agent.
 * Nothing here blocks or allocates. */
#ifndef LOCAL_UPGRADE_H
#define LOCAL_UPGRADE_H

#include "fota_agent.h"

#if !FOTA_LOCAL_UPGRADE
#error "an agent with this endpoint is built with FOTA_LOCAL_UPGRADE=1"
#endif

#define LOCAL_HEAD_SIZE 512u   /* request line and headers */
#define LOCAL_IDLE_SECONDS 30u /* without a byte of the request: the connection is closed */
#define LOCAL_RESET_WAIT_SECONDS                                                                             \
    30u /* for `reset`, once the flag is flipped: then the device restarts by itself */

struct local_port {
    /* Sends all of it, sooner or later. */
    void (*send)(void *context, const char *bytes, uint32_t length);
    /* The answer is sent: close the connection after it, then call local_upgrade_closed. */
    void (*close)(void *context);
    /* Gives the agent an event, with the time of now (fota_agent_step). */
    void (*step)(void *context, const struct fota_event *event);
    /* The restart that the agent has asked for is to come now, once the answer has left. */
    void (*reboot_now)(void *context);
};

enum local_phase {
    LOCAL_READ_HEAD,
    LOCAL_READ_COMMAND, /* the body of `start` */
    LOCAL_READ_IMAGE,
    LOCAL_ANSWERED, /* nothing more is read */
};

struct local_upgrade {
    const struct local_port *port;
    void *context;
    const struct fota_agent *agent;
    bool is_open;    /* a connection */
    bool is_at_work; /* from a `start` that was taken to its end; the agent's HTTP requests are answered here
                      */
    bool is_reset;   /* the restart has been hastened: once */
    bool length_asked, image_asked; /* HEAD, GET of the agent wait */
    enum local_phase phase;
    uint64_t now, idle_at;
    uint32_t body_size, received;
    uint32_t length; /* of `text` */
    char text[FOTA_MESSAGE_SIZE > LOCAL_HEAD_SIZE ? FOTA_MESSAGE_SIZE : LOCAL_HEAD_SIZE];
};

/* All pointers are borrowed, and must stay. */
void local_upgrade_start(struct local_upgrade *local, const struct fota_agent *agent,
                         const struct local_port *port, void *context);

/* A connection. False: there is one already; close it. */
bool local_upgrade_opened(struct local_upgrade *local, uint64_t now);
/* Bytes of the connection. Returns how many were taken; the rest is to be given again once
 * local_upgrade_wants_bytes. */
uint32_t local_upgrade_take(struct local_upgrade *local, uint64_t now, const char *bytes, uint32_t length);
bool local_upgrade_wants_bytes(const struct local_upgrade *local);
/* The connection is gone, from either side. */
void local_upgrade_closed(struct local_upgrade *local, uint64_t now);

void local_upgrade_on_time(struct local_upgrade *local, uint64_t now);
/* In milliseconds, FOTA_NEVER when nothing is waited for. */
uint64_t local_upgrade_wake_at(const struct local_upgrade *local);

/* For the port's http_start and http_stop. False: the request is not for here. */
bool local_upgrade_http_start(struct local_upgrade *local, enum fota_http_method method);
bool local_upgrade_http_stop(struct local_upgrade *local);

/* Milliseconds that a restart which the agent asks for now should wait, so that `reset` may be said and
 * answered. */
uint32_t local_upgrade_reboot_delay(const struct local_upgrade *local);

#endif
