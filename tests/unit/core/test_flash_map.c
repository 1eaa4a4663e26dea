/* Flash maps: the guide's tables 2-1 and 2-2, written down here once more column by column, and the checks of
 * what is written into a flash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image.h"

#include "flash_map.h"

static const struct flash_map *find(int size_kb, const char *name)
{
    const struct flash_map *map = NULL;
    struct error error = {0};
    if (flash_map_find(size_kb, name, &map, &error) != STATUS_OK)
        fail_msg("%d KB %s: %s", size_kb, name, error.message);
    return map;
}

static void the_guides_tables_are_held(void **state)
{
    (void)state;
    static const struct {
        int size_kb;
        const char *name;
        uint32_t private_sector, platform_sector;        /* table 2-1 */
        uint32_t key, blank_rf, init_data, blank_system; /* table 2-2 */
    } columns[] = {
        {512, "256+256", 0x3C, 0x3D, 0x3E000, 0x7B000, 0x7C000, 0x7E000},
        {1024, "512+512", 0x7C, 0x7D, 0x7E000, 0xFB000, 0xFC000, 0xFE000},
        {2048, "512+512", 0x7C, 0x7D, 0x7E000, 0x1FB000, 0x1FC000, 0x1FE000},
        {2048, "1024+1024", 0xFC, 0xFD, 0xFE000, 0x1FB000, 0x1FC000, 0x1FE000},
        {4096, "512+512", 0x7C, 0x7D, 0x7E000, 0x3FB000, 0x3FC000, 0x3FE000},
        {4096, "1024+1024", 0xFC, 0xFD, 0xFE000, 0x3FB000, 0x3FC000, 0x3FE000},
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        const struct flash_map *map = find(columns[i].size_kb, columns[i].name);
        assert_int_equal(map->private_sector, columns[i].private_sector);
        assert_int_equal(map->platform_sector, columns[i].platform_sector);
        assert_int_equal(map->address[FLASH_KEY], columns[i].key);
        assert_int_equal(map->address[FLASH_BLANK_RF], columns[i].blank_rf);
        assert_int_equal(map->address[FLASH_INIT_DATA], columns[i].init_data);
        assert_int_equal(map->address[FLASH_BLANK_SYSTEM], columns[i].blank_system);
        assert_int_equal(map->address[FLASH_BOOT], 0x00000);
        assert_int_equal(map->address[FLASH_USER1], 0x01000);
    }
}

static void slots_and_large_chips_are_those_of_the_sdk(void **state)
{
    (void)state;
    static const struct {
        int size_kb;
        const char *name;
        uint32_t user2, image_max, system_parameters;
    } rows[] = {
        {512, "256+256", 0x41000, 0x2B000, 0x7D000},      {1024, "512+512", 0x81000, 0x6A000, 0xFD000},
        {2048, "512+512", 0x81000, 0x6A000, 0x1FD000},    {4096, "512+512", 0x81000, 0x6A000, 0x3FD000},
        {2048, "1024+1024", 0x101000, 0xE0000, 0x1FD000}, {4096, "1024+1024", 0x101000, 0xE0000, 0x3FD000},
        {8192, "1024+1024", 0x101000, 0xE0000, 0x7FD000}, {16384, "1024+1024", 0x101000, 0xE0000, 0xFFD000},
    };
    assert_int_equal(flash_map_count(), sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct flash_map *map = find(rows[i].size_kb, rows[i].name);
        assert_int_equal(map->address[FLASH_USER2], rows[i].user2);
        assert_int_equal(map->image_max, rows[i].image_max);
        assert_int_equal(map->system_parameters, rows[i].system_parameters);
        /* RF_CAL and RF parameters stand at the same distance from the end of every chip */
        uint32_t size = (uint32_t)rows[i].size_kb * 1024;
        assert_int_equal(map->address[FLASH_BLANK_RF], size - 0x5000);
        assert_int_equal(map->address[FLASH_INIT_DATA], size - 0x4000);
        assert_int_equal(map->address[FLASH_BLANK_SYSTEM], size - 0x2000);
    }
}

struct region {
    uint32_t start, end;
};

static void nothing_overlaps_and_all_is_inside_the_chip(void **state)
{
    (void)state;
    for (size_t i = 0; i < flash_map_count(); i++) {
        const struct flash_map *map = flash_map_at(i);
        struct region regions[FLASH_BINARY_COUNT + 2];
        size_t count = 0;
        for (int binary = 0; binary < FLASH_BINARY_COUNT; binary++) {
            uint32_t start = map->address[binary];
            regions[count++] = (struct region){start, start + flash_map_room(map, (enum flash_binary)binary)};
        }
        regions[count++] =
            (struct region){map->private_sector * FLASH_SECTOR, (map->private_sector + 1) * FLASH_SECTOR};
        regions[count++] =
            (struct region){map->platform_sector * FLASH_SECTOR, (map->platform_sector + 1) * FLASH_SECTOR};
        for (size_t a = 0; a < count; a++) {
            assert_int_equal(regions[a].start % FLASH_SECTOR, 0);
            assert_true(regions[a].end <= (uint32_t)map->size_kb * 1024);
            for (size_t b = 0; b < a; b++) {
                if (regions[a].start < regions[b].end && regions[b].start < regions[a].end)
                    fail_msg("%d KB %s: %zu and %zu overlap", map->size_kb, map->name, a, b);
            }
        }
        /* a slot is read through one window of 1 MB: it does not cross one */
        for (int binary = FLASH_USER1; binary <= FLASH_USER2; binary++) {
            uint32_t last = map->address[binary] + map->image_max - 1;
            assert_int_equal(map->address[binary] >> 20, last >> 20);
        }
    }
}

static void a_map_that_is_not_there_is_refused(void **state)
{
    (void)state;
    static const struct {
        int size_kb;
        const char *name, *field, *message;
    } cases[] = {
        {768, NULL, "size", "no map for 768 KB of flash; allowed are 512, 1024, 2048, 4096, 8192, 16384"},
        {512, "512+512", "map", "512 KB of flash has no map \"512+512\"; allowed are 256+256"},
        {2048, NULL, "map", "2048 KB of flash has several maps: name one of 512+512, 1024+1024"},
        {4096, "256+256", "map", "allowed are 512+512, 1024+1024"},
        {8192, "512+512", "map", "allowed are 1024+1024"},
    };
    const struct flash_map *map = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        assert_int_equal(flash_map_find(cases[i].size_kb, cases[i].name, &map, &error), STATUS_INVALID);
        assert_string_equal(error.field, cases[i].field);
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("%s", error.message);
        assert_null(map);
    }
    assert_ptr_equal(find(512, NULL), find(512, "256+256"));
    assert_ptr_equal(find(16384, NULL), find(16384, "1024+1024"));
}

static void assert_check(enum flash_binary binary, const void *bytes, size_t size, enum status status,
                         const char *message)
{
    struct error error = {0};
    /* a block of exactly that many bytes, so that the sanitizer sees a read too far */
    unsigned char *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, bytes, size);
    if (flash_map_check(find(1024, NULL), binary, copy, size, &error) != status ||
        strstr(error.message, message) == NULL)
        fail_msg("%s of %zu bytes: \"%s\"", flash_binary_file(binary), size, error.message);
    free(copy);
}

static void boot_loaders_are_checked(void **state)
{
    (void)state;
    unsigned char boot[4096 + 1] = {0xE9, 1, 0, 0, 0x04, 0x00, 0x10, 0x40, 0x00, 0x00, 0x10,
                                    0x40, 5, 0, 0, 0,    'b',  'o',  'o',  't',  '!'};
    boot[31] = 0xEF ^ 'b' ^ '!' ^ 't';
    assert_check(FLASH_BOOT, boot, 32, STATUS_OK, "");
    assert_check(FLASH_BOOT, boot, 4096, STATUS_OK, "");
    assert_check(FLASH_BOOT, boot, 4097, STATUS_TOO_LARGE, "4097 bytes: at most 4096 fit at 0x00000");
    for (size_t size = 0; size < 32; size++)
        assert_check(FLASH_BOOT, boot, size, STATUS_INVALID, "");
    for (size_t at = 0; at < 32; at++) {
        if (at >= 2 && at < 12) /* flash mode, entry and load address are free */
            continue;
        boot[at] ^= 0x10;
        assert_check(FLASH_BOOT, boot, 32, STATUS_INVALID, "");
        boot[at] ^= 0x10;
    }
    boot[100] = 0xFF;
    assert_check(FLASH_BOOT, boot, 128, STATUS_OK, "");
    boot[100] = 0x01;
    assert_check(FLASH_BOOT, boot, 128, STATUS_INVALID, "byte 100, after the checksum, is 01");
    assert_check(FLASH_BOOT, "\xEA\x04\x00\x01", 4, STATUS_INVALID, "a boot loader begins with e9");
}

static void programs_are_checked_for_their_slot_and_size(void **state)
{
    (void)state;
    static unsigned char large[0x6A001] = {0xEA, 4, 0, 1};
    assert_check(FLASH_USER1, large, sizeof large, STATUS_TOO_LARGE,
                 "at most 434176 fit at 0x01000 of 1024 KB 512+512");
    assert_check(FLASH_USER1, large, 0x6A000, STATUS_INVALID, "");
    assert_check(FLASH_USER2, large, 64, STATUS_INVALID, "names slot 1, but user2.bin must be for slot 2");
}

/* So that an upload refuses exactly what fits no map. */
static void the_largest_image_is_that_of_the_largest_map(void **state)
{
    (void)state;
    uint32_t largest = 0;
    for (size_t i = 0; i < flash_map_count(); i++) {
        if (flash_map_at(i)->image_max > largest)
            largest = flash_map_at(i)->image_max;
    }
    assert_int_equal(largest, IMAGE_SIZE_MAX);
}

static void keys_are_checked(void **state)
{
    (void)state;
    unsigned char key[4096 + 1];
    memset(key, 0xFF, sizeof key);
    memcpy(key, "138f2ed6a666c9a73dcb701510b66272d1b41ca3", 40);
    assert_check(FLASH_KEY, key, 40, STATUS_OK, "");
    assert_check(FLASH_KEY, key, 4096, STATUS_OK, "");
    assert_check(FLASH_KEY, key, 4097, STATUS_TOO_LARGE, "at most 4096");
    assert_check(FLASH_KEY, key, 39, STATUS_INVALID, "39 bytes");
    assert_check(FLASH_KEY, key, 0, STATUS_INVALID, "0 bytes");
    key[40] = '\n';
    assert_check(FLASH_KEY, key, 41, STATUS_INVALID, "byte 40 is 0a");
    key[7] = 'g';
    assert_check(FLASH_KEY, key, 40, STATUS_INVALID, "byte 7 is 67");
}

static void rf_parameters_are_checked(void **state)
{
    (void)state;
    unsigned char data[129] = {5, 0, 4, 2};
    assert_check(FLASH_INIT_DATA, data, 128, STATUS_OK, "");
    assert_check(FLASH_INIT_DATA, data, 127, STATUS_INVALID, "127 bytes: RF parameters have 128");
    assert_check(FLASH_INIT_DATA, data, 129, STATUS_INVALID, "129 bytes");
    memset(data, 0xFF, sizeof data);
    assert_check(FLASH_INIT_DATA, data, 128, STATUS_INVALID, "every byte is ff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guides_tables_are_held),
        cmocka_unit_test(slots_and_large_chips_are_those_of_the_sdk),
        cmocka_unit_test(nothing_overlaps_and_all_is_inside_the_chip),
        cmocka_unit_test(a_map_that_is_not_there_is_refused),
        cmocka_unit_test(boot_loaders_are_checked),
        cmocka_unit_test(programs_are_checked_for_their_slot_and_size),
        cmocka_unit_test(the_largest_image_is_that_of_the_largest_map),
        cmocka_unit_test(keys_are_checked),
        cmocka_unit_test(rf_parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
