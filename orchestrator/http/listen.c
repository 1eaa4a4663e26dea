#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int bind_to(const struct addrinfo *where)
{
    int one = 1;
    int fd = socket(where->ai_family, where->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, where->ai_protocol);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int problem = errno;
    close(fd);
    errno = problem;
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

enum status listen_open(const char *address, int port, int *fd, int *bound_port, struct error *error)
{
    char service[16];
    struct addrinfo *found;
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    *fd = -1;
    if (port < 0 || port > 65535)
        return error_set(error, STATUS_INVALID, "port", "is %d; allowed is 0 (any free one) to 65535", port);
    snprintf(service, sizeof service, "%d", port);
    int problem = getaddrinfo(address, service, &hints, &found);
    if (problem != 0)
        return error_set(error, STATUS_INVALID, "address", "cannot listen on \"%s\": %s", address,
                         gai_strerror(problem));
    *fd = bind_to(found);
    int bind_error = errno;
    freeaddrinfo(found);
    if (*fd < 0)
        return error_set(error, STATUS_UNAVAILABLE, NULL, "cannot listen on %s port %d: %s", address, port,
                         strerror(bind_error));
    *bound_port = port_of(*fd);
    return STATUS_OK;
}
