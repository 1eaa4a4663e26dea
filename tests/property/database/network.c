#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void network_send(struct direction *direction, const char *topic, const char *payload)
{
    if (direction->count == direction->room) {
        direction->room = direction->room * 2 + 64;
        direction->messages =
            realloc(direction->messages, (size_t)direction->room * sizeof(struct message *));
        if (direction->messages == NULL)
            abort();
    }
    struct message *message = malloc(sizeof *message);
    if (message == NULL)
        abort();
    message->link = 0;
    snprintf(message->topic, sizeof message->topic, "%s", topic);
    snprintf(message->payload, sizeof message->payload, "%s", payload);
    direction->messages[direction->count++] = message;
}

static void remove_place(struct direction *direction, int place)
{
    free(direction->messages[place]);
    direction->count--;
    memmove(&direction->messages[place], &direction->messages[place + 1],
            (size_t)(direction->count - place) * sizeof(struct message *));
}

void network_take(struct direction *direction, int place, struct message *message)
{
    *message = *direction->messages[place];
    remove_place(direction, place);
}

void network_lose(struct direction *direction, const char *topic)
{
    for (int i = direction->count - 1; i >= 0; i--) {
        if (topic == NULL || strcmp(direction->messages[i]->topic, topic) == 0)
            remove_place(direction, i);
    }
}

void network_release(struct direction *direction)
{
    network_lose(direction, NULL);
    free(direction->messages);
    *direction = (struct direction){0};
}
