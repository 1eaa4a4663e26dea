/* Flash in a host file, as NOR flash is: erase sets all bits of a sector, program clears bits. Power can be
 * cut at any of these operations. */
#include "rom.h"

#define SECTOR 4096u
#define MAPPED_START 0x40200000u
#define MEGABYTE 0x100000u
#define PIECE 256u

static bool mapped;

int rom_read(uint32_t address, void *bytes, uint32_t length)
{
    if ((address | length | (uint32_t)bytes) % 4 != 0)
        return 1;
    return rom_file_read(MACHINE_FLASH, address, bytes, length) ? 0 : 1;
}

/* xorshift32 (Marsaglia, 2003) */
static uint32_t next_random(void)
{
    board.random ^= board.random << 13;
    board.random ^= board.random >> 17;
    board.random ^= board.random << 5;
    return board.random;
}

/* Begins an operation. True: power fails in the middle of it. */
static bool is_cut_short(void)
{
    if (mapped) {
        rom_print("lx106: flash is changed while it is mapped\n");
        rom_exit(MACHINE_MISUSE);
    }
    board.operations++;
    if (board.operations == board.cut_at && board.cut_how == MACHINE_CUT_BEFORE)
        rom_exit(MACHINE_POWER_CUT);
    return board.operations == board.cut_at && board.cut_how == MACHINE_CUT_MIDDLE;
}

static void finish(void)
{
    if (board.operations == board.cut_at)
        rom_exit(MACHINE_POWER_CUT);
}

/* Moves `count` words at `address` towards `wanted` (NULL: all ones); of the bits to change a random part
 * only when cut short. */
static bool change(uint32_t address, const uint32_t *wanted, uint32_t count, bool cut)
{
    uint32_t words[PIECE / 4];

    if (!rom_file_read(MACHINE_FLASH, address, words, 4 * count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t after = wanted == NULL ? ~0u : words[i] & wanted[i];
        uint32_t changing = words[i] ^ after;
        words[i] ^= cut ? changing & next_random() : changing;
    }
    return rom_file_write(MACHINE_FLASH, address, words, 4 * count);
}

int rom_erase(uint32_t sector)
{
    bool cut = is_cut_short();

    for (uint32_t done = 0; done < SECTOR; done += PIECE)
        if (!change(sector * SECTOR + done, NULL, PIECE / 4, cut))
            return 1;
    finish();
    return 0;
}

int rom_write(uint32_t address, const void *bytes, uint32_t length)
{
    const uint32_t *words = bytes;
    bool cut;

    if ((address | length | (uint32_t)bytes) % 4 != 0)
        return 1;
    cut = is_cut_short();
    for (uint32_t done = 0; done < length;) {
        uint32_t count = length - done < PIECE ? length - done : PIECE;
        if (!change(address + done, words + done / 4, count / 4, cut))
            return 1;
        done += count;
    }
    finish();
    return 0;
}

/* The cache of the chip reads flash when code is fetched; here the megabyte is copied. Programs change only
 * the slot that does not run. */
void rom_map(uint32_t odd, uint32_t pair, uint32_t size)
{
    static uint32_t copied = ~0u;
    uint32_t megabyte = 2 * pair + odd;

    (void)size;
    mapped = true;
    if (megabyte == copied)
        return;
    copied = megabyte;
    /* A chip of 512 KB fills half of it. */
    for (uint32_t done = 0; done < MEGABYTE; done += MEGABYTE / 2)
        if (!rom_file_read(MACHINE_FLASH, megabyte * MEGABYTE + done, (void *)(MAPPED_START + done),
                           MEGABYTE / 2) &&
            done == 0)
            rom_exit(MACHINE_MISUSE);
}

void rom_unmap(void)
{
    mapped = false;
}
