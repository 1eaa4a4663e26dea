/* The MQTT side: a connection for reports and one for commands, each with its own thread, which only hand
 * over and publish. */
#ifndef MQTT_CLIENT_H
#define MQTT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

struct mqtt_client;

struct mqtt_options {
    const char *host;
    int port;
    const char *username; /* NULL for none */
    const char *password;
    const char *ca_file; /* TLS when not NULL */
    /* Called in an MQTT thread for each report and presence message. May block: that is the back-pressure.
     * Each message is to be said to be stored once (mqtt_client_stored); before that its acknowledgement to
     * the broker does not leave. */
    void (*receive)(void *context, const char *topic, const void *payload, size_t size);
    void *context;
};

/* Starts the threads. They connect when the broker can be reached, again after every loss; one subscribes:
 * reports as a member of the shared group "orchestrator" with a clean session, presence plainly (retained
 * messages do not reach shared ones). */
/* *client is to be stopped with mqtt_client_stop, also after an error. */
enum status mqtt_client_start(const struct mqtt_options *options, struct mqtt_client **client,
                              struct error *error) MUST_CHECK;

/* Connected and subscribed. */
bool mqtt_client_connected(const struct mqtt_client *client);

/* How often it has connected and subscribed so far: a change says that messages may have been missed. */
unsigned mqtt_client_connections(const struct mqtt_client *client);

/* QoS 1, not retained. Dropped while not connected: what matters is sent again by the engine. Safe from any
 * thread. */
void mqtt_client_publish(struct mqtt_client *client, const char *topic, const char *payload);

/* So many of the messages handed over are stored, or never will be. Safe from any thread. */
void mqtt_client_stored(struct mqtt_client *client, size_t count);

/* Sends what is queued (for a second at most), disconnects, joins the threads. The receiver must not block
 * any more. */
void mqtt_client_stop(struct mqtt_client *client);

#endif
