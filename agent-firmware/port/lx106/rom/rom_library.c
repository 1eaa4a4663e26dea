/* The ROM's string functions, and the arithmetic that the compiler calls: the core has no divider, and this
 * compiler's library leaves out what the ROM has. */
#include "rom.h"

void *rom_memset(void *to, int byte, size_t length)
{
    for (uint8_t *at = to; length > 0; length--)
        *at++ = (uint8_t)byte;
    return to;
}

void *rom_memcpy(void *to, const void *from, size_t length)
{
    const uint8_t *source = from;

    for (uint8_t *at = to; length > 0; length--)
        *at++ = *source++;
    return to;
}

void *rom_memmove(void *to, const void *from, size_t length)
{
    if (to <= from)
        return rom_memcpy(to, from, length);
    while (length-- > 0)
        ((uint8_t *)to)[length] = ((const uint8_t *)from)[length];
    return to;
}

int rom_memcmp(const void *a, const void *b, size_t length)
{
    const uint8_t *left = a, *right = b;

    for (; length > 0; length--, left++, right++)
        if (*left != *right)
            return *left - *right;
    return 0;
}

size_t rom_strlen(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0')
        length++;
    return length;
}

int rom_strncmp(const char *a, const char *b, size_t length)
{
    for (; length > 0; length--, a++, b++)
        if (*a != *b || *a == '\0')
            return (uint8_t)*a - (uint8_t)*b;
    return 0;
}

int rom_strcmp(const char *a, const char *b)
{
    return rom_strncmp(a, b, SIZE_MAX);
}

uint64_t rom_multiply_wide(uint32_t a, uint32_t b)
{
    uint32_t a_low = a & 0xFFFF, a_high = a >> 16, b_low = b & 0xFFFF, b_high = b >> 16;
    uint32_t low = a_low * b_low;
    uint32_t middle = a_low * b_high + (low >> 16);
    uint32_t rest = a_high * b_low + (middle & 0xFFFF);
    uint32_t high = a_high * b_high + (middle >> 16) + (rest >> 16);

    return (uint64_t)high << 32 | (rest << 16 | (low & 0xFFFF));
}

uint64_t rom_multiply(uint64_t a, uint64_t b)
{
    uint64_t low = rom_multiply_wide((uint32_t)a, (uint32_t)b);
    uint32_t high = (uint32_t)(a >> 32) * (uint32_t)b + (uint32_t)a * (uint32_t)(b >> 32);

    return low + ((uint64_t)high << 32);
}

/* By hand, bit by bit; a division by zero gives all ones, as that of the ROM may give anything. */
static uint64_t divide(uint64_t dividend, uint64_t divisor, uint64_t *rest)
{
    uint64_t quotient = 0;

    *rest = 0;
    for (int bit = 63; bit >= 0; bit--) {
        *rest = *rest << 1 | (dividend >> bit & 1);
        quotient <<= 1;
        if (*rest >= divisor) {
            *rest -= divisor;
            quotient |= 1;
        }
    }
    return quotient;
}

uint64_t rom_divide_long(uint64_t dividend, uint64_t divisor)
{
    uint64_t rest;
    return divide(dividend, divisor, &rest);
}

uint64_t rom_modulo_long(uint64_t dividend, uint64_t divisor)
{
    uint64_t rest;
    (void)divide(dividend, divisor, &rest);
    return rest;
}

uint32_t rom_divide(uint32_t dividend, uint32_t divisor)
{
    uint64_t rest;
    return (uint32_t)divide(dividend, divisor, &rest);
}

uint32_t rom_modulo(uint32_t dividend, uint32_t divisor)
{
    uint64_t rest;
    (void)divide(dividend, divisor, &rest);
    return (uint32_t)rest;
}
