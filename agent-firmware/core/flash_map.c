#include "fota_port.h"

const struct fota_flash_map fota_map_256 = {
    .name = "256+256",
    .size = 0x80000,
    .slot_address = {0x1000, 0x41000},
    .slot_size = 0x2B000,
    .record_address = {0x3A000, 0x3B000},
};

const struct fota_flash_map fota_map_512 = {
    .name = "512+512",
    .size = 0x100000,
    .slot_address = {0x1000, 0x81000},
    .slot_size = 0x6A000,
    .record_address = {0x7A000, 0x7B000},
};

const struct fota_flash_map fota_map_1024 = {
    .name = "1024+1024",
    .size = 0x200000,
    .slot_address = {0x1000, 0x101000},
    .slot_size = 0xE0000,
    .record_address = {0xFA000, 0xFB000},
};
