/* One connection to the broker, with its own thread: it connects when the broker can be reached, and again
 * after every loss. Inside mqtt only. */
#ifndef MQTT_LINK_H
#define MQTT_LINK_H

#include <stdint.h>

#include "mqtt_client.h"

struct mqtt_link;

struct mqtt_link_options {
    const struct mqtt_options *mqtt; /* borrowed until the stop */
    const char *purpose;             /* a word of the log */
    const char *client_id;           /* borrowed */
    const char *const *subscriptions;
    int subscription_count; /* 0 for a link that only publishes */
    bool held;              /* does not connect before mqtt_link_hold(link, false) */
    bool live_only;         /* takes no retained messages: speaks MQTT 5, which lets a subscriber say so */
    /* Called in the link's thread, for each message that comes; see mqtt_options. NULL for a link that only
     * publishes. */
    void (*receive)(void *context, const char *topic, const void *payload, size_t size);
    void *context;
    /* One of the subscriptions, whose messages are markers: microseconds in decimal. NULL: none. */
    const char *marker_topic;
    void (*marker)(void *context, int64_t moment);
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

/* Publishes a marker; the moment of the newest one that the broker has acknowledged, 0 when there is none. */
void mqtt_link_publish_marker(struct mqtt_link *link, const char *topic, int64_t moment);
int64_t mqtt_link_acknowledged(struct mqtt_link *link);

/* See mqtt_client_stored. */
void mqtt_link_stored(struct mqtt_link *link, size_t count);

/* Disconnects and stays away, or connects again. */
void mqtt_link_hold(struct mqtt_link *link, bool held);

/* Connections are made only until then (base/clock, milliseconds); without this call at any time. */
void mqtt_link_lease(struct mqtt_link *link, long long until);

/* Sends what is queued (for a second at most), disconnects, joins the thread. False: the thread still looks
 * up the broker's name, and ends with the process. */
bool mqtt_link_stop(struct mqtt_link *link);

#endif
