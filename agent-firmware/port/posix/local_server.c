#include "local_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 4096u

bool local_server_parse(const char *text, struct sockaddr_in *address)
{
    const char *colon = strrchr(text, ':');
    const char *port = colon == NULL ? text : colon + 1;
    char host[INET_ADDRSTRLEN] = "127.0.0.1";
    char *end = NULL;

    if (colon != NULL && snprintf(host, sizeof host, "%.*s", (int)(colon - text), text) >= (int)sizeof host)
        return false;
    unsigned long number = strtoul(port, &end, 10);
    if (*port < '0' || *port > '9' || *end != '\0' || number < 1 || number > 65535)
        return false;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
    return inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

static void close_connection(struct local_server *server)
{
    struct device *device = server->device;

    event_loop_forget(device->loop, server->connection);
    (void)close(server->connection);
    server->connection = -1;
    local_upgrade_on_close(&server->upgrade, event_loop_now(device->loop));
    device_schedule(device);
}

static void on_bytes(void *context, int descriptor, uint32_t events)
{
    struct local_server *server = context;
    char bytes[PIECE];
    ssize_t count = recv(descriptor, bytes, sizeof bytes, 0);

    (void)events;
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0 || !server->device->running) {
        close_connection(server);
        return;
    }
    local_upgrade_on_data(&server->upgrade, event_loop_now(server->device->loop), bytes, (uint32_t)count);
    device_schedule(server->device);
    local_server_answer(server);
}

/* An answer is a few hundred bytes: it fits into the socket's buffer, or the client is not worth waiting for.
 * What the client still sends is read away, since closing over unread bytes would reset the connection under
 * the answer. */
void local_server_answer(struct local_server *server)
{
    uint32_t length;
    char rest[PIECE];

    if (server->connection < 0)
        return;
    const char *answer = local_upgrade_answer(&server->upgrade, &length);
    if (answer == NULL)
        return;
    if (server->sent == 0 && length > 0) {
        server->sent = 1;
        (void)send(server->connection, answer, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)shutdown(server->connection, SHUT_WR);
    }
    while (length > 0) {
        ssize_t count = recv(server->connection, rest, sizeof rest, MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN)
            return; /* until the client closes, or its time is over */
        if (count <= 0)
            break;
    }
    close_connection(server);
}

static void on_connection(void *context, int descriptor, uint32_t events)
{
    struct local_server *server = context;
    uint64_t now = event_loop_now(server->device->loop);
    int connection = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (connection < 0)
        return;
    if (!server->device->running || !local_upgrade_on_open(&server->upgrade, now)) {
        (void)send(connection, local_upgrade_busy, strlen(local_upgrade_busy), MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)close(connection);
        return;
    }
    server->connection = connection;
    server->sent = 0;
    event_loop_watch(server->device->loop, connection, EPOLLIN, on_bytes, server);
    device_schedule(server->device);
}

bool local_server_open(struct local_server *server, struct device *device, const struct sockaddr_in *address)
{
    const int yes = 1;

    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listener < 0)
        return false;
    (void)setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(server->listener, (const struct sockaddr *)address, sizeof *address) != 0 ||
        listen(server->listener, 4) != 0) {
        (void)close(server->listener);
        return false;
    }
    server->device = device;
    server->connection = -1;
    device->local = &server->upgrade;
    event_loop_watch(device->loop, server->listener, EPOLLIN, on_connection, server);
    return true;
}

void local_server_close(struct local_server *server)
{
    if (server->device == NULL)
        return;
    if (server->connection >= 0) {
        event_loop_forget(server->device->loop, server->connection);
        (void)close(server->connection);
    }
    event_loop_forget(server->device->loop, server->listener);
    (void)close(server->listener);
    server->device->local = NULL;
    server->device = NULL;
}
