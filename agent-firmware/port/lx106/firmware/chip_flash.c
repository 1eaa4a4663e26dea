#include "chip_flash.h"

#include "rom.h"

#define SECTOR 4096u

extern char image_megabyte[]; /* its address is the number: firmware.ld */

void chip_flash_map(void)
{
    uint32_t megabyte = (uint32_t)image_megabyte;
    Cache_Read_Enable(megabyte & 1, megabyte >> 1, 1);
}

bool chip_flash_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    (void)context;
    Cache_Read_Disable();
    int result = SPIRead(address, bytes, length);
    chip_flash_map();
    return result == 0;
}

bool chip_flash_erase(void *context, uint32_t sector_address)
{
    (void)context;
    Cache_Read_Disable();
    int result = SPIEraseSector(sector_address / SECTOR);
    chip_flash_map();
    return result == 0;
}

bool chip_flash_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    (void)context;
    Cache_Read_Disable();
    int result = SPIWrite(address, bytes, length);
    chip_flash_map();
    return result == 0;
}
