#include <stddef.h>

#include "boot.h"

const struct fota_flash_map *boot_map(uint32_t first_word, uint32_t *kilobytes)
{
    uint32_t code = first_word >> 28;

    switch (code) {
    case 0:
        *kilobytes = 512;
        return &fota_map_256;
    case 2:
    case 3:
    case 4:
        *kilobytes = 1024u << (code - 2);
        return &fota_map_512;
    case 5:
    case 6:
        *kilobytes = 2048u << (code - 5);
        return &fota_map_1024;
    case 8:
    case 9:
        *kilobytes = 8192u << (code - 8);
        return &fota_map_1024;
    default:
        return NULL;
    }
}

const struct fota_flash_map *boot_read_map(const struct fota_platform *platform, uint32_t *kilobytes)
{
    uint32_t word;

    for (uint32_t i = 0; i < BOOT_READS; i++)
        if (boot_read(platform, 0, &word, sizeof word) && boot_flash_holds(platform, 0, &word, sizeof word) &&
            boot_flash_holds(platform, 0, &word, sizeof word))
            return boot_map(word, kilobytes);
    return NULL;
}
