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

#define OFFERED_SIGNATURES_MAX 2 /* so that the longest command stays within MESSAGE_SIZE_MAX */

/* What the device needs beside the images to make the release's manifest itself (docs/signing.md). */
struct offered_manifest {
    bool present;
    int64_t sequence;
    const char *requires;                           /* NULL when it may go from any version */
    const char *signatures[OFFERED_SIGNATURES_MAX]; /* 128 digits each; NULL where there are fewer */
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
    struct offered_manifest manifest;
    int64_t download_seconds; /* as the policy says; the device is told three quarters */
    int64_t confirm_seconds;
};

/* The messages, in `arena`. */
char *command_offer(const struct offer *offer, struct arena *arena);
/* `nonce` is NULL for a device that does not know attempts by it. */
char *command_cancel(int64_t campaign, int attempt, const char *nonce, struct arena *arena);
char *command_ack(int64_t campaign, int attempt, const char *nonce, struct arena *arena);
char *command_report(struct arena *arena);
char *command_reboot(const char *nonce, struct arena *arena);

/* fota/v1/{device}/command. `topic` has room for COMMAND_TOPIC_SIZE bytes. */
#define COMMAND_TOPIC_SIZE 96
void command_topic(const char *device, char topic[COMMAND_TOPIC_SIZE]);

#endif
