#include "secret.h"

#include <openssl/sha.h>
#include <string.h>
#include <sys/random.h>

enum { BYTES_MAX = 32 };

enum status secret_make(size_t digits, char *text, struct error *error)
{
    unsigned char bytes[BYTES_MAX];
    size_t size = digits / 2;
    /* up to 256 bytes come in one piece, or not at all */
    if (size > sizeof bytes || getrandom(bytes, size, 0) != (ssize_t)size)
        return error_set(error, STATUS_INTERNAL, NULL, "no random bytes: %m");
    hex_format(text, bytes, size);
    return STATUS_OK;
}

void secret_hash(const char *text, char hash[SHA256_HEX_SIZE])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)text, strlen(text), digest);
    hex_format(hash, digest, sizeof digest);
}
