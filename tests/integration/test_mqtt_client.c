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

enum { FILLERS = 4, WINDOW = 5, MESSAGES = 12 };

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
    fprintf(file, "listener %d 127.0.0.1\nallow_anonymous true\nmax_inflight_messages %d\nlog_type error\n",
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

static void no_acknowledgement_leaves_before_the_message_is_stored(void **state)
{
    (void)state;
    int port;
    pid_t broker = start_broker(&port);
    atomic_int received = 0;
    struct mqtt_options options = {.host = "127.0.0.1", .port = port, .receive = count, .context = &received};
    struct mqtt_client *client = NULL;
    struct error error;
    assert_int_equal(mqtt_client_start(&options, &client, &error), STATUS_OK);
    for (int i = 0; i < 1000 && !mqtt_client_connected(client); i++)
        usleep(10000);
    assert_true(mqtt_client_connected(client));

    struct mosquitto *device = mosquitto_new("lamp-1", true, NULL);
    assert_int_equal(mosquitto_connect(device, "127.0.0.1", port, 60), MOSQ_ERR_SUCCESS);
    assert_int_equal(mosquitto_loop_start(device), MOSQ_ERR_SUCCESS);
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(mosquitto_publish(device, NULL, "fota/v1/lamp-1/report", 2, "{}", 1, false),
                         MOSQ_ERR_SUCCESS);

    wait_for(&received, WINDOW);
    mqtt_client_stored(client, WINDOW - 1); /* one is missing */
    wait_for(&received, WINDOW);
    /* Commands do not wait for it. */
    mqtt_client_publish(client, "fota/v1/lamp-1/report", "{}");
    mqtt_client_stored(client, 1);
    int stored = WINDOW;
    for (int i = 0; i < 1000 && stored < MESSAGES + 1; i++) {
        int news = atomic_load(&received) - stored;
        mqtt_client_stored(client, (size_t)news);
        stored += news;
        usleep(10000);
    }
    assert_int_equal(stored, MESSAGES + 1);

    mosquitto_disconnect(device);
    mosquitto_loop_stop(device, false);
    mosquitto_destroy(device);
    mqtt_client_stop(client);
    kill(broker, SIGTERM);
    assert_int_equal(waitpid(broker, NULL, 0), broker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_acknowledgement_leaves_before_the_message_is_stored),
        cmocka_unit_test(a_stop_does_not_wait_for_a_broker_that_swallows_connections)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
