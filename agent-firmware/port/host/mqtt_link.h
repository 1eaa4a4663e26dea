/* The MQTT side of docs/protocol.md for one device, over libmosquitto in the shared event loop: connect, last
 * will, subscribe, presence, reports out, commands in, reconnect with back-off. Many links share a connector,
 * which lets only so many connect at a time. */
#ifndef HOST_MQTT_LINK_H
#define HOST_MQTT_LINK_H

#include <mosquitto.h>
#include <stdbool.h>
#include <stdint.h>

#include "event_loop.h"
#include "report.h"

#define MQTT_TOPIC_SIZE 96
#define DEVICE_ID_MAX 64
#define MQTT_BACK_OFF_LAST 30000u /* milliseconds */

struct mqtt_link;

struct mqtt_connector {
    struct event_loop *loop;
    char host[256];
    int port;
    const char *username;      /* NULL: the device id, as the protocol has it */
    const char *password;      /* NULL: none */
    uint32_t source_addresses; /* connect from 127.0.0.2 and so many after it in turn; 0: whatever the system
                                  takes */
    uint32_t reconnect_milliseconds; /* first delay: see mqtt_link_back_off; 0 to MQTT_BACK_OFF_LAST */
    uint32_t pending;                /* connects under way */
    uint32_t links;
    bool pumping;
    struct mqtt_link *first_waiting, *last_waiting;
};

enum mqtt_link_state {
    LINK_OFF,
    LINK_WAITING, /* for its turn to connect, or for its back-off */
    LINK_CONNECTING,
    LINK_UP,
    LINK_CLOSING, /* waits for the last acknowledgements */
};

struct mqtt_link_events {
    /* About to connect: fills in the session of that connection, empty for a device without sessions. False:
     * there is no device to connect now; tried again after the back-off. */
    bool (*connecting)(void *context, char session[FOTA_SESSION_SIZE]);
    void (*up)(void *context);   /* subscribed, presence published */
    void (*down)(void *context); /* lost; it reconnects by itself */
    void (*command)(void *context, const char *bytes, uint32_t length);
    void (*closed)(void *context); /* after mqtt_link_close */
};

struct mqtt_link {
    struct mqtt_connector *connector;
    const struct mqtt_link_events *events;
    void *context;
    struct mosquitto *mosquitto;
    enum mqtt_link_state state;
    int watched; /* descriptor, -1 none */
    uint32_t watched_events;
    struct loop_timer timer;
    uint64_t state_until; /* connecting and closing: give up then */
    uint32_t delay;
    uint32_t unacknowledged; /* publishes without PUBACK */
    bool failed;             /* noticed in a callback, handled after it */
    bool in_queue;
    struct mqtt_link *next; /* in the connector's queue */
    char device[DEVICE_ID_MAX + 1];
    char source[16];
    char session[FOTA_SESSION_SIZE]; /* of the connection */
};

/* "HOST:PORT". False: not of that form. */
bool mqtt_connector_parse(struct mqtt_connector *connector, const char *host_and_port);

/* Returns the wait before the next attempt to connect, in milliseconds: `random` picks it from half of
 * `*delay` to all of it, so that the devices of a broker that was away do not all return at once. Doubles
 * `*delay`, up to MQTT_BACK_OFF_LAST. */
uint32_t mqtt_link_back_off(uint32_t *delay, uint32_t random);

/* False: no memory. `device` is a valid device id. */
bool mqtt_link_open(struct mqtt_link *link, struct mqtt_connector *connector, const char *device,
                    const struct mqtt_link_events *events, void *context);
/* Connects, and stays connected until closed or dropped. */
void mqtt_link_connect(struct mqtt_link *link);
void mqtt_link_publish_report(struct mqtt_link *link, const char *text, uint32_t length);
/* Presence false, then disconnect, once everything is acknowledged or 2 s have passed; then `closed`. Not
 * from inside an event. */
void mqtt_link_close(struct mqtt_link *link);
/* The plug is pulled: no DISCONNECT, nothing flushed. Not from inside an event. The link can connect again.
 */
void mqtt_link_drop(struct mqtt_link *link);
/* Releases everything. Not from inside an event. */
void mqtt_link_free(struct mqtt_link *link);

#endif
