#include "network.h"

#include <stdio.h>
#include <string.h>

void network_send(struct direction *direction, const char *topic, const char *payload)
{
    if (direction->count == MESSAGES_MAX)
        return;
    struct message *message = &direction->messages[direction->count++];
    snprintf(message->topic, sizeof message->topic, "%s", topic);
    snprintf(message->payload, sizeof message->payload, "%s", payload);
}

void network_take(struct direction *direction, int place, struct message *message)
{
    *message = direction->messages[place];
    direction->count--;
    memmove(&direction->messages[place], &direction->messages[place + 1],
            (size_t)(direction->count - place) * sizeof *message);
}
