/* An orchestrator as a process of its own: ticker and ingest workers with their connections, as in the
 * daemon, and a socket for the broker. It may be killed, stopped and started at any instant. */
#ifndef PROPERTY_ORCHESTRATOR_H
#define PROPERTY_ORCHESTRATOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "network.h"

struct orchestrator {
    pid_t pid; /* 0: does not run */
    int socket;
    bool is_stopped;
};

void orchestrator_start(struct orchestrator *orchestrator, const char *database_url);

/* kill -9. */
void orchestrator_kill(struct orchestrator *orchestrator);

/* SIGSTOP: it stands still where it is, with every lock that it holds; and lets it go on. */
void orchestrator_stop(struct orchestrator *orchestrator);
void orchestrator_continue(struct orchestrator *orchestrator);

/* Hands a report over. False when it cannot take it now. */
bool orchestrator_deliver(const struct orchestrator *orchestrator, const struct message *message);

/* The next message that it has published, if there is one. What stands under ORCHESTRATOR_COMPLAINT is no
 * message but a failure that no fault explains. */
#define ORCHESTRATOR_COMPLAINT "complaint"
bool orchestrator_collect(const struct orchestrator *orchestrator, struct message *message);

#endif
