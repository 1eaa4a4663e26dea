/* Lower-case hexadecimal text. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>

#define SHA256_HEX_SIZE 65 /* 64 digits and the ending zero byte */

/* Writes 2 * length digits and a zero byte to `text`. */
void hex_format(char *text, const unsigned char *bytes, size_t length);

/* Reads exactly 2 * length lower-case digits; false when `text` has another length or another character. */
bool hex_parse(const char *text, unsigned char *bytes, size_t length);

/* Whether `text` is 64 lower-case hexadecimal digits. */
bool hex_is_sha256(const char *text);

#endif
