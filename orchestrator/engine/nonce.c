#include "nonce.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"

void nonce_make(const unsigned char secret[IMAGE_SECRET_SIZE], int64_t wire_number, const char *device,
                int attempt, char nonce[NONCE_SIZE])
{
    char message[160], proof[SHA256_HEX_SIZE];
    /* One value a line, so that none can pass for part of another; the purpose keeps it apart from URLs. */
    int length =
        snprintf(message, sizeof message, "fota-nonce-v1\n%" PRId64 "\n%s\n%d", wire_number, device, attempt);
    digest_hmac(secret, IMAGE_SECRET_SIZE, message, (size_t)length, proof);
    memcpy(nonce, proof, NONCE_SIZE - 1);
    nonce[NONCE_SIZE - 1] = '\0';
}

bool nonce_is(const unsigned char secret[IMAGE_SECRET_SIZE], int64_t wire_number, const char *device,
              int attempt, const char *nonce)
{
    char made[NONCE_SIZE];
    nonce_make(secret, wire_number, device, attempt, made);
    return digest_equal(made, nonce);
}
