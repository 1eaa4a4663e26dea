/* Numbers and bytes as text. */
#ifndef TEXT_H
#define TEXT_H

#include <stdint.h>

#define TEXT_NUMBER_SIZE 21u

/* The number in decimal digits, somewhere in `digits`. */
const char *text_number(char digits[TEXT_NUMBER_SIZE], uint64_t value);

/* 2 * size lower-case hexadecimal digits and a zero byte. */
void text_hex(char *text, const uint8_t *bytes, uint32_t size);

#endif
