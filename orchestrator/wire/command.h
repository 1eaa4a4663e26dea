/* Commands to a device: from a struct to the MQTT message. Format: docs/protocol.md. */
#ifndef WIRE_COMMAND_H
#define WIRE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "report.h"

struct offered_image {
    bool present;
    const char *url;
    int64_t size; /* bytes */
    const char *sha256;
};

/* An `update`, or a `rollback` where is_rollback. */
struct offer {
    bool is_rollback;
    int64_t campaign;
    int attempt;
    const char *nonce;
    const char *version;
    struct offered_image images[2]; /* of slot 1 and slot 2; both or none (a rollback by flipping back) */
    const char *flip_sha256;        /* of a rollback: the image that ran before */
    int64_t download_seconds;       /* as the policy says; the device is told three quarters */
    int64_t confirm_seconds;
};

/* The messages, in `arena`. */
char *command_offer(const struct offer *offer, struct arena *arena);
char *command_cancel(int64_t campaign, int attempt, struct arena *arena);
char *command_ack(int64_t campaign, int attempt, struct arena *arena);
char *command_report(struct arena *arena);

/* fota/v1/{device}/command. `topic` has room for COMMAND_TOPIC_SIZE bytes. */
#define COMMAND_TOPIC_SIZE 96
void command_topic(const char *device, char topic[COMMAND_TOPIC_SIZE]);

#endif
