#include "sample_image.h"

#include <string.h>

#include "crc32.h"

static uint8_t *put_word(uint8_t *at, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        *at++ = (uint8_t)(word >> 8 * i);
    return at;
}

static uint8_t *put_noise(uint8_t *at, uint32_t count, uint32_t *seed)
{
    for (uint32_t i = 0; i < count; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        *at++ = (uint8_t)(*seed >> 24);
    }
    return at;
}

uint32_t sample_image_make(uint8_t *bytes, int slot, uint32_t mapped, uint32_t segment, uint32_t seed)
{
    const uint8_t inner[4] = {0xE9, 1, 0, 0};
    uint8_t checksum = 0xEF;
    uint8_t *at = put_word(bytes, 0xEAu | 4u << 8 | (uint32_t)slot << 24);

    at = put_word(at, 0x40100004);
    at = put_word(at, 0);
    at = put_word(at, mapped);
    at = put_noise(at, mapped, &seed);
    uint8_t *line_start = at;
    memcpy(at, inner, sizeof inner);
    at = put_word(at + sizeof inner, 0x40100004);
    at = put_word(at, 0x40100000);
    at = put_word(at, segment);
    uint8_t *data = at;
    at = put_noise(at, segment, &seed);
    for (; data < at; data++)
        checksum ^= *data;
    while ((at - line_start) % 16 != 15)
        *at++ = 0;
    *at++ = checksum;
    uint32_t crc = crc32_add(0, bytes, (uint32_t)(at - bytes));
    at = put_word(at, (crc & 0x80000000u) != 0 ? ~crc : crc + 1);
    return (uint32_t)(at - bytes);
}
