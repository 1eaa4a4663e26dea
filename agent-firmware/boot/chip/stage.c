#include "stage.h"

#include "rom.h"

#define STAGE __attribute__((section(".stage"))) /* nothing else can be called from here, but the ROM */
#define HEADER_MAGIC 0xE9u
#define CHECKSUM_SEED 0xEFu

struct header {
    uint32_t magic; /* E9, segments, flash mode, flash size */
    uint32_t entry;
};

struct segment {
    uint32_t address;
    uint32_t length;
};

STAGE void stage_load(uint32_t address)
{
    uint32_t sum = CHECKSUM_SEED;
    uint32_t line_start = address;
    struct header header;
    struct segment segment;
    uint32_t last;

    if (SPIRead(address, &header, sizeof header) != 0 || (header.magic & 0xFF) != HEADER_MAGIC)
        software_reset();
    address += sizeof header;
    for (uint32_t left = header.magic >> 8 & 0xFF; left > 0; left--) {
        uint32_t *to;
        if (SPIRead(address, &segment, sizeof segment) != 0)
            software_reset();
        to = (uint32_t *)segment.address;
        address += sizeof segment;
        if (SPIRead(address, to, segment.length) != 0)
            software_reset();
        address += segment.length;
        for (uint32_t i = 0; i < segment.length / 4; i++) /* IRAM is read in words only */
            sum ^= to[i];
    }
    /* The checksum is the last byte of a line of 16. */
    if (SPIRead(line_start + ((address - line_start) | 15u) - 3, &last, sizeof last) != 0)
        software_reset();
    sum ^= sum >> 16;
    sum ^= sum >> 8;
    if ((sum & 0xFF) != last >> 24)
        software_reset();
    ((void (*)(void))header.entry)();
    software_reset();
}
