/* Flash as the agent wants it, over the ROM's calls. All of this runs from IRAM. */
#ifndef LX106_CHIP_FLASH_H
#define LX106_CHIP_FLASH_H

#include <stdbool.h>
#include <stdint.h>

/* Maps the megabyte that this program's slot stands in. */
void chip_flash_map(void);

bool chip_flash_read(void *context, uint32_t address, void *bytes, uint32_t length);
bool chip_flash_erase(void *context, uint32_t sector_address);
bool chip_flash_program(void *context, uint32_t address, const void *bytes, uint32_t length);

#endif
