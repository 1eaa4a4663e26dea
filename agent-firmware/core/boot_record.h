/* The boot record: which slot runs, what is on trial, and the results the orchestrator has not acknowledged.
 *
 * It stands in two flash sectors that are written in turn; of the valid copies the one with the higher
 * sequence is in force. So every change of the record is one step: before the CRC of the new copy is complete
 * the old copy rules, from then on the new one. Some words stand outside the CRC and only ever have bits
 * cleared: the boot loader counts a try by clearing a bit and erases nothing, the application confirms by
 * clearing a word, and a download notes how far it is.
 *
 * The structs are flash images: little-endian, no padding. */
#ifndef BOOT_RECORD_H
#define BOOT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "fota_port.h"
#include "image_scan.h"

#define BOOT_MAGIC 0x544F4246u /* "FBOT" */
#define BOOT_FORMAT 3u
#define BOOT_FORMAT_BEFORE 2u /* still read: it ends where `sequences` begins */
#define BOOT_TRIES 3u         /* boots a new image gets to prove itself */
#define BOOT_TRIES_MASK ((1u << BOOT_TRIES) - 1u)
#define BOOT_CHECK_FAILED 0x80000000u /* cleared in the tries word: the image on trial is not whole */
#define BOOT_WORDS_OFFSET 2048u       /* of the words in their sector */
#define BOOT_RESULTS 8u
#define BOOT_READS 3u          /* of a copy or an image, before it is taken for broken */
#define BOOT_PROGRESS_WORDS 8u /* a bit for each sector of the largest slot */
#define BOOT_VERSION_SIZE 64u
#define BOOT_NONCE_LENGTH 16u
#define BOOT_TRIALS_MAX 3u  /* that one attempt gets while none is decided */
#define BOOT_UNHEARD_MAX 2u /* of these, without a connection */

enum boot_state {
    BOOT_STEADY = 1,   /* good_slot runs */
    BOOT_TRIAL = 2,    /* trial_slot runs while it has tries, good_slot afterwards */
    BOOT_REVERTED = 3, /* good_slot runs; it has yet to report why (revert_reason) */
};

struct boot_image {
    uint32_t length; /* 0: nothing known */
    uint32_t crc32;  /* of the whole image */
    uint8_t sha256[FOTA_SHA256_SIZE];
    char version[BOOT_VERSION_SIZE]; /* text with a zero byte; empty: not known */
};

/* The attempt whose image is on trial. */
struct boot_attempt {
    uint64_t campaign;
    uint32_t attempt;
    uint32_t confirm_seconds;
    char nonce[BOOT_NONCE_LENGTH];
    uint8_t is_rollback; /* 0 or 1; with the next three one word in older agents, which only write it */
    uint8_t trials;    /* that ended undecided: confirm_seconds passed and the new image was not connected */
    uint8_t unheard;   /* of these, how many ended in a boot that never had a connection */
    uint8_t undecided; /* 1 while BOOT_REVERTED: the last trial was one of these */
    uint32_t sequence; /* of its release, where a good signature said it; else 0 */
};

/* The download that has begun in a slot, kept so that it can go on after a reboot. */
struct boot_download {
    uint8_t sha256[FOTA_SHA256_SIZE];
    uint32_t size; /* 0: none */
    uint32_t slot;
};

/* How an attempt ended. */
struct boot_result {
    uint64_t campaign;
    uint16_t attempt;
    uint8_t kind;   /* enum report_kind; 0: no result here */
    uint8_t reason; /* enum fota_reason */
    uint8_t slot;   /* confirmed and reverted: what ran then */
    uint8_t acknowledged;
    uint8_t reserved[2];
    char nonce[BOOT_NONCE_LENGTH]; /* zero bytes: not known. Older agents wrote it for confirmed only */
    uint8_t sha256[FOTA_SHA256_SIZE];
    char version[BOOT_VERSION_SIZE];
};

struct boot_record {
    uint32_t magic;
    uint32_t format;
    uint32_t sequence; /* compared modulo 2^32 */
    uint8_t good_slot; /* 1 or 2 */
    uint8_t trial_slot;
    uint8_t state;         /* enum boot_state */
    uint8_t revert_reason; /* enum fota_reason */
    struct boot_image images[2];
    struct boot_attempt attempt;
    struct boot_result results[BOOT_RESULTS]; /* oldest first */
    uint32_t floor;        /* the highest sequence of a release that was confirmed here; only ever raised */
    uint32_t sequences[2]; /* of the releases in the slots, as in boot_attempt */
    struct boot_download download;
    uint32_t crc32; /* of everything before it */
};

/* Outside the CRC; all ones when the record is new. */
struct boot_words {
    uint32_t tries;        /* BOOT_TRIES bits, and BOOT_CHECK_FAILED */
    uint32_t confirmed;    /* 0: the trial is confirmed */
    uint32_t acknowledged; /* bit i cleared: results[i] is acknowledged */
    /* bits cleared, from the lowest: so many sectors of `download`, from its first, are in flash */
    uint32_t progress[BOOT_PROGRESS_WORDS];
};

struct boot_copy {
    struct boot_record record;
    struct boot_words words;
};

/* Of this format or the one before. */
bool boot_record_is_valid(const struct boot_record *record);

/* What reading came to. A copy that flash refuses to read may be the one in force: it is not absent. */
enum boot_found {
    BOOT_LOADED,
    BOOT_ABSENT,     /* it was read, and is not valid */
    BOOT_UNREADABLE, /* a read was refused, or what stands outside the CRC is another at each read */
};

/* Reads one copy (0 or 1), up to BOOT_READS times; what stands outside the CRC must be the same three times
 * on end. `record` and `words` are of use only when it is BOOT_LOADED. */
enum boot_found boot_read_copy(const struct fota_platform *platform, int copy, struct boot_record *record,
                               struct boot_words *words);

/* The port's flash_read. */
bool boot_read(const struct fota_platform *platform, uint32_t address, void *bytes, uint32_t length);
/* Whether flash, as read now, has these bytes. */
bool boot_flash_holds(const struct fota_platform *platform, uint32_t address, const void *bytes,
                      uint32_t length);

/* What the boot loader does, as a pure function of both copies. */
struct boot_choice {
    int copy;       /* 0 or 1: the copy in force; -1: neither is valid */
    int slot;       /* 1 or 2: run this */
    int other;      /* the slot to fall back to should `slot` not hold a whole image */
    bool on_trial;  /* program `tries` into the copy's tries word, read it back, then jump */
    uint32_t tries; /* the tries word with this try counted */
};
void boot_choose(const struct boot_copy copies[2], struct boot_choice *choice);

/* The agent's hand on the record. Caller-owned; edit `record`, then store it. */
struct boot_journal {
    const struct fota_platform *platform;
    struct boot_record record;
    struct boot_words words;
    int copy;   /* where the copy in force is: 0 or 1, -1 none */
    bool dirty; /* `record` differs from what is in flash */
};

/* Reads both copies. BOOT_ABSENT: both were read and neither is valid. BOOT_UNREADABLE: a copy was not read,
 * and might be the newer one; the other is loaded if it is valid (`copy`). Without a copy `record` is blank.
 * Acknowledged words are folded into the record; one of the format before becomes one of this, with nothing
 * in its new members. */
enum boot_found boot_journal_load(struct boot_journal *journal, const struct fota_platform *platform);

/* In memory: nothing is on trial any more, good_slot stays what it is. */
void boot_journal_end_trial(struct boot_journal *journal);

/* Writes `record` as the next copy and reads it back. The words go with it: a trial keeps the tries it has
 * used and its confirmation, a download its progress. False: flash failed twice; what was written is made
 * invalid, the former copy is still in force, and `dirty` is set. */
bool boot_journal_store(struct boot_journal *journal);

/* Whether the record notes a download of this image (size, SHA-256) into `slot`. */
bool boot_journal_knows_download(const struct boot_journal *journal, int slot, uint32_t size,
                                 const uint8_t sha256[FOTA_SHA256_SIZE]);
/* Notes that this download begins, with no progress, and forgets the image and the sequence that `slot` (1 or
 * 2) had, in one store. False: not stored. */
bool boot_journal_note_download(struct boot_journal *journal, int slot, uint32_t size,
                                const uint8_t sha256[FOTA_SHA256_SIZE]);
/* Forgets it in `record`; the next store does so in flash. */
void boot_journal_forget_download(struct boot_journal *journal);
/* Notes that the first `bytes` of the download are in flash. Words are programmed, nothing is erased; what
 * cannot be noted is only downloaded once more. */
void boot_journal_note_progress(struct boot_journal *journal, uint32_t bytes);
/* How many bytes from the start are noted, at most the download's size. */
uint32_t boot_journal_progress(const struct boot_journal *journal);

/* Clears the confirm word of a trial and reads it back. False: not stored; it may be tried again. */
bool boot_journal_confirm(struct boot_journal *journal);

/* Marks results[index] as acknowledged. One word is programmed, nothing is erased. */
bool boot_journal_acknowledge(struct boot_journal *journal, uint32_t index);

#endif
