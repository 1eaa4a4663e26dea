#include <stddef.h>
#include <string.h>

#include "boot_record.h"
#include "crc32.h"

#define COMPARE_PIECE 64u

static bool is_slot(uint8_t slot)
{
    return slot == 1 || slot == 2;
}

/* Format 2 ended with its CRC where the sequences stand now. */
static bool crc_is_right(const struct boot_record *record)
{
    bool before = record->format == BOOT_FORMAT_BEFORE;
    uint32_t length = before ? (uint32_t)offsetof(struct boot_record, sequences)
                             : (uint32_t)offsetof(struct boot_record, crc32);

    return (before ? record->sequences[0] : record->crc32) == crc32_add(0, (const uint8_t *)record, length);
}

bool boot_record_is_valid(const struct boot_record *record)
{
    return record->magic == BOOT_MAGIC &&
           (record->format == BOOT_FORMAT || record->format == BOOT_FORMAT_BEFORE) && crc_is_right(record) &&
           is_slot(record->good_slot) && is_slot(record->trial_slot) && record->state >= BOOT_STEADY &&
           record->state <= BOOT_REVERTED;
}

bool boot_read(const struct fota_platform *platform, uint32_t address, void *bytes, uint32_t length)
{
    return platform->port->flash_read(platform->context, address, bytes, length);
}

bool boot_flash_holds(const struct fota_platform *platform, uint32_t address, const void *bytes,
                      uint32_t length)
{
    uint32_t piece[COMPARE_PIECE / 4];
    const uint8_t *wanted = bytes;

    for (uint32_t done = 0; done < length;) {
        uint32_t count = length - done < COMPARE_PIECE ? length - done : COMPARE_PIECE;
        if (!boot_read(platform, address + done, piece, count) || memcmp(piece, wanted + done, count) != 0)
            return false;
        done += count;
    }
    return true;
}

enum boot_found boot_read_copy(const struct fota_platform *platform, int copy, struct boot_record *record,
                               struct boot_words *words)
{
    uint32_t address = platform->map->record_address[copy];
    uint32_t words_address = address + BOOT_WORDS_OFFSET;
    enum boot_found found = BOOT_UNREADABLE;

    for (uint32_t i = 0; i < BOOT_READS; i++) {
        found = BOOT_UNREADABLE;
        if (!boot_read(platform, address, record, sizeof *record))
            continue;
        if (!boot_record_is_valid(record))
            found = BOOT_ABSENT;
        else if (boot_read(platform, words_address, words, sizeof *words) &&
                 boot_flash_holds(platform, words_address, words, sizeof *words) &&
                 boot_flash_holds(platform, words_address, words, sizeof *words))
            return BOOT_LOADED;
    }
    return found;
}

static int copy_in_force(const struct boot_copy copies[2])
{
    bool first = boot_record_is_valid(&copies[0].record);
    bool second = boot_record_is_valid(&copies[1].record);

    if (first && second)
        return (int32_t)(copies[1].record.sequence - copies[0].record.sequence) > 0 ? 1 : 0;
    return first ? 0 : second ? 1 : -1;
}

void boot_choose(const struct boot_copy copies[2], struct boot_choice *choice)
{
    memset(choice, 0, sizeof *choice);
    choice->copy = copy_in_force(copies);
    choice->slot = 1;
    if (choice->copy >= 0) {
        const struct boot_record *record = &copies[choice->copy].record;
        const struct boot_words *words = &copies[choice->copy].words;
        uint32_t left = words->tries & BOOT_TRIES_MASK;

        choice->slot = record->good_slot;
        if (record->state == BOOT_TRIAL && words->confirmed == 0) {
            choice->slot = record->trial_slot;
        } else if (record->state == BOOT_TRIAL && left != 0 && (words->tries & BOOT_CHECK_FAILED) != 0) {
            choice->slot = record->trial_slot;
            choice->on_trial = true;
            choice->tries = words->tries & ~(left & (~left + 1)); /* the lowest bit left */
        }
    }
    choice->other = 3 - choice->slot;
}
