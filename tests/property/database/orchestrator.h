/* An orchestrator as a process of its own: ticker, ingest workers, watch and census with their connections,
 * as in the daemon, and sockets for the broker. It may be killed, stopped and started at any instant. */
#ifndef PROPERTY_ORCHESTRATOR_H
#define PROPERTY_ORCHESTRATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "network.h"

enum { ORCHESTRATOR_CLIENT_SIZE = 32 };

struct orchestrator {
    pid_t pid;   /* 0: does not run */
    int reports; /* to it: reports, presence, and its markers that come back */
    int control; /* both ways: what it publishes, and what becomes of its connections */
    bool is_stopped;
};

/* What is sent over `control` beside commands; the payload is a number, or a client id. */
#define CONTROL_UP "up"                     /* to it: it can publish, on the link of that number */
#define CONTROL_DOWN "down"                 /* to it: all its connections are broken */
#define CONTROL_CONNECT "connect"           /* from it: it wants reports, as that client */
#define CONTROL_CONNECTED "connected"       /* to it: it gets them, on the connection of that number */
#define CONTROL_DISCONNECT "disconnect"     /* from it: it wants no reports any more */
#define CONTROL_MARKER "marker"             /* from it, and back to it behind its reports */
#define CONTROL_ACKNOWLEDGED "acknowledged" /* to it: the broker has that marker */
#define CONTROL_EVICT "evict"               /* from it: the connection of that client is to be dropped */
#define CONTROL_EVICTED "evicted"           /* to it: that is done */
#define CONTROL_CENSUS "census"             /* from it: the retained messages are wanted, which come then */
#define CONTROL_CENSUS_END "census_end"     /* to it: those were all */
/* From it: a failure that no fault explains. */
#define ORCHESTRATOR_COMPLAINT "complaint"

/* `number`, from 0, is part of the names of its connections with the database. */
void orchestrator_start(struct orchestrator *orchestrator, const char *database_url, int number);

/* kill -9. */
void orchestrator_kill(struct orchestrator *orchestrator);

/* SIGSTOP: it stands still where it is, with every lock that it holds; and lets it go on. */
void orchestrator_stop(struct orchestrator *orchestrator);
void orchestrator_continue(struct orchestrator *orchestrator);

/* Hands a report over. False when it cannot take it now. */
bool orchestrator_deliver(const struct orchestrator *orchestrator, const struct message *message);

/* Sends over `control`. */
void orchestrator_tell(const struct orchestrator *orchestrator, const struct message *message);

/* The next message that it has sent over `control`, if there is one. */
bool orchestrator_collect(const struct orchestrator *orchestrator, struct message *message);

/* How far it is, by shifted_steady(); 0: not yet in its life. When these last began: a beat that database and
 * broker have answered; the report behind which nothing was left to store; a tick. */
struct progress {
    _Atomic(int64_t) answered_at, stored_at, ticked_at;
    _Atomic(int64_t) wanted_at; /* the test waits for a tick from then on */
};
struct progress *orchestrator_progress(int number);

/* --- used by its parts --- */

/* Body of the process. */
__attribute__((noreturn)) void process_run(int number, int reports, int control, const char *database_url,
                                           struct progress *progress);

/* One message over a socket; the answer is that of send() and recv(). */
bool message_send(int socket, const struct message *message, int flags);
bool message_receive(int socket, struct message *message, int flags);

#endif
