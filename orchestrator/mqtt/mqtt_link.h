/* One connection to the broker, with its own thread: it connects when the broker can be reached, and again
 * after every loss. Inside mqtt only. */
#ifndef MQTT_LINK_H
#define MQTT_LINK_H

#include "mqtt_client.h"

struct mqtt_link;

struct mqtt_link_options {
    const struct mqtt_options *mqtt; /* borrowed until the stop */
    const char *purpose;             /* a word of the client id */
    const char *const *subscriptions;
    int subscription_count; /* 0 for a link that only publishes */
};

/* *link is to be stopped with mqtt_link_stop, also after an error. */
enum status mqtt_link_start(const struct mqtt_link_options *options, struct mqtt_link **link,
                            struct error *error) MUST_CHECK;

/* Connected, and subscribed to everything. */
bool mqtt_link_ready(const struct mqtt_link *link);

/* How often it has become ready. */
unsigned mqtt_link_connections(const struct mqtt_link *link);

/* See mqtt_client_publish. */
void mqtt_link_publish(struct mqtt_link *link, const char *topic, const char *payload);

/* See mqtt_client_stored. */
void mqtt_link_stored(struct mqtt_link *link, size_t count);

/* Sends what is queued (for a second at most), disconnects, joins the thread. False: the thread still looks
 * up the broker's name, and ends with the process. */
bool mqtt_link_stop(struct mqtt_link *link);

#endif
