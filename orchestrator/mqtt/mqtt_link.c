#include "mqtt_link.h"

#include <errno.h>
#include <limits.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

enum {
    KEEPALIVE_SECONDS = 30,
    INFLIGHT_MAX = 100,        /* libmosquitto walks over all of them at every acknowledgement */
    UNACKNOWLEDGED_MAX = 2000, /* messages taken before their acknowledgements must have left */
    READS_MAX = 100,           /* packets, before there is a look at what is to be written */
    STOP_WAIT_MILLISECONDS = 1000,
    POLL_MILLISECONDS = 500,
    RECONNECT_SECONDS = 1,
    CONNECT_SECONDS = 10, /* until subscribed */
    /* A broker that vanishes without a word is noticed after 20 to 25 seconds, whether something is to be
     * sent or not. MQTT's own pings take up to a minute, and are not sent while a message is not stored. */
    PROBE_IDLE_SECONDS = 10,
    PROBE_SECONDS = 5,
    PROBES = 3,
    UNSENT_MILLISECONDS = 20000
};

struct mqtt_link {
    struct mosquitto *mosquitto;
    struct mqtt_link_options options;
    pthread_t thread;
    int wake;          /* eventfd: something is to be sent */
    atomic_bool woken; /* and the thread has not looked since */
    bool thread_started;
    atomic_bool stopping;
    atomic_bool connecting; /* the thread may be looking up the broker's name, for as long as that takes */
    atomic_bool ready;
    atomic_uint connections;
    atomic_int subscriptions_wanted;
    atomic_long unpublished; /* messages to the broker that it has not acknowledged */
    atomic_long unstored;    /* messages from the broker that were handed over, and are not stored */
    /* Of this connection, the thread's own: messages taken since the output began to hold an acknowledgement;
     * 0 when it holds none. Messages at QoS 0 alone count nothing, as no acknowledgement would reset it.
     * Behind an acknowledgement they count: it leaves when all is stored, and a stream of them must not put
     * that off for ever. */
    int unacknowledged;
    atomic_bool held;
    atomic_llong lease; /* no connection is made after it; 0: at any time */
    /* Guards the rest: the broker may acknowledge a marker before its number is known. */
    pthread_mutex_t marker_mutex;
    int marker_message;
    int64_t marker_moment, marker_acknowledged;
};

static void become_ready(struct mqtt_link *link)
{
    atomic_fetch_add(&link->connections, 1);
    atomic_store(&link->ready, true);
    log_write(LOG_INFO, "broker_connected", "host", link->options.mqtt->host, "for", link->options.purpose,
              NULL);
}

static void on_connect(struct mosquitto *mosquitto, void *context, int reason)
{
    struct mqtt_link *link = context;
    int count = link->options.subscription_count;
    if (reason != 0) {
        log_write(LOG_ERROR, "broker_refused", "reason", mosquitto_connack_string(reason), NULL);
        return;
    }
    atomic_store(&link->unpublished, 0);
    atomic_store(&link->subscriptions_wanted, count);
    if (count == 0)
        become_ready(link);
    /* mosquitto 2.0 sends retained messages to shared subscriptions, too, unless told not to. */
    int retained = link->options.live_only ? MQTT_SUB_OPT_SEND_RETAIN_NEVER : MQTT_SUB_OPT_SEND_RETAIN_ALWAYS;
    for (int i = 0; i < count; i++) {
        int result =
            mosquitto_subscribe_v5(mosquitto, NULL, link->options.subscriptions[i], 1, retained, NULL);
        if (result != MOSQ_ERR_SUCCESS)
            log_write(LOG_ERROR, "subscribe_failed", "topic", link->options.subscriptions[i], "reason",
                      mosquitto_strerror(result), NULL);
    }
}

static void on_subscribe(struct mosquitto *mosquitto, void *context, int message, int count,
                         const int *granted)
{
    struct mqtt_link *link = context;
    (void)mosquitto;
    (void)message;
    for (int i = 0; i < count; i++) {
        if (granted[i] > 2) {
            log_write(LOG_ERROR, "subscription_refused", "hint",
                      "the broker's access rules must let this user read "
                      "fota/v1/+/report, fota/v1/+/presence and fota/v1/orchestrators/+/marker",
                      NULL);
            return;
        }
    }
    if (atomic_fetch_sub(&link->subscriptions_wanted, 1) == 1)
        become_ready(link);
}

static void on_disconnect(struct mosquitto *mosquitto, void *context, int reason)
{
    struct mqtt_link *link = context;
    (void)mosquitto;
    if (atomic_exchange(&link->ready, false))
        log_write(reason == 0 ? LOG_INFO : LOG_WARNING, "broker_disconnected", "reason",
                  mosquitto_strerror(reason), "for", link->options.purpose, NULL);
}

static void on_message(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message)
{
    struct mqtt_link *link = context;
    const struct mqtt_link_options *options = &link->options;
    (void)mosquitto;
    if (message->qos > 0 || link->unacknowledged > 0)
        link->unacknowledged++;
    if (options->marker_topic != NULL && strcmp(message->topic, options->marker_topic) == 0) {
        char text[24];
        snprintf(text, sizeof text, "%.*s", message->payloadlen, (const char *)message->payload);
        options->marker(options->context, strtoll(text, NULL, 10));
        return;
    }
    atomic_fetch_add(&link->unstored, 1);
    options->receive(options->context, message->topic, message->payload, (size_t)message->payloadlen);
}

static void on_publish(struct mosquitto *mosquitto, void *context, int message)
{
    struct mqtt_link *link = context;
    (void)mosquitto;
    if (atomic_fetch_sub(&link->unpublished, 1) <= 0)
        atomic_store(&link->unpublished, 0); /* it was counted on an earlier connection */
    pthread_mutex_lock(&link->marker_mutex);
    if (link->marker_message == message)
        link->marker_acknowledged = link->marker_moment;
    pthread_mutex_unlock(&link->marker_mutex);
}

static enum status configure(struct mqtt_link *link, struct error *error)
{
    const struct mqtt_options *options = link->options.mqtt;
    mosquitto_connect_callback_set(link->mosquitto, on_connect);
    mosquitto_subscribe_callback_set(link->mosquitto, on_subscribe);
    mosquitto_disconnect_callback_set(link->mosquitto, on_disconnect);
    mosquitto_message_callback_set(link->mosquitto, on_message);
    mosquitto_publish_callback_set(link->mosquitto, on_publish);
    mosquitto_max_inflight_messages_set(link->mosquitto, INFLIGHT_MAX);
    mosquitto_threaded_set(link->mosquitto,
                           true); /* so that acknowledgements wait for mosquitto_loop_write */
    int result = mosquitto_int_option(link->mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
    if (result == MOSQ_ERR_SUCCESS && link->options.live_only)
        result = mosquitto_int_option(link->mosquitto, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    if (result == MOSQ_ERR_SUCCESS && link->options.live_only)
        result = mosquitto_int_option(link->mosquitto, MOSQ_OPT_RECEIVE_MAXIMUM, UNACKNOWLEDGED_MAX);
    if (result == MOSQ_ERR_SUCCESS && options->username != NULL)
        result = mosquitto_username_pw_set(link->mosquitto, options->username, options->password);
    if (result == MOSQ_ERR_SUCCESS && options->ca_file != NULL)
        result = mosquitto_tls_set(link->mosquitto, options->ca_file, NULL, NULL, NULL, NULL);
    if (result != MOSQ_ERR_SUCCESS)
        return error_set(error, STATUS_INVALID, "mqtt_url", "cannot be used: %s", mosquitto_strerror(result));
    return STATUS_OK;
}

static void wake(struct mqtt_link *link)
{
    uint64_t one = 1;
    if (atomic_exchange(&link->woken, true))
        return;
    if (write(link->wake, &one, sizeof one) < 0)
        return; /* it is at its maximum, and so awake already */
}

/* Reads what is there, up to a limit. */
static int read_packets(struct mqtt_link *link)
{
    int result = MOSQ_ERR_SUCCESS, there = 1;
    for (int i = 0; i < READS_MAX && result == MOSQ_ERR_SUCCESS && there > 0 &&
                    link->unacknowledged < UNACKNOWLEDGED_MAX;
         i++) {
        result = mosquitto_loop_read(link->mosquitto, 1);
        if (result == MOSQ_ERR_SUCCESS && ioctl(mosquitto_socket(link->mosquitto), FIONREAD, &there) < 0)
            there = 0;
    }
    return result;
}

static void find_out_when_broken(int socket)
{
    const int on = 1, idle = PROBE_IDLE_SECONDS, interval = PROBE_SECONDS, probes = PROBES,
              unsent = UNSENT_MILLISECONDS;
    if (setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0 ||
        setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) != 0 ||
        setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval) != 0 ||
        setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes) != 0 ||
        setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unsent, sizeof unsent) != 0)
        log_write(LOG_WARNING, "broker_socket", "reason", strerror(errno), NULL);
}

/* What mosquitto_loop does, with poll instead of select: with many HTTP connections open, the broker's
 * descriptor may be one that select cannot take. Nothing is written while a message is not stored: the output
 * holds its acknowledgement. Returns when the connection is lost, does not become ready in time, or is ended
 * by the stop: a result of libmosquitto. */
static int serve_connection(struct mqtt_link *link)
{
    struct mosquitto *mosquitto = link->mosquitto;
    int result = MOSQ_ERR_SUCCESS, rounds_left = STOP_WAIT_MILLISECONDS / POLL_MILLISECONDS + 1;
    unsigned before = atomic_load(&link->connections);
    int64_t deadline = clock_seconds() + CONNECT_SECONDS;
    link->unacknowledged = 0;
    while (result == MOSQ_ERR_SUCCESS && mosquitto_socket(mosquitto) >= 0) {
        bool may_write = link->unacknowledged == 0 || atomic_load(&link->unstored) == 0;
        if (atomic_load(&link->stopping) && (!may_write || rounds_left-- == 0))
            break; /* the goodbye would acknowledge what is not stored; or the broker does not take it */
        if (atomic_load(&link->held))
            break;
        if (atomic_load(&link->connections) == before && clock_seconds() >= deadline) {
            errno = ETIMEDOUT;
            return MOSQ_ERR_ERRNO;
        }
        struct pollfd polled[] = {{.fd = mosquitto_socket(mosquitto)}, {.fd = link->wake, .events = POLLIN}};
        if (link->unacknowledged < UNACKNOWLEDGED_MAX)
            polled[0].events |= POLLIN;
        if (may_write && mosquitto_want_write(mosquitto))
            polled[0].events |= POLLOUT;
        if (poll(polled, 2, POLL_MILLISECONDS) < 0 && errno != EINTR)
            return MOSQ_ERR_ERRNO;
        uint64_t wakes;
        if ((polled[1].revents & POLLIN) != 0 && read(link->wake, &wakes, sizeof wakes) < 0)
            polled[1].revents = 0;         /* somebody else cannot have read it; nothing depends on it */
        atomic_store(&link->woken, false); /* before it is asked what there is to be written */
        if (may_write && mosquitto_want_write(mosquitto)) {
            result = mosquitto_loop_write(mosquitto, 1);
            if (!mosquitto_want_write(mosquitto))
                link->unacknowledged = 0;
        }
        if (result == MOSQ_ERR_SUCCESS && (polled[0].revents & (POLLIN | POLLERR | POLLHUP)) != 0)
            result = read_packets(link);
        if (result == MOSQ_ERR_SUCCESS)
            result = mosquitto_loop_misc(mosquitto);
    }
    return result;
}

/* Drops the connection as if it were lost. */
static void shut(struct mqtt_link *link)
{
    int socket = mosquitto_socket(link->mosquitto);
    if (socket < 0)
        return;
    shutdown(socket, SHUT_RDWR);
    while (mosquitto_loop_read(link->mosquitto, 1) == MOSQ_ERR_SUCCESS &&
           mosquitto_socket(link->mosquitto) >= 0)
        continue;
}

static bool is_out_of_lease(const struct mqtt_link *link)
{
    long long lease = atomic_load(&link->lease);
    return lease > 0 && clock_milliseconds() > lease;
}

static void *loop(void *context)
{
    struct mqtt_link *link = context;
    const struct mqtt_options *options = link->options.mqtt;
    unsigned told_at = UINT_MAX; /* how many connections there had been */
    for (;;) {
        unsigned before = atomic_load(&link->connections);
        atomic_store(&link->connecting, true); /* then look at `stopping`: one sees the other */
        int result = MOSQ_ERR_SUCCESS;
        bool held = atomic_load(&link->held) || is_out_of_lease(link);
        if (!atomic_load(&link->stopping) && !held)
            result =
                mosquitto_connect_async(link->mosquitto, options->host, options->port, KEEPALIVE_SECONDS);
        bool stopping = atomic_load(&link->stopping);
        atomic_store(&link->connecting, false);
        if (stopping)
            return NULL; /* and touch nothing more: the stop may not have waited */
        if (result == MOSQ_ERR_SUCCESS && !held) {
            find_out_when_broken(mosquitto_socket(link->mosquitto));
            result = serve_connection(link);
        }
        if (result != MOSQ_ERR_SUCCESS && atomic_load(&link->connections) == before && told_at != before) {
            log_write(LOG_WARNING, "broker_unreachable", "host", options->host, "reason",
                      result == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(result), NULL);
            told_at = before;
        }
        if (held || atomic_load(&link->held)) {
            /* Without a goodbye: it would acknowledge what is not stored. */
            shut(link);
            while ((atomic_load(&link->held) || is_out_of_lease(link)) && !atomic_load(&link->stopping))
                usleep(50000);
            continue;
        }
        for (int i = 0; i < RECONNECT_SECONDS * 20 && !atomic_load(&link->stopping); i++)
            usleep(50000);
    }
}

enum status mqtt_link_start(const struct mqtt_link_options *options, struct mqtt_link **link,
                            struct error *error)
{
    struct mqtt_link *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    *link = made; /* the caller stops it, also after an error */
    made->options = *options;
    atomic_store(&made->held, options->held);
    pthread_mutex_init(&made->marker_mutex, NULL);
    made->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (made->wake < 0)
        return error_set(error, STATUS_INTERNAL, NULL, "cannot make an eventfd: %m");
    made->mosquitto = mosquitto_new(options->client_id, true, made);
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

bool mqtt_link_ready(const struct mqtt_link *link)
{
    return atomic_load(&link->ready);
}

unsigned mqtt_link_connections(const struct mqtt_link *link)
{
    return atomic_load(&link->connections);
}

void mqtt_link_publish(struct mqtt_link *link, const char *topic, const char *payload)
{
    if (!atomic_load(&link->ready)) {
        log_limited(LOG_DEBUG, "publish_dropped", topic, "topic", topic, "reason", "not connected", NULL);
        return;
    }
    atomic_fetch_add(&link->unpublished, 1);
    int result = mosquitto_publish(link->mosquitto, NULL, topic, (int)strlen(payload), payload, 1, false);
    wake(link);
    if (result != MOSQ_ERR_SUCCESS) {
        atomic_fetch_sub(&link->unpublished, 1);
        log_limited(LOG_WARNING, "publish_failed", topic, "topic", topic, "reason",
                    mosquitto_strerror(result), NULL);
    }
}

void mqtt_link_publish_marker(struct mqtt_link *link, const char *topic, int64_t moment)
{
    char payload[24];
    int length = snprintf(payload, sizeof payload, "%lld", (long long)moment);
    if (!atomic_load(&link->ready))
        return;
    atomic_fetch_add(&link->unpublished, 1);
    pthread_mutex_lock(&link->marker_mutex);
    link->marker_moment = moment;
    link->marker_message = 0;
    if (mosquitto_publish(link->mosquitto, &link->marker_message, topic, length, payload, 1, false) !=
        MOSQ_ERR_SUCCESS)
        atomic_fetch_sub(&link->unpublished, 1);
    pthread_mutex_unlock(&link->marker_mutex);
    wake(link);
}

int64_t mqtt_link_acknowledged(struct mqtt_link *link)
{
    pthread_mutex_lock(&link->marker_mutex);
    int64_t moment = link->marker_acknowledged;
    pthread_mutex_unlock(&link->marker_mutex);
    return moment;
}

void mqtt_link_hold(struct mqtt_link *link, bool held)
{
    atomic_store(&link->held, held);
    wake(link);
}

void mqtt_link_lease(struct mqtt_link *link, long long until)
{
    atomic_store(&link->lease, until);
}

void mqtt_link_stored(struct mqtt_link *link, size_t count)
{
    if (count > 0 && atomic_fetch_sub(&link->unstored, (long)count) == (long)count)
        wake(link);
}

/* What is to be sent is queued: gives it time to leave. */
static void drain(struct mqtt_link *link)
{
    for (int waited = 0; waited < STOP_WAIT_MILLISECONDS && atomic_load(&link->ready); waited += 10) {
        if (atomic_load(&link->unstored) > 0 ||
            (atomic_load(&link->unpublished) <= 0 && !mosquitto_want_write(link->mosquitto)))
            return;
        usleep(10000);
    }
}

bool mqtt_link_stop(struct mqtt_link *link)
{
    if (link == NULL)
        return true;
    if (link->thread_started)
        drain(link);
    atomic_store(&link->stopping, true);
    if (link->thread_started) {
        mosquitto_disconnect(link->mosquitto);
        wake(link);
        for (int waited = 0; waited < STOP_WAIT_MILLISECONDS && atomic_load(&link->connecting); waited += 10)
            usleep(10000);
        if (atomic_load(&link->connecting)) {
            pthread_detach(link->thread); /* a name server that does not answer: it ends with the process */
            return false;
        }
        pthread_join(link->thread, NULL);
    }
    mosquitto_destroy(link->mosquitto);
    pthread_mutex_destroy(&link->marker_mutex);
    if (link->wake >= 0)
        close(link->wake);
    free(link);
    return true;
}
