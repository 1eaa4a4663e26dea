#include "mqtt_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#define KEEPALIVE_SECONDS 60
#define CONNECT_MILLISECONDS 15000u
#define CLOSE_MILLISECONDS 2000u
#define MISC_MILLISECONDS 1000u
#define PENDING_MAX                                                                                          \
    64u /* more at a time overflow the broker's listen queue, and each retry then costs a second */

#define PRESENCE_SIZE 64

static void pump(struct mqtt_connector *connector);
static void look_after(struct mqtt_link *link);

bool mqtt_connector_parse(struct mqtt_connector *connector, const char *host_and_port)
{
    const char *colon = strrchr(host_and_port, ':');
    char *end = NULL;

    if (colon == NULL || colon == host_and_port || (size_t)(colon - host_and_port) >= sizeof connector->host)
        return false;
    long port = strtol(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port < 1 || port > 65535)
        return false;
    memcpy(connector->host, host_and_port, (size_t)(colon - host_and_port));
    connector->host[colon - host_and_port] = '\0';
    connector->port = (int)port;
    return true;
}

static uint64_t now_of(const struct mqtt_link *link)
{
    return event_loop_now(link->connector->loop);
}

static void topic_of(const struct mqtt_link *link, const char *kind, char topic[MQTT_TOPIC_SIZE])
{
    (void)snprintf(topic, MQTT_TOPIC_SIZE, "fota/v1/%s/%s", link->device, kind);
}

static void publish(struct mqtt_link *link, const char *kind, const char *text, uint32_t length, bool retain)
{
    char topic[MQTT_TOPIC_SIZE];

    topic_of(link, kind, topic);
    if (mosquitto_publish(link->mosquitto, NULL, topic, (int)length, text, 1, retain) == MOSQ_ERR_SUCCESS)
        link->unacknowledged++;
}

/* Presence of the link's session. Returns its length. */
static int write_presence(const struct mqtt_link *link, bool online, char text[PRESENCE_SIZE])
{
    const char *word = online ? "true" : "false";

    if (link->session[0] == '\0')
        return snprintf(text, PRESENCE_SIZE, "{\"online\":%s}", word);
    return snprintf(text, PRESENCE_SIZE, "{\"online\":%s,\"session\":\"%s\"}", word, link->session);
}

static void publish_presence(struct mqtt_link *link, bool online)
{
    char text[PRESENCE_SIZE];
    int length = write_presence(link, online, text);

    publish(link, "presence", text, (uint32_t)length, true);
}

/* --- libmosquitto's callbacks; they run inside mosquitto_loop_read and _write ----------------------- */

static void on_connect(struct mosquitto *mosquitto, void *context, int code)
{
    struct mqtt_link *link = context;
    char topic[MQTT_TOPIC_SIZE];

    topic_of(link, "command", topic);
    if (code != 0) {
        fprintf(stderr, "%s: the broker refuses the connection: %s\n", link->device,
                mosquitto_connack_string(code));
        link->failed = true;
    } else if (mosquitto_subscribe(mosquitto, NULL, topic, 1) != MOSQ_ERR_SUCCESS) {
        link->failed = true;
    }
}

static void on_subscribe(struct mosquitto *mosquitto, void *context, int message_id, int count,
                         const int *granted)
{
    struct mqtt_link *link = context;

    (void)mosquitto;
    (void)message_id;
    if (link->state != LINK_CONNECTING)
        return;
    if (count < 1 || granted[0] > 2) {
        fprintf(stderr, "%s: the broker refuses the subscription to the command topic\n", link->device);
        link->failed = true;
        return;
    }
    link->state = LINK_UP;
    link->connector->pending--;
    link->delay = link->connector->reconnect_milliseconds;
    publish_presence(link, true);
    link->events->up(link->context);
}

static void on_message(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message)
{
    struct mqtt_link *link = context;

    (void)mosquitto;
    if (link->state == LINK_UP)
        link->events->command(link->context, message->payload != NULL ? message->payload : "",
                              (uint32_t)message->payloadlen);
}

static void on_publish(struct mosquitto *mosquitto, void *context, int message_id)
{
    struct mqtt_link *link = context;

    (void)mosquitto;
    (void)message_id;
    if (link->unacknowledged > 0)
        link->unacknowledged--;
}

/* --- making and configuring the handle -------------------------------------------------------------- */

/* libmosquitto opens a socket pair per handle that only its threaded mode needs: three descriptors for each
 * device instead of one. It does without when there is none to be had. */
static struct mosquitto *mosquitto_new_slim(const char *client_id, void *context)
{
    struct rlimit usual, none;
    bool lowered = getrlimit(RLIMIT_NOFILE, &usual) == 0;

    none = usual;
    none.rlim_cur = 0;
    lowered = lowered && setrlimit(RLIMIT_NOFILE, &none) == 0;
    struct mosquitto *mosquitto = mosquitto_new(client_id, true, context);
    if (lowered)
        (void)setrlimit(RLIMIT_NOFILE, &usual);
    return mosquitto;
}

static bool make_handle(struct mqtt_link *link)
{
    const struct mqtt_connector *connector = link->connector;
    const char *username = connector->username != NULL ? connector->username : link->device;

    link->mosquitto = mosquitto_new_slim(link->device, link);
    if (link->mosquitto == NULL)
        return false;
    mosquitto_connect_callback_set(link->mosquitto, on_connect);
    mosquitto_subscribe_callback_set(link->mosquitto, on_subscribe);
    mosquitto_message_callback_set(link->mosquitto, on_message);
    mosquitto_publish_callback_set(link->mosquitto, on_publish);
    return mosquitto_username_pw_set(link->mosquitto, username, connector->password) == MOSQ_ERR_SUCCESS &&
           mosquitto_max_inflight_messages_set(link->mosquitto, 0) == MOSQ_ERR_SUCCESS;
}

/* --- the life of a connection ----------------------------------------------------------------------- */

static void unwatch(struct mqtt_link *link)
{
    if (link->watched >= 0)
        event_loop_forget(link->connector->loop, link->watched);
    link->watched = -1;
}

static void set_timer(struct mqtt_link *link, uint64_t due)
{
    event_loop_set_timer(link->connector->loop, &link->timer, due);
}

static void enqueue(struct mqtt_link *link)
{
    struct mqtt_connector *connector = link->connector;

    link->in_queue = true;
    link->next = NULL;
    if (connector->last_waiting != NULL)
        connector->last_waiting->next = link;
    else
        connector->first_waiting = link;
    connector->last_waiting = link;
    pump(connector);
}

static void leave_queue(struct mqtt_link *link)
{
    struct mqtt_connector *connector = link->connector;
    struct mqtt_link **at = &connector->first_waiting;
    struct mqtt_link *before = NULL;

    if (!link->in_queue)
        return;
    for (; *at != link; at = &(*at)->next)
        before = *at;
    *at = link->next;
    if (connector->last_waiting == link)
        connector->last_waiting = before;
    link->in_queue = false;
}

uint32_t mqtt_link_back_off(uint32_t *delay, uint32_t random)
{
    uint32_t wait = *delay / 2 + random % (*delay / 2 + 1);

    *delay = *delay > MQTT_BACK_OFF_LAST / 2 ? MQTT_BACK_OFF_LAST : 2 * *delay + 1; /* so that 0 grows too */
    return wait;
}

/* The connection is gone, or never came to be. */
static void lost(struct mqtt_link *link)
{
    enum mqtt_link_state before = link->state;

    unwatch(link);
    link->failed = false;
    if (before == LINK_CONNECTING)
        link->connector->pending--;
    if (before == LINK_CLOSING) {
        mqtt_link_drop(link); /* what a device had not sent when it went down is gone */
        link->events->closed(link->context);
    } else if (before != LINK_OFF) {
        link->state = LINK_WAITING;
        set_timer(link, now_of(link) + mqtt_link_back_off(&link->delay, (uint32_t)rand()));
        if (before == LINK_UP)
            link->events->down(link->context);
    }
    pump(link->connector);
}

static void on_ready(void *context, int descriptor, uint32_t events)
{
    struct mqtt_link *link = context;
    int result = MOSQ_ERR_SUCCESS;

    (void)descriptor;
    if ((events & EPOLLOUT) != 0)
        result = mosquitto_loop_write(link->mosquitto, 1);
    if (result == MOSQ_ERR_SUCCESS && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
        result = mosquitto_loop_read(link->mosquitto, 1);
    if (result != MOSQ_ERR_SUCCESS)
        link->failed = true;
    look_after(link);
    pump(link->connector); /* this link may have stopped being a pending one */
}

/* After anything that may have changed the connection: is it still there, does it want to write? */
static void look_after(struct mqtt_link *link)
{
    int descriptor = mosquitto_socket(link->mosquitto);

    if (link->state == LINK_OFF || link->state == LINK_WAITING)
        return;
    if (link->state == LINK_CLOSING && link->unacknowledged == 0 && !link->failed) {
        (void)mosquitto_disconnect(link->mosquitto);
        descriptor = mosquitto_socket(link->mosquitto);
    }
    if (link->failed || descriptor < 0) {
        unwatch(link);
        if (descriptor >= 0)
            (void)mosquitto_disconnect(link->mosquitto);
        lost(link);
        return;
    }
    uint32_t events = EPOLLIN | (mosquitto_want_write(link->mosquitto) ? EPOLLOUT : 0u);
    if (link->watched >= 0 && link->watched != descriptor)
        unwatch(link);
    if (link->watched != descriptor || link->watched_events != events)
        event_loop_watch(link->connector->loop, descriptor, events, on_ready, link);
    link->watched = descriptor;
    link->watched_events = events;
}

/* The will names the session that this very connection will announce, so it is set anew for each. */
static bool set_will(struct mqtt_link *link)
{
    char topic[MQTT_TOPIC_SIZE], text[PRESENCE_SIZE];

    if (!link->events->connecting(link->context, link->session))
        return false;
    topic_of(link, "presence", topic);
    int length = write_presence(link, false, text);
    return mosquitto_will_set(link->mosquitto, topic, length, text, 1, true) == MOSQ_ERR_SUCCESS;
}

static void begin_connect(struct mqtt_link *link)
{
    const struct mqtt_connector *connector = link->connector;
    const char *source = link->source[0] != '\0' ? link->source : NULL;

    link->state = LINK_CONNECTING;
    link->connector->pending++;
    link->state_until = now_of(link) + CONNECT_MILLISECONDS;
    set_timer(link, now_of(link) + MISC_MILLISECONDS);
    if (!set_will(link) || mosquitto_connect_bind_async(link->mosquitto, connector->host, connector->port,
                                                        KEEPALIVE_SECONDS, source) != MOSQ_ERR_SUCCESS)
        link->failed = true;
    look_after(link);
}

static void pump(struct mqtt_connector *connector)
{
    if (connector->pumping) /* a connect that fails at once comes back here */
        return;
    connector->pumping = true;
    while (connector->first_waiting != NULL && connector->pending < PENDING_MAX) {
        struct mqtt_link *link = connector->first_waiting;
        leave_queue(link);
        begin_connect(link);
    }
    connector->pumping = false;
}

static void on_timer(void *context)
{
    struct mqtt_link *link = context;

    if (link->state == LINK_OFF)
        return;
    if (link->state == LINK_WAITING) {
        enqueue(link);
        return;
    }
    if (link->state != LINK_UP && now_of(link) >= link->state_until)
        link->failed = true;
    else if (mosquitto_loop_misc(link->mosquitto) != MOSQ_ERR_SUCCESS)
        link->failed = true;
    set_timer(link, now_of(link) + MISC_MILLISECONDS);
    look_after(link);
}

bool mqtt_link_open(struct mqtt_link *link, struct mqtt_connector *connector, const char *device,
                    const struct mqtt_link_events *events, void *context)
{
    memset(link, 0, sizeof *link);
    link->connector = connector;
    link->events = events;
    link->context = context;
    link->watched = -1;
    link->delay = connector->reconnect_milliseconds;
    link->timer = (struct loop_timer){.callback = on_timer, .context = link};
    (void)snprintf(link->device, sizeof link->device, "%s", device);
    if (connector->source_addresses > 0)
        (void)snprintf(link->source, sizeof link->source, "127.0.0.%u",
                       2 + connector->links % connector->source_addresses);
    connector->links++;
    return make_handle(link);
}

void mqtt_link_connect(struct mqtt_link *link)
{
    if (link->state != LINK_OFF)
        return;
    link->state = LINK_WAITING;
    enqueue(link);
}

void mqtt_link_publish_report(struct mqtt_link *link, const char *text, uint32_t length)
{
    if (link->state != LINK_UP)
        return;
    publish(link, "report", text, length, false);
    /* We may be inside libmosquitto's callbacks, or the agent's step: what follows is left to the loop.
     * Inside a callback the packet waits until the socket is found ready to write. */
    if (mosquitto_socket(link->mosquitto) < 0) {
        link->failed = true;
        set_timer(link, now_of(link));
    } else if (link->watched >= 0 && mosquitto_want_write(link->mosquitto)) {
        link->watched_events = EPOLLIN | EPOLLOUT;
        event_loop_watch(link->connector->loop, link->watched, link->watched_events, on_ready, link);
    }
}

void mqtt_link_close(struct mqtt_link *link)
{
    if (link->state == LINK_UP) {
        publish_presence(link, false);
        link->state = LINK_CLOSING;
        link->state_until = now_of(link) + CLOSE_MILLISECONDS;
        set_timer(link, now_of(link) + MISC_MILLISECONDS);
        look_after(link);
        return;
    }
    mqtt_link_drop(link);
    link->events->closed(link->context);
}

void mqtt_link_drop(struct mqtt_link *link)
{
    set_timer(link, UINT64_MAX);
    leave_queue(link);
    unwatch(link);
    if (link->state == LINK_CONNECTING)
        link->connector->pending--;
    link->state = LINK_OFF;
    link->unacknowledged = 0;
    link->failed = false;
    if (link->mosquitto != NULL)
        mosquitto_destroy(link->mosquitto);
    link->mosquitto = NULL;
    if (!make_handle(link)) {
        fputs("out of memory\n", stderr);
        abort();
    }
    pump(link->connector);
}

void mqtt_link_free(struct mqtt_link *link)
{
    set_timer(link, UINT64_MAX);
    leave_queue(link);
    unwatch(link);
    link->state = LINK_OFF;
    if (link->mosquitto != NULL)
        mosquitto_destroy(link->mosquitto);
    link->mosquitto = NULL;
}
