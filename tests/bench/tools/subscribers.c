/* Very many connections, each of a device that has subscribed to its commands. Prints "ready", and when
 * EXPECTED messages have come
 * {"messages", "first", "last", "bytes"}: when the first and the last came, and how long they were together.
 *   subscribers HOST:PORT COUNT EXPECTED    (devices lamp-00000001 and so on) */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "raw_mqtt.h"

enum { PATIENCE = 20 }; /* seconds without a message */

static struct {
    size_t messages, bytes;
    double first, last;
} seen;

static void receive(void *context, struct raw_mqtt *mqtt, const struct raw_message *message)
{
    (void)context, (void)mqtt;
    seen.last = seconds_now();
    if (seen.messages++ == 0)
        seen.first = seen.last;
    seen.bytes += message->payload_length;
}

int main(int count, char **arguments)
{
    if (count != 4)
        die("subscribers HOST:PORT COUNT EXPECTED");
    size_t devices = strtoul(arguments[2], NULL, 10), expected = strtoul(arguments[3], NULL, 10), granted = 0;
    struct raw_mqtt *all = calloc(devices, sizeof *all);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (all == NULL || epoll < 0)
        die("out of memory");
    raise_descriptors();
    for (size_t i = 0; i < devices; i++) {
        char id[32], topic[64];
        snprintf(id, sizeof id, "lamp-%08zu", i + 1);
        snprintf(topic, sizeof topic, "fota/v1/%s/command", id);
        raw_mqtt_connect(&all[i], arguments[1], 2 + (int)(i % 4), id, id);
        raw_mqtt_subscribe(&all[i], topic);
        raw_mqtt_flush(&all[i]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
    }
    bool told = false;
    double patient_until = seconds_now() + PATIENCE;
    while (seen.messages < expected) {
        struct epoll_event events[256];
        if (granted == devices && !told) {
            told = true;
            puts("ready");
            (void)fflush(stdout);
        }
        int ready = epoll_wait(epoll, events, 256, 1000);
        if (ready < 0 && errno != EINTR)
            die("epoll: %m");
        if (ready > 0)
            patient_until = seconds_now() + PATIENCE;
        if (seconds_now() > patient_until)
            die("only %zu of %zu messages came", seen.messages, expected);
        for (int i = 0; i < ready; i++) {
            granted += raw_mqtt_read(events[i].data.ptr, receive, NULL);
            raw_mqtt_flush(events[i].data.ptr); /* a few bytes: always room */
        }
    }
    printf("{\"messages\": %zu, \"first\": %.6f, \"last\": %.6f, \"bytes\": %zu}\n", seen.messages,
           seen.first, seen.last, seen.bytes);
    return 0;
}
