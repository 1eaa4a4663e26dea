/* The option --public-key: keys whose signatures a device accepts. */
#ifndef HOST_PUBLIC_KEY_H
#define HOST_PUBLIC_KEY_H

#include <stdint.h>

#include "signature.h"

struct public_keys {
    struct fota_public_key keys[FOTA_KEYS_MAX];
    uint32_t count;
};

/* Reads one more key: a PEM file with a PUBLIC KEY on P-256, as `orchestratorctl key generate` writes it.
 * Prints the option, the file and what is wrong, and exits with 2, when it is none, or one too many. */
void option_public_key(const char *option, const char *path, struct public_keys *keys);

#endif
