#include "boot.h"
#include "crc32.h"
#include "verify.h"

#define TRAILER 4u
#define MAPPED_MAGIC 0xEAu
#define MAPPED_HEADER 0x0004EAu /* the first three bytes; the fourth is the slot */

struct sums {
    uint32_t crc;     /* of everything before the trailer */
    uint32_t trailer; /* as it stands in flash */
};

static bool add_up(const struct fota_platform *platform, int slot, uint32_t length, uint32_t *buffer,
                   struct sums *sums)
{
    const uint8_t *bytes = (const uint8_t *)buffer;
    uint32_t covered = length - TRAILER;

    sums->crc = 0;
    sums->trailer = 0;
    for (uint32_t done = 0; done < length;) {
        uint32_t count = length - done < FOTA_SECTOR_SIZE ? length - done : FOTA_SECTOR_SIZE;
        uint32_t body = done >= covered ? 0 : covered - done < count ? covered - done : count;

        if (!boot_read(platform, platform->map->slot_address[slot - 1] + done, buffer, (count + 3) & ~3u))
            return false;
        sums->crc = crc32_add(sums->crc, bytes, body);
        for (uint32_t i = body; i < count; i++)
            sums->trailer = sums->trailer >> 8 | (uint32_t)bytes[i] << 24;
        done += count;
        if (platform->port->feed_watchdog != NULL)
            platform->port->feed_watchdog(platform->context);
    }
    return true;
}

/* An image that names its slot is for that one. */
static bool header_is_right(const struct fota_platform *platform, int slot)
{
    uint32_t word;

    return boot_read(platform, platform->map->slot_address[slot - 1], &word, sizeof word) &&
           ((word & 0xFF) != MAPPED_MAGIC || word == (MAPPED_HEADER | (uint32_t)slot << 24));
}

static bool trailer_is_right(const struct sums *sums)
{
    return sums->trailer == ((sums->crc & 0x80000000u) != 0 ? ~sums->crc : sums->crc + 1);
}

bool boot_check(const struct fota_platform *platform, int slot, const struct boot_image *known,
                uint32_t *buffer)
{
    uint32_t length = verify_measure(platform, slot);
    bool recorded = known != NULL && known->length != 0;
    struct sums sums;

    if (length == 0 || (recorded && length != known->length) || !header_is_right(platform, slot) ||
        !add_up(platform, slot, length, buffer, &sums) || !trailer_is_right(&sums))
        return false;
    /* Little-endian here and in flash: the trailer's word is its bytes. */
    return !recorded || crc32_add(sums.crc, (const uint8_t *)&sums.trailer, TRAILER) == known->crc32;
}
