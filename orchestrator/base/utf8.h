/* UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at `text`, which ends with a zero byte; 0 when it is not UTF-8. */
size_t utf8_length(const unsigned char *text);

/* Counts the characters of a text that ends with a zero byte; false when it is not UTF-8. */
bool utf8_count(const char *text, size_t *characters);

/* Bytes of the byte order mark that `text` begins with, which some editors and spreadsheets write: 3, or 0
 * when there is none. */
size_t utf8_mark(const char *text, size_t length);

#endif
