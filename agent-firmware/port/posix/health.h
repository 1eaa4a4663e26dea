/* The health check of fota-agent: a command, run without blocking the device. */
#ifndef POSIX_HEALTH_H
#define POSIX_HEALTH_H

#include <stdbool.h>
#include <sys/types.h>

#include "event_loop.h"

struct health {
    struct event_loop *loop;
    void (*known)(void *context, bool healthy);
    void *context;
    pid_t process; /* 0: none runs */
    int descriptor;
};

/* Runs `command` with sh. `known` is called later with whether it exited with 0. */
void health_start(struct health *health, struct event_loop *loop, const char *command,
                  void (*known)(void *context, bool healthy), void *context);
/* Kills what still runs, with its children; `known` is not called any more. */
void health_stop(struct health *health);

#endif
