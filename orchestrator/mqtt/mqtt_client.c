#include "mqtt_client.h"

#include <mosquitto.h>
#include <stdlib.h>

#include "mqtt_link.h"

/* Two connections: while reports wait to be stored nothing leaves on theirs, and commands must not wait. */
struct mqtt_client {
    struct mqtt_options options;
    struct mqtt_link *reports, *commands;
};

static const char *const subscriptions[] = {"$share/orchestrator/fota/v1/+/report", "fota/v1/+/presence"};
enum { SUBSCRIPTIONS = sizeof subscriptions / sizeof subscriptions[0] };

enum status mqtt_client_start(const struct mqtt_options *options, struct mqtt_client **client,
                              struct error *error)
{
    mosquitto_lib_init();
    struct mqtt_client *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    *client = made; /* the caller stops it, also after an error */
    made->options = *options;
    const struct mqtt_link_options commands = {&made->options, "commands", NULL, 0};
    const struct mqtt_link_options reports = {&made->options, "reports", subscriptions, SUBSCRIPTIONS};
    if (mqtt_link_start(&commands, &made->commands, error) != STATUS_OK)
        return error->status;
    return mqtt_link_start(&reports, &made->reports, error);
}

bool mqtt_client_connected(const struct mqtt_client *client)
{
    return mqtt_link_ready(client->reports) && mqtt_link_ready(client->commands);
}

unsigned mqtt_client_connections(const struct mqtt_client *client)
{
    return mqtt_link_connections(client->reports);
}

void mqtt_client_publish(struct mqtt_client *client, const char *topic, const char *payload)
{
    mqtt_link_publish(client->commands, topic, payload);
}

void mqtt_client_stored(struct mqtt_client *client, size_t count)
{
    mqtt_link_stored(client->reports, count);
}

void mqtt_client_stop(struct mqtt_client *client)
{
    if (client == NULL)
        return;
    bool ended = mqtt_link_stop(client->reports);
    if (!mqtt_link_stop(client->commands) || !ended)
        return;
    mosquitto_lib_cleanup();
    free(client);
}
