/* ESP8266 FOTA images: the check before one is stored. Format: docs/protocol.md, "Image check". */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define IMAGE_SIZE_MAX 0xE0000 /* largest slot of any flash map (1024+1024) */

struct image_info {
    int slot;       /* 1 or 2 from the header; 0 when the image begins with E9 and names none */
    uint32_t entry; /* entry address of the last header */
    uint32_t crc_trailer;
    int segments;
};

/* Checks header, slot (1 or 2, must be `slot`), segments, checksum and CRC trailer. On STATUS_INVALID the
 * message says which check failed and with what values. */
enum status image_check(const unsigned char *bytes, size_t size, int slot, struct image_info *info,
                        struct error *error) MUST_CHECK;

/* Checks a boot loader as the chip's ROM loads it: E9 header, segments, checksum. There is no CRC trailer;
 * after the checksum only padding (00 or ff) may follow. */
enum status image_check_boot(const unsigned char *bytes, size_t size, struct error *error) MUST_CHECK;

/* zlib's CRC-32. */
uint32_t image_crc32(const unsigned char *bytes, size_t size);

#endif
