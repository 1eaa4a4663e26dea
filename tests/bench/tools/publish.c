/* Many connections that publish at QoS 1: the messages of a file, a line "TOPIC<TAB>PAYLOAD" each, dealt out
 * in turn, so that with a multiple of the connections a line the next round comes from the same connection.
 * Prints {"messages", "began", "seconds"}: until the broker has acknowledged the last one.
 *   publish HOST:PORT CONNECTIONS WINDOW FILE [retain]    (WINDOW: unacknowledged at a time on each
 * connection) */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "raw_mqtt.h"

struct line {
    const char *topic, *payload;
    size_t topic_length, payload_length;
};

struct publisher {
    struct raw_mqtt mqtt;
    size_t next; /* line */
};

static struct line *lines;
static size_t line_count;

static void read_lines(const char *path)
{
    char *text = NULL;
    size_t size = 0, capacity = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die("%s: %m", path);
    while (getline(&text, &size, file) > 0) {
        char *tab = strchr(text, '\t'), *end = strchr(text, '\n');
        if (tab == NULL || end == NULL)
            die("%s: line %zu is no TOPIC<TAB>PAYLOAD", path, line_count + 1);
        if (line_count == capacity) {
            capacity = 2 * capacity + 1024;
            lines = realloc(lines, capacity * sizeof *lines);
        }
        if (lines == NULL)
            die("out of memory");
        lines[line_count++] = (struct line){text, tab + 1, (size_t)(tab - text), (size_t)(end - tab) - 1};
        text = NULL; /* the line keeps it */
        size = 0;
    }
    fclose(file);
}

/* Fills the window. Whether something waits for the socket. */
static bool go_on(struct publisher *publisher, unsigned window, size_t step)
{
    while (publisher->mqtt.unanswered < window && publisher->next < line_count) {
        const struct line *line = &lines[publisher->next];
        raw_mqtt_publish(&publisher->mqtt, line->topic, line->topic_length, line->payload,
                         line->payload_length);
        publisher->next += step;
    }
    return raw_mqtt_flush(&publisher->mqtt);
}

int main(int count, char **arguments)
{
    bool retain = count == 6 && strcmp(arguments[5], "retain") == 0;
    if (count != 5 && !retain)
        die("publish HOST:PORT CONNECTIONS WINDOW FILE [retain]");
    size_t connections = strtoul(arguments[2], NULL, 10), done = 0;
    unsigned window = (unsigned)strtoul(arguments[3], NULL, 10);
    read_lines(arguments[4]);
    struct publisher *publishers = calloc(connections, sizeof *publishers);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (publishers == NULL || epoll < 0)
        die("out of memory");
    raise_descriptors();
    for (size_t i = 0; i < connections; i++) {
        char id[32];
        snprintf(id, sizeof id, "publisher-%zu", i);
        raw_mqtt_connect(&publishers[i].mqtt, arguments[1], 2 + (int)(i % 4), id, "orchestrator");
        publishers[i].next = i;
        publishers[i].mqtt.retain = retain;
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, publishers[i].mqtt.fd, &event);
    }
    double began = seconds_now();
    for (size_t i = 0; i < connections; i++)
        (void)go_on(&publishers[i], window, connections);
    for (size_t i = 0; i < connections; i++)
        done += publishers[i].next >= line_count && publishers[i].mqtt.unanswered == 0;
    while (done < connections) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 1000);
        if (ready < 0 && errno != EINTR)
            die("epoll: %m");
        for (int i = 0; i < ready; i++) {
            struct publisher *publisher = &publishers[events[i].data.u64];
            raw_mqtt_read(&publisher->mqtt, NULL, NULL);
            bool waits = go_on(publisher, window, connections);
            struct epoll_event event = {.events = waits ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                        .data.u64 = events[i].data.u64};
            if (waits || (events[i].events & EPOLLOUT) != 0)
                epoll_ctl(epoll, EPOLL_CTL_MOD, publisher->mqtt.fd, &event);
            done += publisher->next >= line_count && publisher->mqtt.unanswered == 0;
        }
    }
    printf("{\"messages\": %zu, \"began\": %.6f, \"seconds\": %.6f}\n", line_count, began,
           seconds_now() - began);
    return 0;
}
