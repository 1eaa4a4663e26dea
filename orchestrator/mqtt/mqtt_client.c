#include "mqtt_client.h"

#include <mosquitto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "mqtt_link.h"

enum { MARKER_TOPIC_SIZE = 96, MARK_AGAIN_MILLISECONDS = 5000 };

/* While reports wait to be stored nothing leaves on their connection, and commands must not wait; nor must a
 * marker wait behind ten thousand commands. */
struct mqtt_client {
    struct mqtt_options options;
    char ids[MQTT_CLIENT_IDS][MQTT_CLIENT_ID_SIZE];
    char marker_topic[MARKER_TOPIC_SIZE];
    const char *subscriptions[3];
    struct mqtt_link *reports, *commands, *markers;
};

#define REPORTS "$share/orchestrator/fota/v1/+/report"
#define PRESENCE "$share/orchestrator/fota/v1/+/presence"
#define RETAINED_PRESENCE "fota/v1/+/presence"

/* Five levels: no device's topic. */
static void make_marker_topic(const char *purpose, const char *id, char topic[MARKER_TOPIC_SIZE])
{
    snprintf(topic, MARKER_TOPIC_SIZE, "fota/v1/orchestrators/%s%s/marker", purpose, id);
}

static enum status start_link(struct mqtt_client *client, int number, const char *purpose,
                              struct mqtt_link_options options, struct mqtt_link **link, struct error *error)
{
    snprintf(client->ids[number], sizeof client->ids[number], "orchestrator-%s-%s", purpose,
             client->options.id);
    options.mqtt = &client->options;
    options.purpose = purpose;
    options.client_id = client->ids[number];
    return mqtt_link_start(&options, link, error);
}

enum status mqtt_client_start(const struct mqtt_options *options, struct mqtt_client **client,
                              struct error *error)
{
    mosquitto_lib_init();
    struct mqtt_client *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    *client = made; /* the caller stops it, also after an error */
    made->options = *options;
    make_marker_topic("", options->id, made->marker_topic);
    made->subscriptions[0] = REPORTS;
    made->subscriptions[1] = PRESENCE;
    made->subscriptions[2] = made->marker_topic;
    const struct mqtt_link_options publishes = {0};
    const struct mqtt_link_options reports = {
        .subscriptions = made->subscriptions,
        .subscription_count = options->marker != NULL ? 3 : 2,
        .held = options->held,
        .live_only = true,
        .receive = options->receive,
        .context = options->context,
        .marker_topic = options->marker != NULL ? made->marker_topic : NULL,
        .marker = options->marker,
    };
    if (start_link(made, 0, "commands", publishes, &made->commands, error) != STATUS_OK ||
        start_link(made, 1, "markers", publishes, &made->markers, error) != STATUS_OK)
        return error->status;
    return start_link(made, 2, "reports", reports, &made->reports, error);
}

void mqtt_client_ids(const struct mqtt_client *client, const char *ids[MQTT_CLIENT_IDS])
{
    for (int i = 0; i < MQTT_CLIENT_IDS; i++)
        ids[i] = client->ids[i];
}

bool mqtt_client_can_publish(const struct mqtt_client *client)
{
    return mqtt_link_ready(client->commands) && mqtt_link_ready(client->markers);
}

bool mqtt_client_connected(const struct mqtt_client *client)
{
    return mqtt_link_ready(client->reports) && mqtt_client_can_publish(client);
}

unsigned mqtt_client_connections(const struct mqtt_client *client)
{
    return mqtt_link_connections(client->reports) + mqtt_link_connections(client->commands) +
           mqtt_link_connections(client->markers);
}

void mqtt_client_publish(struct mqtt_client *client, const char *topic, const char *payload)
{
    mqtt_link_publish(client->commands, topic, payload);
}

void mqtt_client_publish_marker(struct mqtt_client *client, int64_t moment)
{
    mqtt_link_publish_marker(client->markers, client->marker_topic, moment);
}

int64_t mqtt_client_acknowledged(struct mqtt_client *client)
{
    return mqtt_link_acknowledged(client->markers);
}

void mqtt_client_stored(struct mqtt_client *client, size_t count)
{
    mqtt_link_stored(client->reports, count);
}

void mqtt_client_hold(struct mqtt_client *client, bool held)
{
    mqtt_link_hold(client->reports, held);
}

void mqtt_client_lease(struct mqtt_client *client, long long until)
{
    mqtt_link_lease(client->reports, until);
}

void mqtt_client_stop(struct mqtt_client *client)
{
    if (client == NULL)
        return;
    bool ended = mqtt_link_stop(client->reports);
    ended = mqtt_link_stop(client->markers) && ended;
    if (!mqtt_link_stop(client->commands) || !ended)
        return;
    mosquitto_lib_cleanup();
    free(client);
}

/* --- evictions -------------------------------------------------------------------------------------- */

struct mqtt_eviction {
    struct mqtt_link *link;
};

enum status mqtt_eviction_start(const struct mqtt_options *options, const char *client_id,
                                struct mqtt_eviction **eviction, struct error *error)
{
    const struct mqtt_link_options link = {.mqtt = options, .purpose = "eviction", .client_id = client_id};
    *eviction = calloc(1, sizeof **eviction);
    if (*eviction == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    return mqtt_link_start(&link, &(*eviction)->link, error);
}

bool mqtt_eviction_done(const struct mqtt_eviction *eviction)
{
    return mqtt_link_connections(eviction->link) > 0;
}

void mqtt_eviction_stop(struct mqtt_eviction *eviction)
{
    if (eviction == NULL || (eviction->link != NULL && !mqtt_link_stop(eviction->link)))
        return;
    free(eviction);
}

/* --- the retained presence messages ----------------------------------------------------------------- */

struct mqtt_census {
    struct mqtt_options options;
    char client_id[MQTT_CLIENT_ID_SIZE], marker_topic[MARKER_TOPIC_SIZE];
    const char *subscriptions[2];
    struct mqtt_link *link;
    void (*receive)(void *context, const char *topic, const void *payload, size_t size);
    void *context;
    long long marked_at;
    atomic_bool done;
};

static void note_done(void *context, int64_t moment)
{
    struct mqtt_census *census = context;
    (void)moment;
    atomic_store(&census->done, true);
}

static void hand_over(void *context, const char *topic, const void *payload, size_t size)
{
    const struct mqtt_census *census = context;
    census->receive(census->context, topic, payload, size);
}

enum status mqtt_census_start(const struct mqtt_options *options,
                              void (*receive)(void *context, const char *topic, const void *payload,
                                              size_t size),
                              void *context, struct mqtt_census **census, struct error *error)
{
    struct mqtt_census *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    *census = made;
    made->receive = receive;
    made->context = context;
    made->options = *options;
    snprintf(made->client_id, sizeof made->client_id, "orchestrator-census-%s", options->id);
    make_marker_topic("census-", options->id, made->marker_topic);
    made->subscriptions[0] = RETAINED_PRESENCE;
    made->subscriptions[1] = made->marker_topic;
    const struct mqtt_link_options link = {
        .mqtt = &made->options,
        .purpose = "census",
        .client_id = made->client_id,
        .subscriptions = made->subscriptions,
        .subscription_count = 2,
        .receive = hand_over,
        .context = made,
        .marker_topic = made->marker_topic,
        .marker = note_done,
    };
    return mqtt_link_start(&link, &made->link, error);
}

/* The broker queues the retained messages as it takes the subscription: what is published after that comes
 * after them. */
bool mqtt_census_done(struct mqtt_census *census, struct mqtt_client *client)
{
    long long now = clock_milliseconds();
    if (now - census->marked_at > MARK_AGAIN_MILLISECONDS && mqtt_link_ready(census->link)) {
        mqtt_link_publish(client->commands, census->marker_topic, "1"); /* lost where that is not connected */
        census->marked_at = now;
    }
    return atomic_load(&census->done);
}

bool mqtt_census_broken(const struct mqtt_census *census)
{
    unsigned connections = mqtt_link_connections(census->link);
    return connections > 1 || (connections == 1 && !mqtt_link_ready(census->link));
}

void mqtt_census_stored(struct mqtt_census *census, size_t count)
{
    mqtt_link_stored(census->link, count);
}

void mqtt_census_stop(struct mqtt_census *census)
{
    if (census == NULL || !mqtt_link_stop(census->link))
        return;
    free(census);
}
