/* Hashes, proofs and random bytes. Nothing here can fail while the library works at all: where libcrypto or
 * the kernel cannot do it, the process is aborted, as when memory is exhausted (base/arena.h). */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "hex.h"

/* SHA-256 of `size` bytes (may be 0), as 64 lower-case digits. */
void digest_sha256(const void *bytes, size_t size, char text[SHA256_HEX_SIZE]);

/* The same of all bytes of a file, wherever it stands. False when it cannot be read. */
bool digest_sha256_file(int fd, char text[SHA256_HEX_SIZE]);

/* HMAC-SHA-256 (RFC 2104) of `size` bytes under a key of `key_size` bytes, as 64 lower-case digits. */
void digest_hmac(const void *key, size_t key_size, const void *bytes, size_t size,
                 char text[SHA256_HEX_SIZE]);

/* Whether two texts are the same, in a time that depends on their lengths alone. */
bool digest_equal(const char *left, const char *right);

/* `size` bytes (1 to 256) from the kernel's random source. */
void random_bytes(void *bytes, size_t size);

/* The same as 2 * size lower-case digits and a zero byte. */
void random_hex(char *text, size_t size);

#endif
