#include "text.h"

const char *text_number(char digits[TEXT_NUMBER_SIZE], uint64_t value)
{
    char *at = digits + TEXT_NUMBER_SIZE - 1;

    *at = '\0';
    do
        *--at = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    return at;
}

void text_hex(char *text, const uint8_t *bytes, uint32_t size)
{
    static const char hex[] = "0123456789abcdef";

    for (uint32_t i = 0; i < size; i++) {
        *text++ = hex[bytes[i] >> 4];
        *text++ = hex[bytes[i] & 15];
    }
    *text = '\0';
}
