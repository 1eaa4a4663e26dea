/* The broker's connections: what is acknowledged is stored, and the stop waits for nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mqtt_client.h"
#include "services.h"

enum {
    FILLERS = 4,
    TAKEN_MAX = 2000,   /* UNACKNOWLEDGED_MAX of mqtt_link.c */
    WINDOW = TAKEN_MAX, /* that it gives the broker */
    MESSAGES = WINDOW + 7,
    FLOOD = 3000
};

static void ignore(void *context, const char *topic, const void *payload, size_t size)
{
    (void)context;
    (void)topic;
    (void)payload;
    (void)size;
}

/* A queue of connections that is full: further ones are neither taken nor refused. */
static void a_stop_does_not_wait_for_a_broker_that_swallows_connections(void **state)
{
    (void)state;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fillers[FILLERS];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(listen(listener, 0), 0);
    for (int i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&address, sizeof address);
    }
    struct mqtt_options options = {.host = "127.0.0.1", .port = ntohs(address.sin_port), .receive = ignore};
    struct mqtt_client *client = NULL;
    struct error error;
    assert_int_equal(mqtt_client_start(&options, &client, &error), STATUS_OK);
    usleep(300000);
    time_t before = time(NULL);
    mqtt_client_stop(client);
    assert_in_range(time(NULL) - before, 0, 10);
    for (int i = 0; i < FILLERS; i++)
        close(fillers[i]);
    close(listener);
}

/* A broker of our own, that sends no more than a few messages before it has their acknowledgements. */
static pid_t start_broker(int *port)
{
    const struct services *services = services_start();
    char path[200];
    snprintf(path, sizeof path, "%s/window.conf", services->directory);
    int probe = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    assert_int_equal(bind(probe, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(probe, (struct sockaddr *)&address, &length), 0);
    close(probe);
    *port = ntohs(address.sin_port);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "listener %d 127.0.0.1\nallow_anonymous true\nmax_inflight_messages %d\n"
            "max_queued_messages 0\nlog_type error\n",
            *port, WINDOW);
    assert_int_equal(fclose(file), 0);
    pid_t broker = fork();
    assert_true(broker >= 0);
    if (broker == 0) {
        execlp("mosquitto", "mosquitto", "-c", path, (char *)NULL);
        execl("/usr/sbin/mosquitto", "mosquitto", "-c", path, (char *)NULL);
        _exit(127);
    }
    return broker;
}

static void count(void *context, const char *topic, const void *payload, size_t size)
{
    (void)topic;
    (void)payload;
    (void)size;
    atomic_fetch_add((atomic_int *)context, 1);
}

static void wait_for(atomic_int *received, int wanted)
{
    for (int i = 0; i < 1000 && atomic_load(received) < wanted; i++)
        usleep(10000);
    usleep(200000); /* and no more than that */
    assert_int_equal(atomic_load(received), wanted);
}

/* A client and a device, both connected to a broker of their own. */
struct pair {
    pid_t broker;
    struct mqtt_client *client;
    struct mosquitto *device;
    atomic_int received, acknowledged; /* by the client, and to the device */
};

static void note_acknowledged(struct mosquitto *device, void *context, int message)
{
    (void)device;
    (void)message;
    atomic_fetch_add((atomic_int *)context, 1);
}

static void connect_device(struct pair *pair, int port)
{
    pair->device = mosquitto_new("lamp-1", true, &pair->acknowledged);
    mosquitto_publish_callback_set(pair->device, note_acknowledged);
    int result = MOSQ_ERR_ERRNO;
    for (int i = 0; i < 1000 && result == MOSQ_ERR_ERRNO; i++) { /* until the broker listens */
        result = mosquitto_connect(pair->device, "127.0.0.1", port, 60);
        usleep(10000);
    }
    assert_int_equal(result, MOSQ_ERR_SUCCESS);
    assert_int_equal(mosquitto_loop_start(pair->device), MOSQ_ERR_SUCCESS);
}

static void connect_client(struct pair *pair, int port)
{
    struct mqtt_options options = {
        .host = "127.0.0.1", .port = port, .receive = count, .context = &pair->received};
    struct error error;
    assert_int_equal(mqtt_client_start(&options, &pair->client, &error), STATUS_OK);
    for (int i = 0; i < 1000 && !mqtt_client_connected(pair->client); i++)
        usleep(10000);
    assert_true(mqtt_client_connected(pair->client));
}

static void connect_pair(struct pair *pair)
{
    int port;
    pair->broker = start_broker(&port);
    connect_client(pair, port);
    connect_device(pair, port);
}

static void publish(struct pair *pair, int messages, int qos)
{
    for (int i = 0; i < messages; i++)
        assert_int_equal(mosquitto_publish(pair->device, NULL, "fota/v1/lamp-1/report", 2, "{}", qos, false),
                         MOSQ_ERR_SUCCESS);
}

static void disconnect_pair(struct pair *pair)
{
    mosquitto_disconnect(pair->device);
    mosquitto_loop_stop(pair->device, false);
    mosquitto_destroy(pair->device);
    mqtt_client_stop(pair->client);
    kill(pair->broker, SIGTERM);
    assert_int_equal(waitpid(pair->broker, NULL, 0), pair->broker);
}

/* Says of all messages that come that they are stored, until there are so many. */
static void store_until(struct pair *pair, int stored, int wanted)
{
    for (int i = 0; i < 1000 && stored < wanted; i++) {
        int news = atomic_load(&pair->received) - stored;
        mqtt_client_stored(pair->client, (size_t)news);
        stored += news;
        usleep(10000);
    }
    assert_int_equal(stored, wanted);
}

static void no_acknowledgement_leaves_before_the_message_is_stored(void **state)
{
    (void)state;
    struct pair pair = {0};
    connect_pair(&pair);
    publish(&pair, MESSAGES, 1);
    wait_for(&pair.received, WINDOW);
    mqtt_client_stored(pair.client, WINDOW - 1); /* one is missing */
    wait_for(&pair.received, WINDOW);
    /* Commands do not wait for it. */
    mqtt_client_publish(pair.client, "fota/v1/lamp-1/report", "{}");
    mqtt_client_stored(pair.client, 1);
    store_until(&pair, WINDOW, MESSAGES + 1);
    disconnect_pair(&pair);
}

/* Nothing acknowledges QoS 0: if its messages counted, only the next ping would reset the count. */
static void messages_at_qos_0_wait_for_no_acknowledgement(void **state)
{
    (void)state;
    struct pair pair = {0};
    connect_pair(&pair);
    publish(&pair, FLOOD, 0);
    publish(&pair, 1, 1);
    store_until(&pair, 0, FLOOD + 1);
    disconnect_pair(&pair);
}

/* A stream at QoS 0 always leaves something that is not stored. The client stops reading behind a message
 * that waits for its acknowledgement, until everything is stored; else that acknowledgement, and with it the
 * broker's window for all devices, would wait for the end of the stream. */
static void a_stream_at_qos_0_does_not_hold_acknowledgements_back(void **state)
{
    (void)state;
    struct pair pair = {0};
    connect_pair(&pair);
    publish(&pair, 1, 1);
    publish(&pair, FLOOD, 0);
    wait_for(&pair.received, TAKEN_MAX);
    mqtt_client_stored(pair.client, TAKEN_MAX);
    store_until(&pair, TAKEN_MAX, 1 + FLOOD);
    disconnect_pair(&pair);
}

/* mosquitto 2.0 gives them to shared subscriptions, too: every report would wait for those of the fleet. */
static void retained_messages_are_left_to_the_census(void **state)
{
    (void)state;
    static const char topic[] = "fota/v1/lamp-1/presence", payload[] = "{\"online\":true}";
    struct pair pair = {0};
    int port;
    pair.broker = start_broker(&port);
    connect_device(&pair, port);
    assert_int_equal(mosquitto_publish(pair.device, NULL, topic, sizeof payload - 1, payload, 1, true),
                     MOSQ_ERR_SUCCESS);
    wait_for(&pair.acknowledged, 1);
    connect_client(&pair, port);
    wait_for(&pair.received, 0);
    /* While it is connected it takes what is retained, like every message. */
    assert_int_equal(mosquitto_publish(pair.device, NULL, topic, sizeof payload - 1, payload, 1, true),
                     MOSQ_ERR_SUCCESS);
    wait_for(&pair.received, 1);
    mqtt_client_stored(pair.client, 1);
    disconnect_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retained_messages_are_left_to_the_census),
        cmocka_unit_test(no_acknowledgement_leaves_before_the_message_is_stored),
        cmocka_unit_test(messages_at_qos_0_wait_for_no_acknowledgement),
        cmocka_unit_test(a_stream_at_qos_0_does_not_hold_acknowledgements_back),
        cmocka_unit_test(a_stop_does_not_wait_for_a_broker_that_swallows_connections)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
