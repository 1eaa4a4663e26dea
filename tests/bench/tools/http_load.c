/* GET or HEAD over connections that are kept, one request after the other on each, as fast as they are
 * answered. Bodies are thrown away in the kernel (MSG_TRUNC), so that the client costs as little as can be.
 * Anything but 200 ends it. http_load HOST:PORT CONNECTIONS SECONDS GET|HEAD PATHS    (a file with one path a
 * line, taken in turn) Prints {"requests", "bytes", "seconds"}. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "raw_mqtt.h"

enum { HEAD_SIZE = 2048, REQUEST_SIZE = 1024, CHUNK = 1 << 20 };

struct client {
    int fd;
    size_t head_length, left; /* of the answer's head so far; of its body */
    char head[HEAD_SIZE + 1];
};

static char (*requests)[REQUEST_SIZE];
static size_t request_count, next_request, answered;
static unsigned long long bytes;
static bool has_bodies;

static void read_paths(const char *path, const char *method, const char *host)
{
    char line[REQUEST_SIZE];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        die("%s: %m", path);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        requests = realloc(requests, (request_count + 1) * sizeof *requests);
        if (requests == NULL)
            die("out of memory");
        int length = snprintf(requests[request_count], REQUEST_SIZE, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n",
                              method, line, host);
        if (length < 0 || length >= REQUEST_SIZE)
            die("%s: a path is too long", path);
        request_count++;
    }
    fclose(file);
    if (request_count == 0)
        die("%s is empty", path);
}

static void ask(struct client *client)
{
    const char *request = requests[next_request++ % request_count];
    client->head_length = 0;
    client->left = 0;
    if (send(client->fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        die("the server is gone: %m");
}

static void open_client(struct client *client, const char *address)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    if (colon == NULL)
        die("\"%s\" is no HOST:PORT", address);
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    int one = 1;
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
        die("\"%s\" is no IPv4 address", host);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(client->fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        fcntl(client->fd, F_SETFL, O_NONBLOCK) != 0)
        die("connect to %s: %m", address);
}

/* The end of the head: how long the body is that is still to come. */
static bool read_head(struct client *client, char *end)
{
    end[2] = '\0'; /* the last line keeps its end */
    if (strncmp(client->head, "HTTP/1.1 200", 12) != 0)
        die("not 200: %.100s", client->head);
    const char *length = strcasestr(client->head, "\r\nContent-Length:");
    if (length == NULL)
        die("no Content-Length: %.200s", client->head);
    size_t body = has_bodies ? strtoul(length + strlen("\r\nContent-Length:"), NULL, 10) : 0;
    size_t had = client->head_length - (size_t)(end + 4 - client->head);
    if (had > body)
        die("more bytes than were announced");
    bytes += body;
    client->left = body - had;
    return client->left == 0;
}

/* Until the socket has nothing more. */
static void take(struct client *client)
{
    static char nowhere[CHUNK];
    for (;;) {
        bool ended;
        ssize_t count;
        if (client->left > 0) {
            count = recv(client->fd, nowhere, client->left < CHUNK ? client->left : CHUNK, MSG_TRUNC);
        } else {
            count = recv(client->fd, client->head + client->head_length, HEAD_SIZE - client->head_length, 0);
        }
        if (count < 0 && errno == EAGAIN)
            return;
        if (count <= 0)
            die("the server has ended a connection");
        if (client->left > 0) {
            client->left -= (size_t)count;
            ended = client->left == 0;
        } else {
            client->head_length += (size_t)count;
            client->head[client->head_length] = '\0';
            char *end = strstr(client->head, "\r\n\r\n");
            if (end == NULL && client->head_length == HEAD_SIZE)
                die("the head of the answer is too long");
            ended = end != NULL && read_head(client, end);
        }
        if (ended) {
            answered++;
            ask(client);
        }
    }
}

int main(int count, char **arguments)
{
    if (count != 6)
        die("http_load HOST:PORT CONNECTIONS SECONDS GET|HEAD PATHS");
    size_t connections = strtoul(arguments[2], NULL, 10);
    double lasts = strtod(arguments[3], NULL);
    has_bodies = strcmp(arguments[4], "GET") == 0;
    read_paths(arguments[5], arguments[4], arguments[1]);
    struct client *clients = calloc(connections, sizeof *clients);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (clients == NULL || epoll < 0)
        die("out of memory");
    for (size_t i = 0; i < connections; i++) {
        open_client(&clients[i], arguments[1]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event);
    }
    double began = seconds_now(), now = began;
    for (size_t i = 0; i < connections; i++)
        ask(&clients[i]);
    for (; now < began + lasts; now = seconds_now()) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, 100);
        for (int i = 0; i < ready; i++)
            take(events[i].data.ptr);
    }
    printf("{\"requests\": %zu, \"bytes\": %llu, \"seconds\": %.6f}\n", answered, bytes, now - began);
    return 0;
}
