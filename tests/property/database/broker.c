#include "broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_policy.h"
#include "shifted_clock.h"

enum { KEEPALIVE_MILLISECONDS = 45000 };

void broker_start(struct broker *broker, struct orchestrator *orchestrators, uint64_t *random)
{
    *broker = (struct broker){.is_up = true, .orchestrators = orchestrators, .random = random};
}

void broker_release(struct broker *broker)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        network_release(&broker->connections[i].queue);
    network_release(&broker->wills);
    network_release(&broker->down);
}

/* --- connections ------------------------------------------------------------------------------------ */

struct connection *broker_connection_of(struct broker *broker, int orchestrator)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &broker->connections[i];
        if (connection->number != 0 && connection->owner == orchestrator)
            return connection;
    }
    return NULL;
}

static void drop(struct connection *connection)
{
    network_lose(&connection->queue, NULL);
    connection->number = 0;
    connection->is_held_back = false;
}

static void tell(struct broker *broker, int orchestrator, const char *what, int64_t number)
{
    struct message message = {.link = 0};
    snprintf(message.topic, sizeof message.topic, "%s", what);
    snprintf(message.payload, sizeof message.payload, "%lld", (long long)number);
    orchestrator_tell(&broker->orchestrators[orchestrator], &message);
}

static void drop_link(struct broker *broker, int orchestrator)
{
    struct connection *connection = broker_connection_of(broker, orchestrator);
    if (connection != NULL)
        drop(connection);
    if (broker->links[orchestrator] != 0)
        tell(broker, orchestrator, CONTROL_DOWN, 0);
    broker->links[orchestrator] = 0;
}

static void connect_reports(struct broker *broker, int orchestrator, const char *client)
{
    if (broker_connection_of(broker, orchestrator) != NULL)
        return;
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &broker->connections[i];
        if (connection->number != 0)
            continue;
        connection->number = ++broker->last_number;
        shifted_trace("%d: is connected as %s", orchestrator, client);
        connection->owner = orchestrator;
        snprintf(connection->client, sizeof connection->client, "%.31s", client);
        tell(broker, orchestrator, CONTROL_CONNECTED, connection->number);
        return;
    }
    abort();
}

/* Those that were dropped connect again by themselves. */
static void welcome(struct broker *broker)
{
    for (int i = 0; i < ORCHESTRATORS && broker->is_up; i++) {
        if (broker->links[i] != 0 || broker->orchestrators[i].pid == 0)
            continue;
        broker->links[i] = ++broker->last_number;
        tell(broker, i, CONTROL_UP, broker->links[i]);
    }
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &broker->connections[i];
        if (connection->number != 0 && connection->owner == GONE &&
            shifted_wall() - connection->gone_at > KEEPALIVE_MILLISECONDS)
            drop(connection);
    }
}

void broker_lose(struct broker *broker, int orchestrator, bool with_host)
{
    struct connection *connection = broker_connection_of(broker, orchestrator);
    if (connection != NULL && with_host) {
        connection->owner = GONE;
        connection->gone_at = shifted_wall();
    } else if (connection != NULL) {
        drop(connection);
    }
    broker->links[orchestrator] = 0;
}

void broker_break(struct broker *broker)
{
    for (int i = 0; i < ORCHESTRATORS; i++)
        drop_link(broker, i);
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        drop(&broker->connections[i]);
    network_lose(&broker->down, NULL);
    network_lose(&broker->wills, NULL);
    broker->is_up = false;
}

void broker_mend(struct broker *broker, bool forgets)
{
    if (forgets)
        memset(broker->retained, 0, sizeof broker->retained);
    broker->is_up = true;
    welcome(broker);
}

/* --- what is published ------------------------------------------------------------------------------ */

/* One of those that are subscribed gets it. */
static void distribute(struct broker *broker, const char *topic, const char *payload)
{
    struct connection *takers[CONNECTIONS_MAX];
    int count = 0;
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        if (broker->connections[i].number != 0)
            takers[count++] = &broker->connections[i];
    }
    if (count > 0)
        network_send(&takers[random_below(broker->random, count)]->queue, topic, payload);
}

void broker_publish(struct broker *broker, int device, const char *topic, const char *payload)
{
    if (!broker->is_up)
        return;
    if (strstr(topic, "/presence") != NULL)
        snprintf(broker->retained[device], sizeof broker->retained[device], "%.99s", payload);
    distribute(broker, topic, payload);
}

void broker_leave(struct broker *broker, int device, const char *id, const char *will, bool may_be_late)
{
    char topic[TOPIC_SIZE];
    snprintf(topic, sizeof topic, "fota/v1/%s/command", id);
    network_lose(&broker->down, topic);
    snprintf(topic, sizeof topic, "fota/v1/%s/presence", id);
    if (may_be_late && random_below(broker->random, 2) == 0)
        network_send(&broker->wills, topic, will);
    else
        broker_publish(broker, device, topic, will);
}

void broker_publish_will(struct broker *broker)
{
    struct message will;
    if (broker->wills.count == 0)
        return;
    network_take(&broker->wills, 0, &will);
    broker_publish(broker, atoi(strchr(will.topic, 'd') + 1) - 1, will.topic, will.payload);
}

/* --- what orchestrators send ------------------------------------------------------------------------ */

static void evict(struct broker *broker, int by, const char *client)
{
    struct message answer = {.topic = CONTROL_EVICTED};
    shifted_trace("%d has %s evicted", by, client);
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &broker->connections[i];
        if (connection->number == 0 || strcmp(connection->client, client) != 0)
            continue;
        if (connection->owner == GONE)
            drop(connection);
        else
            drop_link(broker, connection->owner);
    }
    snprintf(answer.payload, sizeof answer.payload, "%s", client);
    orchestrator_tell(&broker->orchestrators[by], &answer);
}

static void send_retained(struct broker *broker, int to)
{
    struct message message = {0};
    for (int i = 0; i < DEVICES_MAX; i++) {
        if (broker->retained[i][0] == '\0')
            continue;
        snprintf(message.topic, sizeof message.topic, "fota/v1/d%d/presence", i + 1);
        snprintf(message.payload, sizeof message.payload, "%s", broker->retained[i]);
        orchestrator_tell(&broker->orchestrators[to], &message);
    }
    tell(broker, to, CONTROL_CENSUS_END, 0);
}

static void take_marker(struct broker *broker, int from, const char *moment)
{
    struct connection *connection = broker_connection_of(broker, from);
    if (connection != NULL)
        network_send(&connection->queue, CONTROL_MARKER, moment);
    tell(broker, from, CONTROL_ACKNOWLEDGED, strtoll(moment, NULL, 10));
}

static void take(struct broker *broker, int from, const struct message *message)
{
    struct connection *connection = broker_connection_of(broker, from);
    if (strcmp(message->topic, ORCHESTRATOR_COMPLAINT) == 0)
        broker->complain(broker->context, message->payload);
    else if (message->link == 0 || message->link != broker->links[from])
        return; /* the connection that it was sent on is no more */
    else if (strcmp(message->topic, CONTROL_CONNECT) == 0)
        connect_reports(broker, from, message->payload);
    else if (strcmp(message->topic, CONTROL_DISCONNECT) == 0 && connection != NULL)
        drop(connection);
    else if (strcmp(message->topic, CONTROL_EVICT) == 0)
        evict(broker, from, message->payload);
    else if (strcmp(message->topic, CONTROL_CENSUS) == 0)
        send_retained(broker, from);
    else if (strcmp(message->topic, CONTROL_MARKER) == 0)
        take_marker(broker, from, message->payload);
    else if (strchr(message->topic, '/') != NULL && broker->publish(broker->context, message))
        network_send(&broker->down, message->topic, message->payload);
}

void broker_serve(struct broker *broker)
{
    struct message message;
    welcome(broker);
    for (int i = 0; i < ORCHESTRATORS; i++) {
        while (orchestrator_collect(&broker->orchestrators[i], &message))
            take(broker, i, &message);
    }
}

/* --- what is passed on ------------------------------------------------------------------------------ */

bool broker_pass_on(struct broker *broker, struct connection *connection, int place)
{
    if (connection->number == 0 || connection->owner == GONE || connection->is_held_back ||
        place >= connection->queue.count)
        return false;
    struct message *message = connection->queue.messages[place];
    message->link = connection->number;
    if (!orchestrator_deliver(&broker->orchestrators[connection->owner], message))
        return false; /* it does not take it now */
    broker->passed_on += strcmp(message->topic, CONTROL_MARKER) != 0;
    struct message taken;
    network_take(&connection->queue, place, &taken);
    return true;
}

void broker_pass_all_on(struct broker *broker)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        while (broker_pass_on(broker, &broker->connections[i], 0))
            continue;
    }
}
