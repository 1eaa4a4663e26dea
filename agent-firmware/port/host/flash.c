#include "flash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4096

void flash_open_ram(struct flash *flash, uint32_t size, struct sector_store *store)
{
    memset(flash, 0, sizeof *flash);
    flash->size = size;
    flash->store = store;
    flash->file = -1;
    flash->sectors = calloc(size / FOTA_SECTOR_SIZE, sizeof *flash->sectors);
    if (flash->sectors == NULL)
        abort();
}

void flash_copy_ram(struct flash *flash, const struct flash *from)
{
    flash_open_ram(flash, from->size, from->store);
    for (uint32_t i = 0; i < from->size / FOTA_SECTOR_SIZE; i++) {
        if (from->sectors[i] != NULL)
            flash->sectors[i] = sector_share(from->store, sector_bytes(from->sectors[i]));
    }
}

static bool temporary_path(char path[PATH_SIZE], const char *final)
{
    int length = snprintf(path, PATH_SIZE, "%s.new", final);
    return length > 0 && length < PATH_SIZE;
}

static bool fill_erased(int file, uint32_t size)
{
    uint8_t erased[FOTA_SECTOR_SIZE];

    memset(erased, 0xFF, sizeof erased);
    if (ftruncate(file, 0) != 0)
        return false;
    for (uint32_t done = 0; done < size; done += FOTA_SECTOR_SIZE)
        if (pwrite(file, erased, sizeof erased, done) != (ssize_t)sizeof erased)
            return false;
    return true;
}

static bool open_new(struct flash *flash, const char *path)
{
    char temporary[PATH_SIZE];

    if (!temporary_path(temporary, path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    flash->file = open(temporary, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    return flash->file >= 0;
}

bool flash_publish_file(const char *path)
{
    char temporary[PATH_SIZE];
    return temporary_path(temporary, path) && rename(temporary, path) == 0;
}

bool flash_open_file(struct flash *flash, const char *path, uint32_t size, bool *created, char *message,
                     uint32_t message_size)
{
    struct stat status;

    memset(flash, 0, sizeof *flash);
    flash->size = size;
    *created = false;
    flash->file = open(path, O_RDWR | O_CLOEXEC);
    if (flash->file < 0 && errno == ENOENT) {
        *created = true;
        if (!open_new(flash, path)) {
            snprintf(message, message_size, "cannot make flash file %s: %s", path, strerror(errno));
            return false;
        }
    }
    if (flash->file < 0) {
        snprintf(message, message_size, "cannot open flash file %s: %s", path, strerror(errno));
        return false;
    }
    if (flock(flash->file, LOCK_EX | LOCK_NB) != 0) {
        snprintf(message, message_size, "flash file %s is in use by another agent", path);
        return false;
    }
    if (*created && !fill_erased(flash->file, size)) {
        snprintf(message, message_size, "cannot write flash file %s: %s", path, strerror(errno));
        return false;
    }
    if (fstat(flash->file, &status) != 0 || status.st_size != (off_t)size) {
        snprintf(message, message_size, "flash file %s has %lld bytes; this flash map needs %u", path,
                 (long long)status.st_size, size);
        return false;
    }
    return true;
}

void flash_close(struct flash *flash)
{
    if (flash->sectors != NULL)
        for (uint32_t i = 0; i < flash->size / FOTA_SECTOR_SIZE; i++)
            sector_release(flash->store, flash->sectors[i]);
    free(flash->sectors);
    flash->sectors = NULL;
    if (flash->file >= 0)
        (void)close(flash->file);
    flash->file = -1;
}

static bool in_range(const struct flash *flash, uint32_t address, uint32_t length)
{
    return address % 4 == 0 && length % 4 == 0 && address <= flash->size && length <= flash->size - address;
}

/* Counts an operation. Returns how much of `length` still happens before the power goes. */
static uint32_t powered(struct flash *flash, uint32_t length)
{
    flash->operations++;
    if (flash->cut_at == 0 || flash->operations < flash->cut_at)
        return length;
    return flash->operations == flash->cut_at ? length / 2 & ~3u : 0;
}

bool flash_read(struct flash *flash, uint32_t address, void *bytes, uint32_t length)
{
    uint8_t *to = bytes;

    if (!in_range(flash, address, length))
        return false;
    if (flash->file >= 0)
        return pread(flash->file, bytes, length, address) == (ssize_t)length;
    while (length > 0) {
        struct sector *sector = flash->sectors[address / FOTA_SECTOR_SIZE];
        uint32_t offset = address % FOTA_SECTOR_SIZE;
        uint32_t count = length < FOTA_SECTOR_SIZE - offset ? length : FOTA_SECTOR_SIZE - offset;
        if (sector == NULL)
            memset(to, 0xFF, count);
        else
            memcpy(to, sector_bytes(sector) + offset, count);
        to += count;
        address += count;
        length -= count;
    }
    return true;
}

static void erase_ram(struct flash *flash, uint32_t index, uint32_t count)
{
    struct sector **place = &flash->sectors[index];

    if (count == FOTA_SECTOR_SIZE) {
        sector_release(flash->store, *place);
        *place = NULL;
    } else {
        *place = sector_make_private(flash->store, *place);
        memset(sector_bytes(*place), 0xFF, count);
    }
}

bool flash_erase(struct flash *flash, uint32_t sector_address)
{
    uint8_t erased[FOTA_SECTOR_SIZE];
    uint32_t count;

    if (sector_address % FOTA_SECTOR_SIZE != 0 || !in_range(flash, sector_address, FOTA_SECTOR_SIZE))
        return false;
    count = powered(flash, FOTA_SECTOR_SIZE);
    memset(erased, 0xFF, sizeof erased);
    if (count > 0 && flash->file >= 0 && pwrite(flash->file, erased, count, sector_address) != (ssize_t)count)
        return false;
    if (count > 0 && flash->file < 0)
        erase_ram(flash, sector_address / FOTA_SECTOR_SIZE, count);
    return count == FOTA_SECTOR_SIZE;
}

static bool program_file(struct flash *flash, uint32_t address, const uint8_t *bytes, uint32_t length)
{
    uint8_t sector[FOTA_SECTOR_SIZE];

    if (pread(flash->file, sector, length, address) != (ssize_t)length)
        return false;
    for (uint32_t i = 0; i < length; i++)
        sector[i] &= bytes[i];
    return pwrite(flash->file, sector, length, address) == (ssize_t)length;
}

static void program_ram(struct flash *flash, uint32_t address, const uint8_t *bytes, uint32_t length)
{
    struct sector **place = &flash->sectors[address / FOTA_SECTOR_SIZE];
    uint32_t offset = address % FOTA_SECTOR_SIZE;

    if (*place == NULL && offset == 0) { /* as images are written: worth sharing */
        uint8_t whole[FOTA_SECTOR_SIZE];
        memcpy(whole, bytes, length);
        memset(whole + length, 0xFF, sizeof whole - length);
        *place = sector_share(flash->store, whole);
        return;
    }
    *place = sector_make_private(flash->store, *place);
    uint8_t *to = sector_bytes(*place) + offset;
    for (uint32_t i = 0; i < length; i++)
        to[i] &= bytes[i];
}

bool flash_program(struct flash *flash, uint32_t address, const void *bytes, uint32_t length)
{
    const uint8_t *from = bytes;
    uint32_t left;

    if (!in_range(flash, address, length))
        return false;
    left = powered(flash, length);
    bool whole = left == length;
    while (left > 0) {
        uint32_t room = FOTA_SECTOR_SIZE - address % FOTA_SECTOR_SIZE;
        uint32_t count = left < room ? left : room;
        if (flash->file < 0)
            program_ram(flash, address, from, count);
        else if (!program_file(flash, address, from, count))
            return false;
        from += count;
        address += count;
        left -= count;
    }
    return whole;
}

static bool port_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    return flash_read(context, address, bytes, length);
}

static bool port_erase(void *context, uint32_t sector_address)
{
    return flash_erase(context, sector_address);
}

static bool port_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    return flash_program(context, address, bytes, length);
}

const struct fota_port flash_port = {
    .flash_read = port_read, .flash_erase = port_erase, .flash_program = port_program};
