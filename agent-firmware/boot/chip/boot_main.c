/* boot.bin: from the ROM to the image. */
#include <stddef.h>

#include "boot.h"
#include "rom.h"
#include "stage.h"

#define MAPPED_HEADER 16u
#define HEADER 8u
#define WAIT_MICROSECONDS 1000000u /* before another look at a flash that holds nothing to run */

extern uint32_t stage_load_start[], stage_start[]; /* boot.ld */
extern char stage_size[];                          /* its address is the number of bytes */

static bool read_flash(void *context, uint32_t address, void *bytes, uint32_t length)
{
    (void)context;
    return SPIRead(address, bytes, length) == 0;
}

static bool program_flash(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    (void)context;
    return SPIWrite(address, bytes, length) == 0;
}

static void feed_watchdog(void *context)
{
    (void)context;
    CHIP_WATCHDOG_FEED = CHIP_WATCHDOG_FOOD;
}

static const struct fota_port port = {
    .flash_read = read_flash, .flash_program = program_flash, .feed_watchdog = feed_watchdog};

/* Flash address of the E9 header of the image in a slot: behind the part that runs from flash, if it has one.
 * 0: flash cannot be read. */
static uint32_t header_address(const struct fota_platform *platform, int slot)
{
    uint32_t address = platform->map->slot_address[slot - 1];
    uint32_t words[4];

    if (SPIRead(address, words, sizeof words) != 0)
        return 0;
    return (words[0] & 0xFF) == 0xEA ? address + MAPPED_HEADER + words[3] : address;
}

static bool is_in(uint32_t address, uint32_t length, uint32_t start, uint32_t end)
{
    return address >= start && address <= end && length <= end - address;
}

/* Whether the segments go where there is RAM, in whole words, and leave the second stage and the stack alone.
 */
static bool can_be_loaded(const struct fota_platform *platform, int slot)
{
    uint32_t address = header_address(platform, slot);
    uint32_t words[2];

    if (address == 0 || address % 4 != 0 || SPIRead(address, words, sizeof words) != 0 ||
        !is_in(words[1], 4, CHIP_IRAM_START, CHIP_STAGE_START))
        return false;
    address += HEADER;
    for (uint32_t left = words[0] >> 8 & 0xFF; left > 0; left--) {
        if (SPIRead(address, words, sizeof words) != 0 || (words[0] | words[1]) % 4 != 0 ||
            !(is_in(words[0], words[1], CHIP_DRAM_START, CHIP_DRAM_END) ||
              is_in(words[0], words[1], CHIP_IRAM_START, CHIP_STAGE_START)))
            return false;
        address += HEADER + words[1];
    }
    return true;
}

static bool check(const struct fota_platform *platform, int slot, const struct boot_image *known,
                  uint32_t *buffer)
{
    return boot_check(platform, slot, known, buffer) && can_be_loaded(platform, slot);
}

static void start(const struct fota_platform *platform, int slot)
{
    uint32_t address = header_address(platform, slot);

    if (address == 0)
        return;
    for (uint32_t i = 0; i < (uint32_t)stage_size / 4; i++)
        stage_start[i] = stage_load_start[i];
    stage_load(address);
}

void boot_main(void) __attribute__((noreturn));
void boot_main(void)
{
    static struct boot_memory memory;
    struct fota_platform platform = {&port, NULL, NULL};
    uint32_t kilobytes;
    int slot = 0;

    platform.map = boot_read_map(&platform, &kilobytes);
    if (platform.map != NULL)
        slot = boot_run(&platform, check, &memory);
    if (slot != 0)
        start(&platform, slot);
    ets_printf(platform.map == NULL ? "boot: unknown flash map\n" : "boot: no whole image\n");
    ets_delay_us(WAIT_MICROSECONDS);
    software_reset();
}
