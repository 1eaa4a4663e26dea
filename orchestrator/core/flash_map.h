/* Flash maps: where everything stands in a chip's flash, for programming it whole. Addresses and sectors are
 * those of the seed's tables 2-1, 2-2 and 2-3; the second slots, the largest images and the chips of 8 and
 * 16 MB are the SDK's (docs/flash-maps.md). */
#ifndef CORE_FLASH_MAP_H
#define CORE_FLASH_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define FLASH_SECTOR 4096
#define FLASH_ERASED 0xFF
#define FLASH_SIZE_KB_MAX 16384

/* What is written into a flash: name, the file's name, what it is (table 2-3). */
#define FLASH_BINARY_LIST(X)                                                                                 \
    X(FLASH_BOOT, "boot.bin", "the boot loader, which chooses the slot")                                     \
    X(FLASH_USER1, "user1.bin", "the program, built for slot 1")                                             \
    X(FLASH_USER2, "user2.bin", "the program, built for slot 2; the first update writes it")                 \
    X(FLASH_KEY, "master_device_key.bin", "the device's key, in the user parameters")                        \
    X(FLASH_BLANK_RF, "blank.bin (partition 1)", "clears the RF_CAL parameters")                             \
    X(FLASH_INIT_DATA, "esp_init_data_default.bin", "the other RF parameters")                               \
    X(FLASH_BLANK_SYSTEM, "blank.bin (partition 2)", "clears the system parameters")

enum flash_binary {
#define X(name, file, what) name,
    FLASH_BINARY_LIST(X)
#undef X
        FLASH_BINARY_COUNT
};

const char *flash_binary_file(enum flash_binary binary);
const char *flash_binary_purpose(enum flash_binary binary);

struct flash_map {
    int size_kb;      /* of the chip */
    const char *name; /* "512+512": the two slots share so many KB each with their parameters */
    uint32_t address[FLASH_BINARY_COUNT];
    uint32_t image_max;         /* bytes: the largest user1.bin and user2.bin */
    uint32_t private_sector;    /* PRIV_PARAM_START_SEC: the program's own parameters */
    uint32_t platform_sector;   /* ESP_PARAM_START_SEC: those of its cloud side; the key is in the next one */
    uint32_t system_parameters; /* address of the chip's last three sectors */
};

/* All maps, by size and then by slots. */
size_t flash_map_count(void);
const struct flash_map *flash_map_at(size_t index);

/* The map of that name for a chip of `size_kb`. `name` may be NULL when the size has one map only.
 * STATUS_INVALID says which sizes or maps there are; error->field is "size" or "map". */
enum status flash_map_find(int size_kb, const char *name, const struct flash_map **map,
                           struct error *error) MUST_CHECK;

/* Bytes that may be written at the binary's address. */
uint32_t flash_map_room(const struct flash_map *map, enum flash_binary binary);

/* Checks the contents of one file: boot.bin and user1.bin, user2.bin as images (core/image), the key, the RF
 * parameters, and that it fits. The blanks have no file. STATUS_INVALID or STATUS_TOO_LARGE say what is
 * wrong, without naming the file. */
enum status flash_map_check(const struct flash_map *map, enum flash_binary binary, const unsigned char *bytes,
                            size_t size, struct error *error) MUST_CHECK;

#endif
