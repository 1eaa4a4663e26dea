/* Messages on their way in one direction, in the order in which they were sent. */
#ifndef PROPERTY_NETWORK_H
#define PROPERTY_NETWORK_H

#include <stdint.h>

enum { TOPIC_SIZE = 96, PAYLOAD_SIZE = 2049 };

struct message {
    int64_t link; /* the connection that it was sent on (broker.h) */
    char topic[TOPIC_SIZE];
    char payload[PAYLOAD_SIZE];
};

struct direction {
    struct message **messages;
    int count, room;
};

/* Adds a message at the end. */
void network_send(struct direction *direction, const char *topic, const char *payload);

/* Takes the message at `place`, from 0. */
void network_take(struct direction *direction, int place, struct message *message);

/* Loses all that is on its way to `topic`; NULL: to anybody. */
void network_lose(struct direction *direction, const char *topic);

void network_release(struct direction *direction);

#endif
