/* A broker between devices and orchestrators. It keeps the order of each connection and loses nothing while
 * the connection stands; what was queued to a connection that ends is lost, as is what nobody takes. */
#ifndef PROPERTY_BROKER_H
#define PROPERTY_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "network.h"
#include "orchestrator.h"

enum { ORCHESTRATORS = 2, CONNECTIONS_MAX = 12, DEVICES_MAX = 40, WILLS_MAX = 200, GONE = -1 };

/* Of an orchestrator, by which it gets reports, presence and its own markers. */
struct connection {
    int64_t number; /* never used again; 0: a free place */
    char client[ORCHESTRATOR_CLIENT_SIZE];
    int owner;         /* of the orchestrators; GONE: its host has vanished, and the broker has not noticed */
    int64_t gone_at;   /* when it vanished: shifted_wall() */
    bool is_held_back; /* nothing is passed on for now */
    struct direction queue;
};

struct broker {
    bool is_up;
    struct orchestrator *orchestrators;
    uint64_t *random;
    int64_t last_number;
    int64_t links[ORCHESTRATORS]; /* by which they publish; 0: none */
    struct connection connections[CONNECTIONS_MAX];
    char retained[DEVICES_MAX][100]; /* presence */
    struct direction wills;          /* that are published late */
    struct direction down;           /* to the devices that are connected */
    int64_t passed_on;               /* messages */
    /* An orchestrator has published a command for a device: false when the device is not connected. */
    bool (*publish)(void *context, const struct message *message);
    void (*complain)(void *context, const char *what);
    void *context;
};

/* `orchestrators` and `random` are borrowed. `publish`, `complain` and `context` are the caller's to set. */
void broker_start(struct broker *broker, struct orchestrator *orchestrators, uint64_t *random);
void broker_release(struct broker *broker);

/* A device, numbered from 0, publishes. */
void broker_publish(struct broker *broker, int device, const char *topic, const char *payload);

/* A device's connection has ended without a goodbye: its last will is published, if `may_be_late` perhaps
 * later. */
void broker_leave(struct broker *broker, int device, const char *id, const char *will, bool may_be_late);
/* The oldest of the wills that are late. */
void broker_publish_will(struct broker *broker);

/* Takes what the orchestrators have sent, and has those connect that can. */
void broker_serve(struct broker *broker);

/* Passes one message on, or all that can be. False: nothing could be. */
bool broker_pass_on(struct broker *broker, struct connection *connection, int place);
void broker_pass_all_on(struct broker *broker);

struct connection *broker_connection_of(struct broker *broker, int orchestrator);

/* The orchestrator's process is gone. Its host may have vanished with it: the broker learns of that later. */
void broker_lose(struct broker *broker, int orchestrator, bool with_host);

/* The broker goes away, with all connections; and comes back, perhaps without retained messages. */
void broker_break(struct broker *broker);
void broker_mend(struct broker *broker, bool forgets);

#endif
