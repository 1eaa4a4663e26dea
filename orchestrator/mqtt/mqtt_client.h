/* The MQTT side: connections for reports, for commands and for markers, each with its own thread, which only
 * hand over and publish. */
#ifndef MQTT_CLIENT_H
#define MQTT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct mqtt_client;
struct mqtt_census;

enum { MQTT_CLIENT_IDS = 3, MQTT_CLIENT_ID_SIZE = 64 };

struct mqtt_options {
    const char *host;
    int port;
    const char *username; /* NULL for none */
    const char *password;
    const char *ca_file; /* TLS when not NULL */
    const char *id;      /* of the orchestrator: part of its client ids and of its marker topic */
    bool held;           /* the reports' connection waits for mqtt_client_hold(client, false) */
    /* Called in an MQTT thread for each report and presence message. May block: that is the back-pressure.
     * Each message is to be said to be stored once (mqtt_client_stored); before that its acknowledgement to
     * the broker does not leave. */
    void (*receive)(void *context, const char *topic, const void *payload, size_t size);
    /* Called in the same thread for each marker that has come back: what the broker gave this orchestrator
     * before it has been received. NULL: none are published. */
    void (*marker)(void *context, int64_t moment);
    void *context;
};

/* Starts the threads. They connect when the broker can be reached, again after every loss; one subscribes to
 * reports and presence as a member of the shared group "orchestrator" with a clean session. It takes no
 * retained messages: reports would wait for those of the whole fleet. The client ids are mqtt_client_ids().
 */
/* *client is to be stopped with mqtt_client_stop, also after an error. */
enum status mqtt_client_start(const struct mqtt_options *options, struct mqtt_client **client,
                              struct error *error) MUST_CHECK;

/* The ids of all its connections. */
void mqtt_client_ids(const struct mqtt_client *client, const char *ids[MQTT_CLIENT_IDS]);

/* All connected, and subscribed. */
bool mqtt_client_connected(const struct mqtt_client *client);

/* Those that only publish are connected: the broker can be reached. */
bool mqtt_client_can_publish(const struct mqtt_client *client);

/* How often its connections have become ready so far: a change says that messages may have been missed. */
unsigned mqtt_client_connections(const struct mqtt_client *client);

/* QoS 1, not retained. Dropped while not connected: what matters is sent again by the engine. Safe from any
 * thread. */
void mqtt_client_publish(struct mqtt_client *client, const char *topic, const char *payload);

/* A message to this orchestrator itself, on a connection of its own, so that nothing waits before it. One at
 * a time: the next one when this one is acknowledged. */
void mqtt_client_publish_marker(struct mqtt_client *client, int64_t moment);

/* The newest marker that the broker has acknowledged; 0: none. */
int64_t mqtt_client_acknowledged(struct mqtt_client *client);

/* So many of the messages handed over are stored, or never will be. Safe from any thread. */
void mqtt_client_stored(struct mqtt_client *client, size_t count);

/* The reports' connection is dropped and stays away, unacknowledged; or comes back. */
void mqtt_client_hold(struct mqtt_client *client, bool held);

/* The reports' connection is made only until then (base/clock, milliseconds); one that stands is not touched.
 */
void mqtt_client_lease(struct mqtt_client *client, long long until);

/* Sends what is queued (for a second at most), disconnects, joins the threads. The receiver must not block
 * any more. */
void mqtt_client_stop(struct mqtt_client *client);

/* --- evictions -------------------------------------------------------------------------------------- */

struct mqtt_eviction;

/* Has the broker drop the client that is connected with that id, by connecting with it. `client_id` is
 * borrowed until the stop. *eviction is to be stopped, also after an error. */
enum status mqtt_eviction_start(const struct mqtt_options *options, const char *client_id,
                                struct mqtt_eviction **eviction, struct error *error) MUST_CHECK;
bool mqtt_eviction_done(const struct mqtt_eviction *eviction);
void mqtt_eviction_stop(struct mqtt_eviction *eviction);

/* --- the retained presence messages ----------------------------------------------------------------- */

/* Reads them once, on a slow connection of its own: `receive` may block for as long as it likes, and each
 * message is to be said to be stored, as above. *census is to be stopped, also after an error. */
enum status mqtt_census_start(const struct mqtt_options *options,
                              void (*receive)(void *context, const char *topic, const void *payload,
                                              size_t size),
                              void *context, struct mqtt_census **census, struct error *error) MUST_CHECK;

/* All of them have been handed over. */
bool mqtt_census_done(struct mqtt_census *census, struct mqtt_client *client);

/* The connection broke, and messages may be missing. */
bool mqtt_census_broken(const struct mqtt_census *census);

void mqtt_census_stored(struct mqtt_census *census, size_t count);
void mqtt_census_stop(struct mqtt_census *census);

#endif
