/* The listening socket, with errors that say what is wrong with address and port. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "status.h"

/* Binds and listens. `port` 0 takes any free one; *bound_port is the one taken. The caller closes *fd. */
enum status listen_open(const char *address, int port, int *fd, int *bound_port,
                        struct error *error) MUST_CHECK;

#endif
