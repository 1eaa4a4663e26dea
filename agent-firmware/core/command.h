/* Commands to the device, read from JSON. docs/protocol.md says what they mean. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "boot_record.h"
#include "json.h"

#define FOTA_MESSAGE_SIZE 2048u
#define FOTA_CAMPAIGN_MAX 9007199254740991u
#define FOTA_ATTEMPT_MAX 32767u
#define FOTA_SECONDS_MAX 2147483647u
#define FOTA_URL_SIZE 401u
#define FOTA_SIGNATURES_MAX 2u
#define FOTA_SIGNATURE_SIZE 64u

#define COMMANDS(X)                                                                                          \
    X(COMMAND_UPDATE, "update")                                                                              \
    X(COMMAND_ROLLBACK, "rollback")                                                                          \
    X(COMMAND_CANCEL, "cancel")                                                                              \
    X(COMMAND_ACK, "ack")                                                                                    \
    X(COMMAND_REPORT, "report")                                                                              \
    X(COMMAND_REBOOT, "reboot")

enum command_kind {
#define X(name, text) name,
    COMMANDS(X)
#undef X
};

enum command_verdict {
    COMMAND_GOOD,
    COMMAND_TOO_LARGE, /* more than FOTA_MESSAGE_SIZE bytes */
    COMMAND_NOT_JSON,  /* not one JSON object, or one of more than JSON_TOKENS tokens */
    COMMAND_DROPPED,   /* a member is bad, and it cannot be answered */
    COMMAND_REFUSED,   /* a member is bad, but campaign and attempt are there: answer bad_command */
};

struct command_image {
    bool present;
    uint32_t size;
    uint8_t sha256[FOTA_SHA256_SIZE];
};

/* What the signature of the release is over, beside the command's other members: docs/signing.md. */
struct command_manifest {
    bool present;
    uint32_t sequence;
    char requires[BOOT_VERSION_SIZE]; /* empty when it may go from any version */
    uint32_t signature_count;
    uint8_t signatures[FOTA_SIGNATURES_MAX][FOTA_SIGNATURE_SIZE]; /* r and s of ECDSA P-256 */
};

struct command {
    enum command_kind kind;
    uint64_t campaign;
    uint32_t attempt;
    /* Empty in a reboot that wants no answer, and in cancel and ack of an older orchestrator. */
    char nonce[BOOT_NONCE_LENGTH + 1];
    char version[BOOT_VERSION_SIZE];
    struct command_image images[2];   /* for slots 1 and 2 */
    uint8_t sha256[FOTA_SHA256_SIZE]; /* rollback: the image to go back to */
    struct command_manifest manifest; /* update and rollback */
    uint32_t download_seconds;
    uint32_t confirm_seconds;
    const char *fault; /* the member at fault, when the verdict is not good */
};

/* Reads one message. `url` gets where the image for `slot` (1 or 2) is, when there is one; NULL: the URLs are
 * not looked at. `tokens` is scratch space. */
enum command_verdict command_read(struct command *command, const char *text, uint32_t length, int slot,
                                  char url[FOTA_URL_SIZE], jsmntok_t tokens[JSON_TOKENS]);

const char *command_kind_name(enum command_kind kind);

#endif
