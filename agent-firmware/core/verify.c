#include "verify.h"

#include <stddef.h>
#include <string.h>

void verify_scan_add(const struct fota_platform *platform, struct image_scan *scan, const uint8_t *bytes,
                     uint32_t length)
{
    if (platform->port->scan_add != NULL)
        platform->port->scan_add(platform->context, scan, bytes, length);
    else
        image_scan_add(scan, bytes, length);
}

/* Reads `count` words at a byte offset in the slot. Offsets in an image need not be aligned, flash reads are.
 */
static bool read_words(const struct fota_platform *platform, int slot, uint32_t offset, uint32_t *words,
                       uint32_t count)
{
    uint32_t slot_size = platform->map->slot_size;
    uint32_t aligned = offset & ~3u;
    uint32_t shift = 8 * (offset & 3u);
    uint32_t raw[5];

    if (offset > slot_size || slot_size - offset < 4 * (count + 1) ||
        !boot_read(platform, platform->map->slot_address[slot - 1] + aligned, raw, 4 * (count + 1)))
        return false;
    for (uint32_t i = 0; i < count; i++)
        words[i] = shift == 0 ? raw[i] : raw[i] >> shift | raw[i + 1] << (32 - shift);
    return true;
}

uint32_t verify_measure(const struct fota_platform *platform, int slot)
{
    uint32_t slot_size = platform->map->slot_size;
    uint32_t offset = 0;
    uint32_t header[4];

    if (!read_words(platform, slot, 0, header, 4))
        return 0;
    if ((header[0] & 0xFF) == 0xEA) {
        if (header[3] > slot_size)
            return 0;
        offset = 16 + header[3];
        if (!read_words(platform, slot, offset, header, 1))
            return 0;
    }
    uint32_t line_start = offset;
    uint32_t segments = header[0] >> 8 & 0xFF;
    if ((header[0] & 0xFF) != 0xE9 || segments < 1 || segments > 16)
        return 0;
    offset += 8;
    for (uint32_t i = 0; i < segments; i++) {
        if (!read_words(platform, slot, offset, header, 2) || header[1] > slot_size)
            return 0;
        offset += 8 + header[1];
    }
    offset = line_start + (((offset - line_start) | 15u) + 1) + 4;
    return offset <= slot_size ? offset : 0;
}

static bool verify_once(const struct fota_platform *platform, int slot, uint32_t length, uint8_t *buffer,
                        enum image_fault *fault, struct boot_image *image)
{
    struct image_digest digest;
    struct image_scan scan;
    uint32_t address = platform->map->slot_address[slot - 1];

    if (length == 0)
        length = verify_measure(platform, slot);
    if (length == 0 || length > platform->map->slot_size)
        return false;
    image_scan_start(&scan, length);
    for (uint32_t done = 0; done < length;) {
        uint32_t count = length - done < FOTA_BUFFER_SIZE ? length - done : FOTA_BUFFER_SIZE;
        if (!boot_read(platform, address + done, buffer, (count + 3) & ~3u))
            return false;
        verify_scan_add(platform, &scan, buffer, count);
        done += count;
        if (platform->port->feed_watchdog != NULL)
            platform->port->feed_watchdog(platform->context);
    }
    *fault = image_scan_finish(&scan, slot, &digest);
    image->length = length;
    image->crc32 = digest.crc32;
    memcpy(image->sha256, digest.sha256, sizeof image->sha256);
    return true;
}

bool verify_slot(const struct fota_platform *platform, int slot, uint32_t length, uint8_t *buffer,
                 enum image_fault *fault, struct boot_image *image)
{
    bool read = false;

    for (uint32_t i = 0; i < BOOT_READS; i++) {
        read = verify_once(platform, slot, length, buffer, fault, image);
        if (read && *fault == IMAGE_GOOD)
            break;
    }
    return read;
}
