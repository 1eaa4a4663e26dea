/* Tokens and keys: made at random, and kept only as their SHA-256. */
#ifndef ENGINE_SECRET_H
#define ENGINE_SECRET_H

#include <stddef.h>

#include "hex.h"
#include "status.h"

/* Writes `digits` (even, at most 64) lower-case hexadecimal digits from the kernel's cryptographic random
 * source, and a zero byte. */
enum status secret_make(size_t digits, char *text, struct error *error) MUST_CHECK;

/* The SHA-256 of the text, in hexadecimal. */
void secret_hash(const char *text, char hash[SHA256_HEX_SIZE]);

#endif
