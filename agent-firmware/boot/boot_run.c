#include <stddef.h>

#include "boot.h"

static void read_copies(const struct fota_platform *platform, struct boot_copy copies[2])
{
    for (int i = 0; i < 2; i++) {
        uint32_t address = platform->map->record_address[i];
        if (!platform->port->flash_read(platform->context, address, &copies[i].record,
                                        sizeof copies[i].record) ||
            !platform->port->flash_read(platform->context, address + BOOT_WORDS_OFFSET, &copies[i].words,
                                        sizeof copies[i].words))
            copies[i].record.magic = 0;
    }
}

static bool program_tries(const struct fota_platform *platform, int copy, uint32_t tries)
{
    uint32_t address = platform->map->record_address[copy] + BOOT_WORDS_OFFSET +
                       (uint32_t)offsetof(struct boot_words, tries);
    uint32_t stored;

    return platform->port->flash_program(platform->context, address, &tries, sizeof tries) &&
           platform->port->flash_read(platform->context, address, &stored, sizeof stored) && stored == tries;
}

int boot_run(const struct fota_platform *platform, boot_check_function *check, struct boot_memory *memory)
{
    const struct boot_record *record = NULL;
    struct boot_choice choice;

    read_copies(platform, memory->copies);
    boot_choose(memory->copies, &choice);
    if (choice.copy >= 0)
        record = &memory->copies[choice.copy].record;
    if (check(platform, choice.slot, record == NULL ? NULL : &record->images[choice.slot - 1],
              memory->buffer)) {
        /* A try that cannot be counted would be one too many each time: the old image runs. */
        if (!choice.on_trial || program_tries(platform, choice.copy, choice.tries))
            return choice.slot;
    } else if (choice.on_trial) {
        (void)program_tries(platform, choice.copy,
                            memory->copies[choice.copy].words.tries & ~BOOT_CHECK_FAILED);
    }
    return check(platform, choice.other, record == NULL ? NULL : &record->images[choice.other - 1],
                 memory->buffer)
               ? choice.other
               : 0;
}
