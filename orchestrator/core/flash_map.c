#include "flash_map.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "image.h"

enum { KEY_DIGITS = 40, INIT_DATA_SIZE = 128, SYSTEM_SECTORS = 3 };

static const char *const files[] = {
#define X(name, file, what) [name] = file,
    FLASH_BINARY_LIST(X)
#undef X
};

static const char *const purposes[] = {
#define X(name, file, what) [name] = what,
    FLASH_BINARY_LIST(X)
#undef X
};

/* sector: of the private parameters; the platform's sector and the key's follow it. */
#define MAP(size, slots, user2, largest, sector, key, blank_rf, init_data, blank_system)                     \
    {                                                                                                        \
        .size_kb = (size), .name = (slots),                                                                  \
        .address = {[FLASH_BOOT] = 0x00000,                                                                  \
                    [FLASH_USER1] = 0x01000,                                                                 \
                    [FLASH_USER2] = (user2),                                                                 \
                    [FLASH_KEY] = (key),                                                                     \
                    [FLASH_BLANK_RF] = (blank_rf),                                                           \
                    [FLASH_INIT_DATA] = (init_data),                                                         \
                    [FLASH_BLANK_SYSTEM] = (blank_system)},                                                  \
        .image_max = (largest), .private_sector = (sector), .platform_sector = (sector) + 1,                 \
        .system_parameters = (size)*1024 - SYSTEM_SECTORS * FLASH_SECTOR                                     \
    }

static const struct flash_map maps[] = {
    MAP(512, "256+256", 0x41000, 0x2B000, 0x3C, 0x3E000, 0x7B000, 0x7C000, 0x7E000),
    MAP(1024, "512+512", 0x81000, 0x6A000, 0x7C, 0x7E000, 0xFB000, 0xFC000, 0xFE000),
    MAP(2048, "512+512", 0x81000, 0x6A000, 0x7C, 0x7E000, 0x1FB000, 0x1FC000, 0x1FE000),
    MAP(2048, "1024+1024", 0x101000, 0xE0000, 0xFC, 0xFE000, 0x1FB000, 0x1FC000, 0x1FE000),
    MAP(4096, "512+512", 0x81000, 0x6A000, 0x7C, 0x7E000, 0x3FB000, 0x3FC000, 0x3FE000),
    MAP(4096, "1024+1024", 0x101000, 0xE0000, 0xFC, 0xFE000, 0x3FB000, 0x3FC000, 0x3FE000),
    /* not in the seed */
    MAP(8192, "1024+1024", 0x101000, 0xE0000, 0xFC, 0xFE000, 0x7FB000, 0x7FC000, 0x7FE000),
    MAP(16384, "1024+1024", 0x101000, 0xE0000, 0xFC, 0xFE000, 0xFFB000, 0xFFC000, 0xFFE000),
};

enum { MAP_COUNT = sizeof maps / sizeof maps[0] };

const char *flash_binary_file(enum flash_binary binary)
{
    return files[binary];
}

const char *flash_binary_purpose(enum flash_binary binary)
{
    return purposes[binary];
}

size_t flash_map_count(void)
{
    return MAP_COUNT;
}

const struct flash_map *flash_map_at(size_t index)
{
    return &maps[index];
}

/* "512, 1024, ..." or, with a size, its maps: "512+512, 1024+1024". */
static void list_allowed(int size_kb, char *text, size_t text_size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < MAP_COUNT && used < text_size; i++) {
        const char *comma = used > 0 ? ", " : "";
        if (size_kb == 0 && (i == 0 || maps[i].size_kb != maps[i - 1].size_kb))
            used += (size_t)snprintf(text + used, text_size - used, "%s%d", comma, maps[i].size_kb);
        else if (size_kb == maps[i].size_kb)
            used += (size_t)snprintf(text + used, text_size - used, "%s%s", comma, maps[i].name);
    }
}

enum status flash_map_find(int size_kb, const char *name, const struct flash_map **map, struct error *error)
{
    const struct flash_map *found = NULL;
    int of_size = 0;
    char allowed[96];
    for (size_t i = 0; i < MAP_COUNT; i++) {
        if (maps[i].size_kb != size_kb)
            continue;
        of_size++;
        if (name == NULL || strcmp(name, maps[i].name) == 0)
            found = &maps[i];
    }
    list_allowed(of_size == 0 ? 0 : size_kb, allowed, sizeof allowed);
    if (of_size == 0)
        return error_set(error, STATUS_INVALID, "size", "there is no map for %d KB of flash; allowed are %s",
                         size_kb, allowed);
    if (found == NULL)
        return error_set(error, STATUS_INVALID, "map", "%d KB of flash has no map \"%.32s\"; allowed are %s",
                         size_kb, name, allowed);
    if (name == NULL && of_size > 1)
        return error_set(error, STATUS_INVALID, "map", "%d KB of flash has several maps: name one of %s",
                         size_kb, allowed);
    *map = found;
    return STATUS_OK;
}

uint32_t flash_map_room(const struct flash_map *map, enum flash_binary binary)
{
    return binary == FLASH_USER1 || binary == FLASH_USER2 ? map->image_max : FLASH_SECTOR;
}

/* --- the contents of files -------------------------------------------------------------------------- */

/* 40 hexadecimal digits; what follows must be erased flash or zeros. */
static enum status check_key(const unsigned char *bytes, size_t size, struct error *error)
{
    for (size_t i = 0; i < size; i++) {
        bool good = i < KEY_DIGITS ? isxdigit(bytes[i]) != 0 : bytes[i] == FLASH_ERASED || bytes[i] == 0;
        if (!good)
            return error_set(error, STATUS_INVALID, NULL,
                             "byte %zu is %02x: a device key is 40 hexadecimal digits, and nothing but 00 or "
                             "ff after them",
                             i, bytes[i]);
    }
    if (size < KEY_DIGITS)
        return error_set(error, STATUS_INVALID, NULL,
                         "the file has %zu bytes: a device key is 40 hexadecimal digits", size);
    return STATUS_OK;
}

static enum status check_init_data(const unsigned char *bytes, size_t size, struct error *error)
{
    if (size != INIT_DATA_SIZE)
        return error_set(error, STATUS_INVALID, NULL, "the file has %zu bytes: RF parameters have %d", size,
                         INIT_DATA_SIZE);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != bytes[0])
            return STATUS_OK;
    }
    return error_set(error, STATUS_INVALID, NULL, "every byte is %02x: these are no RF parameters", bytes[0]);
}

enum status flash_map_check(const struct flash_map *map, enum flash_binary binary, const unsigned char *bytes,
                            size_t size, struct error *error)
{
    struct image_info info;
    uint32_t room = flash_map_room(map, binary);
    if (size > room)
        return error_set(error, STATUS_TOO_LARGE, NULL,
                         "the file has %zu bytes: at most %u fit at 0x%05x of %d KB %s", size, room,
                         map->address[binary], map->size_kb, map->name);
    switch (binary) {
    case FLASH_BOOT:
        return image_check_boot(bytes, size, error);
    case FLASH_USER1:
    case FLASH_USER2:
        return image_check(bytes, size, binary == FLASH_USER1 ? 1 : 2, &info, error);
    case FLASH_KEY:
        return check_key(bytes, size, error);
    case FLASH_INIT_DATA:
        return check_init_data(bytes, size, error);
    default:
        return error_set(error, STATUS_INTERNAL, NULL, "%s is no file", files[binary]);
    }
}
