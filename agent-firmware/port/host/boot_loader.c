#include "boot_loader.h"

#include <stddef.h>

#include "boot_record.h"
#include "verify.h"

static bool is_whole(const struct fota_platform *platform, const struct boot_copy *copy, int slot)
{
    static _Alignas(4) uint8_t buffer[FOTA_SECTOR_SIZE];
    uint32_t length = copy != NULL ? copy->record.images[slot - 1].length : 0;
    struct image_digest digest;
    enum image_fault fault;
    bool recorded = length != 0;

    if (!recorded)
        length = verify_measure(platform, slot);
    return verify_slot(platform, slot, length, buffer, &fault, &digest) && fault == IMAGE_GOOD &&
           (!recorded || digest.crc32 == copy->record.images[slot - 1].crc32);
}

static bool program_tries(const struct fota_platform *platform, int copy, uint32_t tries)
{
    uint32_t address = platform->map->record_address[copy] + BOOT_WORDS_OFFSET +
                       (uint32_t)offsetof(struct boot_words, tries);
    uint32_t stored;

    return platform->port->flash_program(platform->context, address, &tries, sizeof tries) &&
           platform->port->flash_read(platform->context, address, &stored, sizeof stored) && stored == tries;
}

int boot_loader_run(const struct fota_platform *platform)
{
    struct boot_copy copies[2];
    struct boot_choice choice;

    for (int i = 0; i < 2; i++) {
        uint32_t address = platform->map->record_address[i];
        if (!platform->port->flash_read(platform->context, address, &copies[i].record,
                                        sizeof copies[i].record) ||
            !platform->port->flash_read(platform->context, address + BOOT_WORDS_OFFSET, &copies[i].words,
                                        sizeof copies[i].words))
            copies[i].record.magic = 0;
    }
    boot_choose(copies, &choice);
    const struct boot_copy *copy = choice.copy < 0 ? NULL : &copies[choice.copy];
    if (is_whole(platform, copy, choice.slot)) {
        if (!choice.on_trial || program_tries(platform, choice.copy, choice.tries))
            return choice.slot;
    } else if (choice.on_trial) {
        (void)program_tries(platform, choice.copy, copy->words.tries & ~BOOT_CHECK_FAILED);
    }
    return is_whole(platform, copy, choice.other) ? choice.other : 0;
}
