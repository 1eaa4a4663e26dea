/* The signature of a release, as docs/signing.md has it: ECDSA on P-256 over the SHA-256 of the manifest, a
 * text that is made here from the command alone, piece by piece and never as a whole. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"

#define FOTA_KEYS_MAX 2u
#define FOTA_KEY_SIZE 65u

/* A public key: 04, then x and y of the point, 32 bytes each, the most significant byte first. */
struct fota_public_key {
    uint8_t point[FOTA_KEY_SIZE];
};

/* Whether one of the command's signatures is by one of the keys. A command that does not say all that is
 * signed (the images of both slots, the manifest) has no good one. */
bool signature_is_good(const struct command *command, const struct fota_public_key *keys, uint32_t count);

#endif
