/* The boot loader, as far as it is the same on the chip and in the simulators: which slot runs, whether its
 * image is whole, and the try that a boot of a trial costs. It reads flash and clears bits of one word; it
 * erases nothing and writes no record, so a power cut at any moment of a boot loses at most one try. */
#ifndef BOOT_H
#define BOOT_H

#include "boot_record.h"

/* What a boot needs of memory; caller-owned, of no use afterwards. */
struct boot_memory {
    struct boot_copy copies[2];
    uint32_t buffer[FOTA_SECTOR_SIZE / 4]; /* images are read through it */
};

/* Whether `slot` (1 or 2) holds an image that can be started. `known` is what the boot record says of it:
 * NULL or a length of 0 when it says nothing. `buffer` has FOTA_SECTOR_SIZE bytes. */
typedef bool boot_check_function(const struct fota_platform *platform, int slot,
                                 const struct boot_image *known, uint32_t *buffer);

/* The check: the image's headers (magic, slot, segments) agree with its length, its CRC trailer is right, and
 * length and CRC are those of the record where that knows them. The CRC covers every byte, so the older
 * checksum byte, which the agent has looked at, is not calculated again. */
bool boot_check(const struct fota_platform *platform, int slot, const struct boot_image *known,
                uint32_t *buffer);

/* Chooses, checks, counts a try on trial and reads it back, falls back to the other slot. An image is checked
 * BOOT_READS times before it counts as broken; while a copy of the record is refused no trial is started.
 * Returns the slot to run, 1 or 2; 0 when neither holds a whole image. Of the port it calls flash_read,
 * flash_program and, where there is one, feed_watchdog. */
int boot_run(const struct fota_platform *platform, boot_check_function *check, struct boot_memory *memory);

/* The flash map of a chip whose first sector begins with these bytes: the upper half of the fourth byte, as
 * the ROM and every programmer know it (0: 256+256; 2, 3, 4: 512+512; 5, 6, 8, 9: 1024+1024). NULL: none of
 * these. `kilobytes` is the size of the chip. */
const struct fota_flash_map *boot_map(uint32_t first_word, uint32_t *kilobytes);
/* The same from flash, of which no map is known yet (`platform` has its port and context). The word counts
 * when three reads on end agree: by another map a good record and its slots would not be found. */
const struct fota_flash_map *boot_read_map(const struct fota_platform *platform, uint32_t *kilobytes);

#endif
