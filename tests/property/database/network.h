/* The messages on their way, of both directions: any of them may be lost, doubled, late or overtaken. */
#ifndef PROPERTY_NETWORK_H
#define PROPERTY_NETWORK_H

#include <stdbool.h>

enum { MESSAGES_MAX = 1000, TOPIC_SIZE = 96, PAYLOAD_SIZE = 2049 };

struct message {
    char topic[TOPIC_SIZE];
    char payload[PAYLOAD_SIZE];
};

struct direction {
    struct message messages[MESSAGES_MAX];
    int count; /* in the order in which they were sent */
};

struct network {
    struct direction up, down; /* to the orchestrators, to the devices */
};

/* Lost when there are too many on their way. */
void network_send(struct direction *direction, const char *topic, const char *payload);

/* Takes the message at `place`, from 0. */
void network_take(struct direction *direction, int place, struct message *message);

#endif
