#include "local_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REBOOT_MILLISECONDS 200u /* for the answer to `reset` to leave */

static bool read_address(const char *text, struct sockaddr_in *address)
{
    const char *colon = strrchr(text, ':');
    const char *port = colon == NULL ? text : colon + 1;
    char host[INET_ADDRSTRLEN] = "127.0.0.1", *end;
    unsigned long number = strtoul(port, &end, 10);

    if (colon != NULL) {
        if ((size_t)(colon - text) >= sizeof host)
            return false;
        memset(host, 0, sizeof host);
        memcpy(host, text, (size_t)(colon - text));
    }
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)number);
    return port[0] >= '0' && port[0] <= '9' && *end == '\0' && number >= 1 && number <= 65535 &&
           inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

bool local_server_address_is_valid(const char *address)
{
    struct sockaddr_in read;
    return read_address(address, &read);
}

static uint64_t now(const struct local_server *server)
{
    return event_loop_now(server->device->loop);
}

static void close_connection(struct local_server *server)
{
    int descriptor = server->connection;

    if (descriptor < 0)
        return;
    server->connection = -1;
    event_loop_forget(server->device->loop, descriptor);
    (void)close(descriptor);
    local_upgrade_closed(&server->upgrade, now(server));
}

static void on_connection(void *context, int descriptor, uint32_t events);

static void on_listener(void *context, int descriptor, uint32_t events);

/* Listens for what is wanted next. A second connection waits for the end of the first. */
static void schedule(struct local_server *server)
{
    bool reads = server->is_answered || (server->count == 0 && local_upgrade_wants_bytes(&server->upgrade));

    event_loop_set_timer(server->device->loop, &server->timer, local_upgrade_wake_at(&server->upgrade));
    event_loop_watch(server->device->loop, server->listener,
                     server->connection < 0 || server->is_answered ? EPOLLIN : 0u, on_listener, server);
    if (server->connection >= 0)
        event_loop_watch(server->device->loop, server->connection, reads ? EPOLLIN : 0u, on_connection,
                         server);
}

static void give_bytes(struct local_server *server)
{
    uint32_t taken =
        local_upgrade_take(&server->upgrade, now(server), server->bytes + server->first, server->count);

    if (server->is_answered)
        return; /* port_close has dropped them */
    server->first += taken;
    server->count -= taken;
}

static void on_connection(void *context, int descriptor, uint32_t events)
{
    struct local_server *server = context;
    /* Not asked for bytes, only an end can have come. */
    ssize_t count = server->count > 0 ? 0 : recv(descriptor, server->bytes, sizeof server->bytes, 0);

    if (count < 0 && (errno == EAGAIN || errno == EINTR) && (events & (EPOLLERR | EPOLLHUP)) == 0)
        return;
    if (count <= 0) {
        close_connection(server);
    } else if (!server->is_answered) {
        server->first = 0;
        server->count = (uint32_t)count;
        give_bytes(server);
    }
    schedule(server);
}

static void on_listener(void *context, int descriptor, uint32_t events)
{
    struct local_server *server = context;
    int connection = accept4(descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (connection < 0)
        return;
    if (server->is_answered)
        close_connection(server); /* the other side had time to read */
    if (!local_upgrade_opened(&server->upgrade, now(server))) {
        (void)close(connection);
        return;
    }
    server->connection = connection;
    server->is_answered = false;
    server->first = server->count = 0;
    schedule(server);
}

static void on_time(void *context)
{
    struct local_server *server = context;

    local_upgrade_on_time(&server->upgrade, now(server));
    if (server->count > 0 && local_upgrade_wants_bytes(&server->upgrade))
        give_bytes(server);
    schedule(server);
}

/* --- what the endpoint needs -------------------------------------------------------------------------- */

static void port_send(void *context, const char *bytes, uint32_t length)
{
    const struct local_server *server = context;

    /* A few hundred bytes on a connection that has sent next to nothing: the kernel takes them. */
    if (server->connection >= 0)
        (void)!send(server->connection, bytes, length, MSG_NOSIGNAL);
}

/* Says that nothing more comes, and reads on until the other side has gone: closed at once, with bytes
 * unread, the answer could be lost. */
static void port_close(void *context)
{
    struct local_server *server = context;

    server->is_answered = true;
    server->count = 0;
    if (server->connection >= 0)
        (void)shutdown(server->connection, SHUT_WR);
}

static void port_step(void *context, const struct fota_event *event)
{
    struct local_server *server = context;
    device_step(server->device, event);
}

static void port_reboot_now(void *context)
{
    struct local_server *server = context;
    device_reboot_in(server->device, REBOOT_MILLISECONDS);
}

static const struct local_port port = {
    .send = port_send, .close = port_close, .step = port_step, .reboot_now = port_reboot_now};

bool local_server_start(struct local_server *server, struct device *device, const char *address,
                        char *message, size_t size)
{
    struct sockaddr_in to;
    int yes = 1;

    server->device = device;
    server->connection = -1;
    server->timer = (struct loop_timer){.callback = on_time, .context = server};
    local_upgrade_start(&server->upgrade, &device->agent, &port, server);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (!read_address(address, &to) || server->listener < 0 ||
        setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(server->listener, (struct sockaddr *)&to, sizeof to) != 0 || listen(server->listener, 4) != 0) {
        (void)snprintf(message, size, "--local-upgrade %s: %s", address, strerror(errno));
        return false;
    }
    server->is_on = true;
    schedule(server);
    return true;
}

bool local_server_takes_http_start(struct local_server *server, enum fota_http_method method)
{
    if (!server->is_on || !local_upgrade_http_start(&server->upgrade, method))
        return false;
    event_loop_set_timer(server->device->loop, &server->timer, now(server)); /* not inside the agent */
    return true;
}

bool local_server_takes_http_stop(struct local_server *server)
{
    if (!server->is_on || !local_upgrade_http_stop(&server->upgrade))
        return false;
    event_loop_set_timer(server->device->loop, &server->timer, now(server));
    return true;
}

uint32_t local_server_reboot_delay(const struct local_server *server)
{
    return server->is_on ? local_upgrade_reboot_delay(&server->upgrade) : 0;
}
