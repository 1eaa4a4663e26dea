/* libmicrohttpd and nothing else: whatever is asked for, the file, from one descriptor. What the image server
 * is compared with. bare_http PORT THREADS FILE    (on 127.0.0.1; prints "ready", ends when told to) */
#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "raw_mqtt.h"

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data, size_t *size,
                              void **state)
{
    static int seen;
    (void)path, (void)method, (void)version, (void)data, (void)size;
    if (*state == NULL) { /* an answer to the first call would close the connection */
        *state = &seen;
        return MHD_YES;
    }
    *state = NULL;
    return MHD_queue_response(connection, MHD_HTTP_OK, context);
}

int main(int count, char **arguments)
{
    struct stat about;
    sigset_t ends;
    int ended;
    if (count != 4)
        die("bare_http PORT THREADS FILE");
    int file = open(arguments[3], O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) != 0)
        die("%s: %m", arguments[3]);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)about.st_size, file);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response, MHD_OPTION_SOCK_ADDR,
                         &address, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)atoi(arguments[2]), MHD_OPTION_END);
    if (response == NULL || daemon == NULL)
        die("cannot listen on port %s", arguments[1]);
    puts("ready");
    (void)fflush(stdout);
    sigwait(&ends, &ended);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
