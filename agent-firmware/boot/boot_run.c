#include <stddef.h>

#include "boot.h"

#define PATIENCE 100u /* rounds in which a copy of the record may be refused */

/* Whether both copies could be read. One that flash refuses to read may be the one in force, so much is done
 * to have it; it must not keep the device from booting for ever. */
static bool read_copies(const struct fota_platform *platform, struct boot_copy copies[2])
{
    for (uint32_t round = 0; round < PATIENCE; round++) {
        bool refused = false;
        for (int i = 0; i < 2; i++) {
            enum boot_found found = boot_read_copy(platform, i, &copies[i].record, &copies[i].words);
            if (found != BOOT_LOADED)
                copies[i].record.magic = 0;
            if (found == BOOT_UNREADABLE)
                refused = true;
        }
        if (!refused)
            return true;
        if (platform->port->feed_watchdog != NULL)
            platform->port->feed_watchdog(platform->context);
    }
    return false;
}

static bool is_whole(const struct fota_platform *platform, boot_check_function *check, int slot,
                     const struct boot_record *record, uint32_t *buffer)
{
    const struct boot_image *known = record == NULL ? NULL : &record->images[slot - 1];

    for (uint32_t i = 0; i < BOOT_READS; i++)
        if (check(platform, slot, known, buffer))
            return true;
    return false;
}

static bool program_tries(const struct fota_platform *platform, int copy, uint32_t tries)
{
    uint32_t address = platform->map->record_address[copy] + BOOT_WORDS_OFFSET +
                       (uint32_t)offsetof(struct boot_words, tries);
    uint32_t stored;

    return platform->port->flash_program(platform->context, address, &tries, sizeof tries) &&
           boot_read(platform, address, &stored, sizeof stored) && stored == tries;
}

int boot_run(const struct fota_platform *platform, boot_check_function *check, struct boot_memory *memory)
{
    const struct boot_record *record = NULL;
    struct boot_choice choice;
    bool all_read = read_copies(platform, memory->copies);

    boot_choose(memory->copies, &choice);
    if (choice.copy >= 0)
        record = &memory->copies[choice.copy].record;
    /* The copy that was not read may say that this trial has failed. The good slot is good by either. */
    if (choice.on_trial && !all_read) {
        choice.on_trial = false;
        choice.slot = record->good_slot;
        choice.other = 3 - choice.slot;
    }
    if (is_whole(platform, check, choice.slot, record, memory->buffer)) {
        /* A try that cannot be counted would be one too many each time: the old image runs. */
        if (!choice.on_trial || program_tries(platform, choice.copy, choice.tries))
            return choice.slot;
    } else if (choice.on_trial) {
        (void)program_tries(platform, choice.copy,
                            memory->copies[choice.copy].words.tries & ~BOOT_CHECK_FAILED);
    }
    return is_whole(platform, check, choice.other, record, memory->buffer) ? choice.other : 0;
}
