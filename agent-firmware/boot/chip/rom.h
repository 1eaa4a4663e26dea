/* What of the ESP8266's mask ROM is called here; rom.ld has the addresses. Flash calls return 0 when all went
 * well; addresses, lengths and buffers are multiples of 4. */
#ifndef CHIP_ROM_H
#define CHIP_ROM_H

#include <stdint.h>

int SPIRead(uint32_t address, void *bytes, uint32_t length);
int SPIWrite(uint32_t address, const void *bytes, uint32_t length);
int SPIEraseSector(uint32_t sector);

/* Maps a megabyte of flash to 0x40200000: megabyte 2 * pair + odd. `size` 1: the whole cache. */
void Cache_Read_Enable(uint32_t odd, uint32_t pair, uint32_t size);
void Cache_Read_Disable(void);

void ets_printf(const char *format, ...);
void ets_delay_us(uint32_t microseconds);
uint32_t rtc_get_reset_reason(void); /* 1 power on, 2 reset pin, 3 software, 4 watchdog */
void software_reset(void) __attribute__((noreturn));

/* The hardware watchdog bites some seconds after this was last written. */
#define CHIP_WATCHDOG_FEED (*(volatile uint32_t *)0x60000914)
#define CHIP_WATCHDOG_FOOD 0x73u

#define CHIP_DRAM_START 0x3FFE8000u
#define CHIP_DRAM_END 0x3FFFC000u /* above it the ROM has its data and the stack of a boot */
#define CHIP_IRAM_START 0x40100000u
#define CHIP_STAGE_START 0x4010FC00u /* the second stage of the boot loader, to the end of IRAM */

#endif
