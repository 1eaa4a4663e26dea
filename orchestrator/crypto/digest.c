#include "digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SHA256_SIZE = 32, RANDOM_MAX = 256 };

void digest_sha256(const void *bytes, size_t size, char text[SHA256_HEX_SIZE])
{
    unsigned char digest[SHA256_SIZE];
    if (EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) != 1)
        abort();
    hex_format(text, digest, sizeof digest);
}

void digest_hmac(const void *key, size_t key_size, const void *bytes, size_t size, char text[SHA256_HEX_SIZE])
{
    unsigned char mac[SHA256_SIZE];
    unsigned int length = sizeof mac;
    if (HMAC(EVP_sha256(), key, (int)key_size, bytes, size, mac, &length) == NULL || length != sizeof mac)
        abort();
    hex_format(text, mac, sizeof mac);
}

bool digest_equal(const char *left, const char *right)
{
    size_t length = strlen(left);
    return length == strlen(right) && CRYPTO_memcmp(left, right, length) == 0;
}

void random_bytes(void *bytes, size_t size)
{
    /* Up to 256 bytes are never cut short once the pool is ready (getrandom(2)). */
    if (size > RANDOM_MAX || getrandom(bytes, size, 0) != (ssize_t)size)
        abort();
}

void random_hex(char *text, size_t size)
{
    unsigned char bytes[RANDOM_MAX];
    random_bytes(bytes, size);
    hex_format(text, bytes, size);
}
