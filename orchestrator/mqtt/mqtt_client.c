#include "mqtt_client.h"

#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

enum {
    KEEPALIVE_SECONDS = 30,
    INFLIGHT_MAX = 500,
    STOP_WAIT_MILLISECONDS = 1000,
    POLL_MILLISECONDS = 500,
    RECONNECT_SECONDS = 1
};

struct mqtt_client {
    struct mosquitto *mosquitto;
    struct mqtt_options options;
    pthread_t thread;
    int wake; /* eventfd: something is to be sent */
    bool thread_started;
    atomic_bool stopping;
    atomic_bool connecting; /* the thread may be in mosquitto_connect, for as long as TCP tries */
    atomic_bool connected;
    atomic_uint connections;
    atomic_int subscriptions_wanted;
    atomic_long unacknowledged;
};

static const char *const subscriptions[] = {"$share/orchestrator/fota/v1/+/report", "fota/v1/+/presence"};
enum { SUBSCRIPTIONS = sizeof subscriptions / sizeof subscriptions[0] };

static void on_connect(struct mosquitto *mosquitto, void *context, int reason)
{
    struct mqtt_client *client = context;
    if (reason != 0) {
        log_write(LOG_ERROR, "broker_refused", "reason", mosquitto_connack_string(reason), NULL);
        return;
    }
    atomic_store(&client->unacknowledged, 0);
    atomic_store(&client->subscriptions_wanted, SUBSCRIPTIONS);
    for (int i = 0; i < SUBSCRIPTIONS; i++) {
        int result = mosquitto_subscribe(mosquitto, NULL, subscriptions[i], 1);
        if (result != MOSQ_ERR_SUCCESS)
            log_write(LOG_ERROR, "subscribe_failed", "topic", subscriptions[i], "reason",
                      mosquitto_strerror(result), NULL);
    }
}

static void on_subscribe(struct mosquitto *mosquitto, void *context, int message, int count,
                         const int *granted)
{
    struct mqtt_client *client = context;
    (void)mosquitto;
    (void)message;
    for (int i = 0; i < count; i++) {
        if (granted[i] > 2) {
            log_write(LOG_ERROR, "subscription_refused", "hint",
                      "the broker's access rules must let this user read "
                      "fota/v1/+/report and fota/v1/+/presence",
                      NULL);
            return;
        }
    }
    if (atomic_fetch_sub(&client->subscriptions_wanted, 1) == 1) {
        atomic_fetch_add(&client->connections, 1);
        atomic_store(&client->connected, true);
        log_write(LOG_INFO, "broker_connected", "host", client->options.host, NULL);
    }
}

static void on_disconnect(struct mosquitto *mosquitto, void *context, int reason)
{
    struct mqtt_client *client = context;
    (void)mosquitto;
    if (atomic_exchange(&client->connected, false))
        log_write(reason == 0 ? LOG_INFO : LOG_WARNING, "broker_disconnected", "reason",
                  mosquitto_strerror(reason), NULL);
}

static void on_message(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message)
{
    const struct mqtt_client *client = context;
    (void)mosquitto;
    client->options.receive(client->options.context, message->topic, message->payload,
                            (size_t)message->payloadlen);
}

static void on_publish(struct mosquitto *mosquitto, void *context, int message)
{
    struct mqtt_client *client = context;
    (void)mosquitto;
    (void)message;
    if (atomic_fetch_sub(&client->unacknowledged, 1) <= 0)
        atomic_store(&client->unacknowledged, 0); /* it was counted on an earlier connection */
}

static enum status configure(struct mqtt_client *client, struct error *error)
{
    const struct mqtt_options *options = &client->options;
    mosquitto_connect_callback_set(client->mosquitto, on_connect);
    mosquitto_subscribe_callback_set(client->mosquitto, on_subscribe);
    mosquitto_disconnect_callback_set(client->mosquitto, on_disconnect);
    mosquitto_message_callback_set(client->mosquitto, on_message);
    mosquitto_publish_callback_set(client->mosquitto, on_publish);
    mosquitto_max_inflight_messages_set(client->mosquitto, INFLIGHT_MAX);
    mosquitto_threaded_set(client->mosquitto, true);
    int result = mosquitto_int_option(client->mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
    if (result == MOSQ_ERR_SUCCESS && options->username != NULL)
        result = mosquitto_username_pw_set(client->mosquitto, options->username, options->password);
    if (result == MOSQ_ERR_SUCCESS && options->ca_file != NULL)
        result = mosquitto_tls_set(client->mosquitto, options->ca_file, NULL, NULL, NULL, NULL);
    if (result != MOSQ_ERR_SUCCESS)
        return error_set(error, STATUS_INVALID, "mqtt_url", "cannot be used: %s", mosquitto_strerror(result));
    return STATUS_OK;
}

static void wake(struct mqtt_client *client)
{
    uint64_t one = 1;
    if (write(client->wake, &one, sizeof one) < 0)
        return; /* it is at its maximum, and so awake already */
}

/* What mosquitto_loop does, with poll instead of select: with many HTTP connections open, the broker's
 * descriptor may be one that select cannot take. Returns when the connection is lost, or ended by the stop.
 */
static void serve_connection(struct mqtt_client *client)
{
    struct mosquitto *mosquitto = client->mosquitto;
    int result = MOSQ_ERR_SUCCESS, rounds_left = STOP_WAIT_MILLISECONDS / POLL_MILLISECONDS + 1;
    while (result == MOSQ_ERR_SUCCESS && mosquitto_socket(mosquitto) >= 0) {
        if (atomic_load(&client->stopping) && rounds_left-- == 0)
            return; /* the broker does not take the goodbye */
        struct pollfd polled[] = {{.fd = mosquitto_socket(mosquitto), .events = POLLIN},
                                  {.fd = client->wake, .events = POLLIN}};
        if (mosquitto_want_write(mosquitto))
            polled[0].events |= POLLOUT;
        if (poll(polled, 2, POLL_MILLISECONDS) < 0 && errno != EINTR)
            return;
        uint64_t wakes;
        if ((polled[1].revents & POLLIN) != 0 && read(client->wake, &wakes, sizeof wakes) < 0)
            polled[1].revents = 0; /* somebody else cannot have read it; nothing depends on it */
        if ((polled[0].revents & (POLLIN | POLLERR | POLLHUP)) != 0)
            result = mosquitto_loop_read(mosquitto, 1);
        if (result == MOSQ_ERR_SUCCESS && mosquitto_want_write(mosquitto))
            result = mosquitto_loop_write(mosquitto, 1);
        if (result == MOSQ_ERR_SUCCESS)
            result = mosquitto_loop_misc(mosquitto);
    }
}

static void *loop(void *context)
{
    struct mqtt_client *client = context;
    const struct mqtt_options *options = &client->options;
    bool told = false;
    for (;;) {
        atomic_store(&client->connecting, true); /* then look at `stopping`: one sees the other */
        int result = MOSQ_ERR_SUCCESS;
        if (!atomic_load(&client->stopping))
            result = mosquitto_connect(client->mosquitto, options->host, options->port, KEEPALIVE_SECONDS);
        bool stopping = atomic_load(&client->stopping);
        atomic_store(&client->connecting, false);
        if (stopping)
            return NULL; /* and touch nothing more: the stop may not have waited */
        if (result == MOSQ_ERR_SUCCESS) {
            serve_connection(client);
        } else if (!told) {
            log_write(LOG_WARNING, "broker_unreachable", "host", options->host, "reason",
                      result == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(result), NULL);
            told = true;
        }
        for (int i = 0; i < RECONNECT_SECONDS * 20 && !atomic_load(&client->stopping); i++)
            usleep(50000);
    }
}

enum status mqtt_client_start(const struct mqtt_options *options, struct mqtt_client **client,
                              struct error *error)
{
    mosquitto_lib_init();
    struct mqtt_client *made = calloc(1, sizeof *made);
    char id[64];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(id, sizeof id, "orchestrator-%ld-%lx", (long)getpid(), (unsigned long)now.tv_nsec);
    if (made == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    *client = made; /* the caller stops it, also after an error */
    made->options = *options;
    made->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (made->wake < 0)
        return error_set(error, STATUS_INTERNAL, NULL, "cannot make an eventfd: %m");
    made->mosquitto = mosquitto_new(id, true, made);
    if (made->mosquitto == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "cannot make an MQTT client: %m");
    if (configure(made, error) != STATUS_OK)
        return error->status;
    int result = pthread_create(&made->thread, NULL, loop, made);
    if (result != 0)
        return error_set(error, STATUS_INTERNAL, NULL, "cannot start the MQTT thread: %s", strerror(result));
    made->thread_started = true;
    return STATUS_OK;
}

bool mqtt_client_connected(const struct mqtt_client *client)
{
    return atomic_load(&client->connected);
}

unsigned mqtt_client_connections(const struct mqtt_client *client)
{
    return atomic_load(&client->connections);
}

void mqtt_client_publish(struct mqtt_client *client, const char *topic, const char *payload)
{
    if (!atomic_load(&client->connected)) {
        log_write(LOG_DEBUG, "publish_dropped", "topic", topic, "reason", "not connected", NULL);
        return;
    }
    atomic_fetch_add(&client->unacknowledged, 1);
    int result = mosquitto_publish(client->mosquitto, NULL, topic, (int)strlen(payload), payload, 1, false);
    wake(client);
    if (result != MOSQ_ERR_SUCCESS) {
        atomic_fetch_sub(&client->unacknowledged, 1);
        log_write(LOG_WARNING, "publish_failed", "topic", topic, "reason", mosquitto_strerror(result), NULL);
    }
}

void mqtt_client_stop(struct mqtt_client *client)
{
    if (client == NULL)
        return;
    for (int waited = 0; waited < STOP_WAIT_MILLISECONDS && atomic_load(&client->unacknowledged) > 0 &&
                         atomic_load(&client->connected);
         waited += 10)
        usleep(10000);
    atomic_store(&client->stopping, true);
    if (client->thread_started) {
        mosquitto_disconnect(client->mosquitto);
        wake(client);
        for (int waited = 0; waited < STOP_WAIT_MILLISECONDS && atomic_load(&client->connecting);
             waited += 10)
            usleep(10000);
        if (atomic_load(&client->connecting)) {
            pthread_detach(client->thread); /* a broker that swallows packets: it ends with the process */
            return;
        }
        pthread_join(client->thread, NULL);
    }
    mosquitto_destroy(client->mosquitto);
    if (client->wake >= 0)
        close(client->wake);
    mosquitto_lib_cleanup();
    free(client);
}
