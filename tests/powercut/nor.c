#include "nor.h"

#include <string.h>

void nor_power_on(struct nor *nor)
{
    nor->operations = nor->reads = 0;
    nor->cut_at = 0;
    nor->running_slot = 0;
}

static uint32_t next_random(struct nor *nor)
{
    nor->random = nor->random * 1664525u + 1013904223u;
    return nor->random >> 8;
}

static bool overlap(uint32_t address, uint32_t length, uint32_t start, uint32_t size)
{
    return address < start + size && address + length > start;
}

/* Only the boot record and the slot that does not run are ever written. */
static void check_place(struct nor *nor, uint32_t address, uint32_t length)
{
    const struct fota_flash_map *map = nor->map;
    bool of_record = overlap(address, length, map->record_address[0], FOTA_SECTOR_SIZE) ||
                     overlap(address, length, map->record_address[1], FOTA_SECTOR_SIZE);
    int slot = overlap(address, length, map->slot_address[0], map->slot_size)   ? 1
               : overlap(address, length, map->slot_address[1], map->slot_size) ? 2
                                                                                : 0;
    if (slot != 0 && slot == nor->running_slot)
        nor->broken = "it writes the slot that runs";
    else if (slot == 0 && !of_record)
        nor->broken = "it writes outside its places";
    else if (slot != 0 && nor->running_slot == 0)
        nor->broken = "the boot loader writes a slot";
    if (address % 4 != 0 || length % 4 != 0 || address + length > NOR_SIZE)
        nor->broken = "it writes at an odd place";
}

static bool is_in_bad_sector(const struct nor *nor, uint32_t address, uint32_t length)
{
    return nor->sector_is_bad && overlap(address, length, nor->bad_sector, FOTA_SECTOR_SIZE);
}

bool nor_read(struct nor *nor, uint32_t address, void *bytes, uint32_t length)
{
    if (address % 4 != 0 || length % 4 != 0 || address + length > NOR_SIZE) {
        nor->broken = "it reads at an odd place";
        return false;
    }
    nor->reads++;
    bool is_bad = nor->bad_read_at != 0 && nor->reads >= nor->bad_read_at &&
                  nor->reads - nor->bad_read_at < nor->bad_reads;
    if (is_bad && !nor->bad_reads_flip)
        return false;
    if (nor->fault == FAULT_READ_REFUSED && is_in_bad_sector(nor, address, length))
        return false;
    memcpy(bytes, nor->bytes + address, length);
    if (is_bad)
        ((uint8_t *)bytes)[next_random(nor) % length] ^= (uint8_t)(1u << next_random(nor) % 8);
    if (nor->fault == FAULT_READ_FLIPS_BIT && is_in_bad_sector(nor, address, length))
        ((uint8_t *)bytes)[next_random(nor) % length] ^= 0x10;
    return true;
}

/* Bits that `wanted` changes, a random subset of them. */
static void change_some(struct nor *nor, uint32_t address, const uint8_t *wanted, uint32_t length)
{
    uint32_t density = next_random(nor) % 3; /* few, half, most */
    for (uint32_t i = 0; i < length; i++) {
        uint8_t mask = (uint8_t)next_random(nor);
        if (density == 0)
            mask &= (uint8_t)next_random(nor);
        else if (density == 2)
            mask |= (uint8_t)next_random(nor);
        nor->bytes[address + i] ^= (uint8_t)((nor->bytes[address + i] ^ wanted[i]) & mask);
    }
}

/* Whether this operation goes wrong. */
static bool goes_wrong(struct nor *nor, uint32_t address)
{
    if (nor->operations == nor->fault_at) {
        nor->sector_is_bad = true;
        nor->bad_sector = address & ~(FOTA_SECTOR_SIZE - 1);
        return true;
    }
    return nor->fault_stays && is_in_bad_sector(nor, address, 4);
}

static void rot(struct nor *nor)
{
    if (nor->fault != FAULT_ROT || nor->operations != nor->fault_at || nor->running_slot == 0)
        return;
    uint32_t start = nor->map->slot_address[2 - nor->running_slot];
    nor->bytes[start + next_random(nor) % NOR_ROT] ^= (uint8_t)(1u << next_random(nor) % 8);
}

/* `wanted` is what flash holds afterwards. False: the power is to fail after it. */
static void apply(struct nor *nor, uint32_t address, const uint8_t *wanted, uint32_t length)
{
    bool fails = nor->operations == nor->cut_at;
    if (!fails || nor->cut == CUT_AFTER)
        memcpy(nor->bytes + address, wanted, length);
    else if (nor->cut == CUT_MIDDLE)
        change_some(nor, address, wanted, length);
    else if (nor->cut == CUT_SHORT)
        memcpy(nor->bytes + address, wanted, next_random(nor) % length);
    if (fails)
        longjmp(*nor->power, 1);
}

bool nor_erase(struct nor *nor, uint32_t address)
{
    uint8_t wanted[FOTA_SECTOR_SIZE];
    nor->operations++;
    check_place(nor, address, FOTA_SECTOR_SIZE);
    if (address % FOTA_SECTOR_SIZE != 0)
        nor->broken = "it erases at an odd place";
    if (nor->running_slot == 0)
        nor->broken = "the boot loader erases";
    if (nor->broken != NULL)
        return false;
    memset(wanted, 0xFF, sizeof wanted);
    if (goes_wrong(nor, address)) {
        if (nor->fault == FAULT_ERASE_REFUSED)
            return false;
        if (nor->fault == FAULT_ERASE_DOES_NOTHING)
            return true;
    }
    apply(nor, address, wanted, sizeof wanted);
    rot(nor);
    return true;
}

bool nor_program(struct nor *nor, uint32_t address, const void *bytes, uint32_t length)
{
    uint8_t wanted[FOTA_SECTOR_SIZE];
    const uint8_t *from = bytes;
    nor->operations++;
    check_place(nor, address, length);
    if (length > sizeof wanted)
        nor->broken = "it programs more than a sector at once";
    if (nor->broken != NULL)
        return false;
    for (uint32_t i = 0; i < length; i++)
        wanted[i] = nor->bytes[address + i] & from[i];
    if (goes_wrong(nor, address)) {
        uint32_t at = next_random(nor) % length;
        if (nor->fault == FAULT_PROGRAM_REFUSED)
            return false;
        if (nor->fault == FAULT_PROGRAM_DROPS_BITS)
            wanted[at] |= nor->bytes[address + at];
    }
    apply(nor, address, wanted, length);
    rot(nor);
    return true;
}
