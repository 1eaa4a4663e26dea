/* Simulated NOR flash: erase sets a sector to 0xFF, program only clears bits. In RAM (sectors from a
 * sector_store) or in a file, which survives kill -9 at any moment as flash does. */
#ifndef HOST_FLASH_H
#define HOST_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#include "fota_port.h"
#include "sector_store.h"

struct flash {
    uint32_t size;
    struct sector_store *store; /* RAM */
    struct sector **sectors;    /* RAM; NULL: erased */
    int file;                   /* file; -1 for RAM */
    /* Test hook: the operation (erase or program) with this number, counted from 1, is cut short, and nothing
     * works after it until it is set to 0 again. */
    uint64_t operations;
    uint64_t cut_at;
};

/* Erased flash of `size` bytes in RAM. Release with flash_close. */
void flash_open_ram(struct flash *flash, uint32_t size, struct sector_store *store);
/* The same content as `from`, sharing its sectors. */
void flash_copy_ram(struct flash *flash, const struct flash *from);

/* Opens a flash file and locks it. False: `message` says why; errno is kept. `created` says whether it is new
 * (then all erased). A new file is made under a temporary name and becomes PATH only with flash_publish_file,
 * so that a half-made one is never found. */
bool flash_open_file(struct flash *flash, const char *path, uint32_t size, bool *created, char *message,
                     uint32_t message_size);
bool flash_publish_file(const char *path);
void flash_close(struct flash *flash);

bool flash_read(struct flash *flash, uint32_t address, void *bytes, uint32_t length);
bool flash_erase(struct flash *flash, uint32_t sector_address);
bool flash_program(struct flash *flash, uint32_t address, const void *bytes, uint32_t length);

/* A port that has flash and nothing else; its context is the struct flash. */
extern const struct fota_port flash_port;

#endif
