#include <stddef.h>
#include <string.h>

#include "boot_record.h"
#include "crc32.h"
#include "fota_version.h"

/* The layout is a format: a compiler that lays it out otherwise must fail here. */
typedef char boot_record_size_is_fixed[sizeof(struct boot_record) == 1344 ? 1 : -1];
typedef char boot_result_size_is_fixed[sizeof(struct boot_result) == 128 ? 1 : -1];
typedef char boot_words_fit_after_record[sizeof(struct boot_record) <= BOOT_WORDS_OFFSET ? 1 : -1];
typedef char
    boot_words_fit_in_sector[BOOT_WORDS_OFFSET + sizeof(struct boot_words) <= FOTA_SECTOR_SIZE ? 1 : -1];
typedef char boot_format_before_ends_there[offsetof(struct boot_record, sequences) == 1292 ? 1 : -1];
typedef char boot_version_fits[BOOT_VERSION_SIZE == FOTA_VERSION_LENGTH + 1 ? 1 : -1];

enum boot_found boot_journal_load(struct boot_journal *journal, const struct fota_platform *platform)
{
    struct boot_record *record = &journal->record;
    enum boot_found all = BOOT_ABSENT;
    uint32_t sequence = 0;

    journal->platform = platform;
    journal->copy = -1;
    journal->dirty = false;
    for (int copy = 0; copy < 2; copy++) {
        enum boot_found found = boot_read_copy(platform, copy, record, &journal->words);
        if (found == BOOT_UNREADABLE)
            all = found;
        if (found == BOOT_LOADED && (journal->copy < 0 || (int32_t)(record->sequence - sequence) > 0)) {
            journal->copy = copy;
            sequence = record->sequence;
        }
    }
    /* The record has room for one copy only: read the winner again. */
    if (journal->copy < 0 ||
        boot_read_copy(platform, journal->copy, record, &journal->words) != BOOT_LOADED) {
        memset(record, 0, sizeof *record);
        memset(&journal->words, 0xFF, sizeof journal->words);
        if (journal->copy >= 0)
            all = BOOT_UNREADABLE;
        journal->copy = -1;
        return all;
    }
    if (record->format == BOOT_FORMAT_BEFORE) {
        uint32_t from = (uint32_t)offsetof(struct boot_record, floor);
        memset((uint8_t *)record + from, 0, sizeof *record - from);
        record->attempt.sequence = 0;
        memset(journal->words.progress, 0xFF, sizeof journal->words.progress);
    }
    for (uint32_t i = 0; i < BOOT_RESULTS; i++)
        if ((journal->words.acknowledged & 1u << i) == 0)
            record->results[i].acknowledged = 1;
    return all == BOOT_ABSENT ? BOOT_LOADED : all;
}

void boot_journal_end_trial(struct boot_journal *journal)
{
    struct boot_record *record = &journal->record;

    record->trial_slot = record->good_slot;
    record->state = BOOT_STEADY;
    record->revert_reason = 0;
    memset(&record->attempt, 0, sizeof record->attempt);
}

static bool program_words(const struct fota_platform *platform, uint32_t address, const void *words,
                          uint32_t length)
{
    return platform->port->flash_program(platform->context, address, words, length) &&
           boot_flash_holds(platform, address, words, length);
}

/* The words first: the moment the record becomes valid, its words must already say what they say now. */
static bool write_copy(struct boot_journal *journal, int copy)
{
    const struct fota_platform *platform = journal->platform;
    uint32_t address = platform->map->record_address[copy];

    return platform->port->flash_erase(platform->context, address) &&
           program_words(platform, address + BOOT_WORDS_OFFSET, &journal->words, sizeof journal->words) &&
           program_words(platform, address, &journal->record, sizeof journal->record);
}

bool boot_journal_store(struct boot_journal *journal)
{
    static const uint32_t no_magic;
    int copy = journal->copy == 0 ? 1 : 0;

    journal->words.acknowledged = ~0u; /* folded into the record */
    if (journal->record.state != BOOT_TRIAL)
        journal->words.tries = journal->words.confirmed = ~0u;
    journal->record.magic = BOOT_MAGIC;
    journal->record.format = BOOT_FORMAT;
    journal->record.sequence++;
    journal->record.crc32 =
        crc32_add(0, (const uint8_t *)&journal->record, offsetof(struct boot_record, crc32));
    journal->dirty = true;
    if (!write_copy(journal, copy) && !write_copy(journal, copy)) {
        /* Half-written, or written and not read back: as the caller goes on without it, it must not look
         * valid later. Bits can be cleared also where flash does not erase any more. */
        (void)journal->platform->port->flash_program(journal->platform->context,
                                                     journal->platform->map->record_address[copy], &no_magic,
                                                     sizeof no_magic);
        journal->record.sequence--;
        return false;
    }
    journal->copy = copy;
    journal->dirty = false;
    return true;
}

/* Gives a word of the copy in force a value with fewer bits, in flash and, when that was read back, in
 * `word`, which is one of journal->words. */
static bool clear_bits(struct boot_journal *journal, uint32_t *word, uint32_t value)
{
    uint32_t offset = (uint32_t)((const uint8_t *)word - (const uint8_t *)&journal->words);

    if (!program_words(journal->platform,
                       journal->platform->map->record_address[journal->copy] + BOOT_WORDS_OFFSET + offset,
                       &value, sizeof value))
        return false;
    *word = value;
    return true;
}

bool boot_journal_confirm(struct boot_journal *journal)
{
    return journal->copy >= 0 && clear_bits(journal, &journal->words.confirmed, 0);
}

bool boot_journal_acknowledge(struct boot_journal *journal, uint32_t index)
{
    uint32_t *word = &journal->words.acknowledged;

    journal->record.results[index].acknowledged = 1;
    if (!journal->dirty && journal->copy >= 0 && clear_bits(journal, word, *word & ~(1u << index)))
        return true;
    return boot_journal_store(journal);
}

bool boot_journal_knows_download(const struct boot_journal *journal, int slot, uint32_t size,
                                 const uint8_t sha256[FOTA_SHA256_SIZE])
{
    const struct boot_download *noted = &journal->record.download;

    return !journal->dirty && noted->size == size && noted->slot == (uint32_t)slot &&
           memcmp(noted->sha256, sha256, sizeof noted->sha256) == 0;
}

void boot_journal_forget_download(struct boot_journal *journal)
{
    memset(&journal->record.download, 0, sizeof journal->record.download);
    memset(journal->words.progress, 0xFF, sizeof journal->words.progress);
}

bool boot_journal_note_download(struct boot_journal *journal, int slot, uint32_t size,
                                const uint8_t sha256[FOTA_SHA256_SIZE])
{
    struct boot_download *noted = &journal->record.download;

    boot_journal_forget_download(journal);
    memset(&journal->record.images[slot - 1], 0, sizeof journal->record.images[slot - 1]);
    journal->record.sequences[slot - 1] = 0;
    noted->size = size;
    noted->slot = (uint32_t)slot;
    memcpy(noted->sha256, sha256, sizeof noted->sha256);
    return boot_journal_store(journal);
}

/* How many bits are cleared, from the lowest. */
static uint32_t bits_done(const struct boot_words *words)
{
    uint32_t bits = 0;

    while (bits < 32 * BOOT_PROGRESS_WORDS && (words->progress[bits / 32] & 1u << bits % 32) == 0)
        bits++;
    return bits;
}

void boot_journal_note_progress(struct boot_journal *journal, uint32_t bytes)
{
    uint32_t wanted = bytes / FOTA_SECTOR_SIZE;
    uint32_t bit = bits_done(&journal->words);

    if (bit >= wanted || bit >= 32 * BOOT_PROGRESS_WORDS || journal->dirty || journal->copy < 0)
        return;
    /* The caller comes by after each sector, so there is never more than one bit to clear. */
    uint32_t *word = &journal->words.progress[bit / 32];
    (void)clear_bits(journal, word, *word & ~(1u << bit % 32));
}

uint32_t boot_journal_progress(const struct boot_journal *journal)
{
    uint32_t bytes = bits_done(&journal->words) * FOTA_SECTOR_SIZE;
    uint32_t size = journal->record.download.size;

    return bytes < size ? bytes : size;
}
