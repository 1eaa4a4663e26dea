/* The broker's connection where there is no broker: the stop waits for nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mqtt_client.h"

enum { FILLERS = 4 };

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_does_not_wait_for_a_broker_that_swallows_connections)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
