/* NOR flash whose power can fail at any operation, and that can be bad. Operations are erases and programs,
 * counted from 1; reads are counted by themselves. */
#ifndef POWERCUT_NOR_H
#define POWERCUT_NOR_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "fota_port.h"

#define NOR_SIZE 0x80000u
#define NOR_ROT 8192u /* bytes of a slot that may rot */

enum nor_cut {
    CUT_BEFORE, /* nothing of the operation happens */
    CUT_MIDDLE, /* a random subset of its bits has changed */
    CUT_SHORT,  /* its bytes have changed up to a random place */
    CUT_AFTER,  /* all of it happens, and nobody hears of it */
    CUT_KINDS,
};

enum nor_fault {
    FAULT_NONE,
    FAULT_ERASE_DOES_NOTHING, /* and says it did */
    FAULT_PROGRAM_DROPS_BITS, /* one bit stays as it was, and it says nothing */
    FAULT_PROGRAM_REFUSED,
    FAULT_ERASE_REFUSED,
    FAULT_READ_REFUSED,   /* every read of the sector of that operation, from then on */
    FAULT_READ_FLIPS_BIT, /* the same, wrong bytes instead */
    FAULT_ROT,            /* after the operation a bit of the slot that does not run is another */
    FAULT_KINDS,
};

struct nor {
    uint8_t bytes[NOR_SIZE];
    const struct fota_flash_map *map;
    int running_slot; /* whose program runs; 0: the boot loader, which erases nothing */
    uint64_t operations;
    uint64_t cut_at; /* the power fails at this operation; 0: never */
    enum nor_cut cut;
    uint64_t fault_at;
    enum nor_fault fault;
    bool fault_stays;   /* in that sector */
    bool sector_is_bad; /* bad_sector is known */
    uint32_t bad_sector;
    /* reads, counted from 1: so many from that one on are refused, or have one bit wrong; 0: none */
    uint64_t reads, bad_read_at, bad_reads;
    bool bad_reads_flip;
    uint32_t random;
    jmp_buf *power;     /* where the cut ends up */
    const char *broken; /* what the program did that it must never do; NULL: nothing */
};

void nor_power_on(struct nor *nor); /* operations are counted from 1 again; nothing is planned */

bool nor_read(struct nor *nor, uint32_t address, void *bytes, uint32_t length);
bool nor_erase(struct nor *nor, uint32_t address);
bool nor_program(struct nor *nor, uint32_t address, const void *bytes, uint32_t length);

#endif
