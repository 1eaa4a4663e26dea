/* The image check: a good image is taken, one with any byte changed is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crc32.h"
#include "flash.h"
#include "image_scan.h"
#include "sample_image.h"
#include "sector_store.h"

static uint8_t image[16384];

static enum image_fault check(uint32_t length, int slot, uint32_t piece, struct image_digest *digest)
{
    struct image_scan scan;

    image_scan_start(&scan, length);
    for (uint32_t done = 0; done < length; done += piece)
        image_scan_add(&scan, image + done, length - done < piece ? length - done : piece);
    return image_scan_finish(&scan, slot, digest);
}

static void crc_is_that_of_zlib(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(0, (const uint8_t *)"123456789", 9), 0xCBF43926u);
    assert_int_equal(crc32_add(crc32_add(0, (const uint8_t *)"1234", 4), (const uint8_t *)"56789", 5),
                     0xCBF43926u);
}

static void a_good_image_is_taken_in_pieces_of_any_length(void **state)
{
    uint32_t length = sample_image_make(image, 2, 4096, 1020, 3);
    struct image_digest whole, digest;

    (void)state;
    assert_int_equal(check(length, 2, length, &whole), IMAGE_GOOD);
    assert_int_equal(whole.crc32, crc32_add(0, image, length));
    for (uint32_t piece = 1; piece < 40; piece++) {
        assert_int_equal(check(length, 2, piece, &digest), IMAGE_GOOD);
        assert_memory_equal(&digest, &whole, sizeof digest);
    }
    assert_int_equal(check(length, 1, 4096, &digest), IMAGE_BAD_SLOT);
}

static void any_changed_byte_is_found(void **state)
{
    uint32_t length = sample_image_make(image, 1, 2048, 512, 4);
    struct image_digest digest;

    (void)state;
    for (uint32_t i = 0; i < length; i++) {
        for (uint8_t bit = 0x01; bit != 0; bit = (uint8_t)(bit << 1)) {
            image[i] ^= bit;
            if (check(length, 1, 4096, &digest) == IMAGE_GOOD)
                fail_msg("byte %u with bit %02x changed is taken", i, bit);
            image[i] ^= bit;
        }
    }
    assert_int_equal(check(length, 1, 4096, &digest), IMAGE_GOOD);
}

static void any_wrong_length_is_found(void **state)
{
    uint32_t length = sample_image_make(image, 1, 512, 256, 5);
    struct image_digest digest;

    (void)state;
    for (uint32_t shorter = 1; shorter < length; shorter++)
        assert_int_not_equal(check(shorter, 1, 4096, &digest), IMAGE_GOOD);
    assert_int_not_equal(check(length + 16, 1, 4096, &digest), IMAGE_GOOD);
}

static void a_remembered_scan_is_the_true_one(void **state)
{
    struct sector_store *store = sector_store_new();
    uint32_t length = sample_image_make(image, 1, 8192, 1024, 6);

    (void)state;
    for (int round = 0; round < 3; round++) {
        struct image_scan plain, remembered;
        image[100] ^= (uint8_t)(round == 2); /* the third time something has changed */
        image_scan_start(&plain, length);
        image_scan_start(&remembered, length);
        for (uint32_t done = 0; done < length; done += FOTA_SECTOR_SIZE) {
            uint32_t count = length - done < FOTA_SECTOR_SIZE ? length - done : FOTA_SECTOR_SIZE;
            image_scan_add(&plain, image + done, count);
            sector_store_scan_add(store, &remembered, image + done, count);
            assert_memory_equal(&plain, &remembered, sizeof plain);
        }
    }
    sector_store_free(store);
}

static void flash_is_nor(void **state)
{
    struct sector_store *store = sector_store_new();
    struct flash flash, copy;
    uint32_t word = 0xFFFF00FF, other = 0x00FFFFFF, read = 0;

    (void)state;
    flash_open_ram(&flash, 0x10000, store);
    assert_true(flash_program(&flash, 0x2000, &word, 4));
    flash_copy_ram(&copy, &flash);
    assert_true(flash_program(&flash, 0x2000, &other, 4));
    assert_true(flash_read(&flash, 0x2000, &read, 4));
    assert_int_equal(read, 0x00FF00FF); /* bits are only ever cleared */
    assert_true(flash_read(&copy, 0x2000, &read, 4));
    assert_int_equal(read, word); /* and never in a copy */
    assert_false(flash_program(&flash, 0x2002, &word, 4));
    assert_false(flash_erase(&flash, 0x2100));
    assert_false(flash_read(&flash, 0x10000, &read, 4));
    assert_true(flash_erase(&flash, 0x2000));
    assert_true(flash_read(&flash, 0x2000, &read, 4));
    assert_int_equal(read, 0xFFFFFFFF);
    flash_close(&flash);
    flash_close(&copy);
    sector_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_is_that_of_zlib),
        cmocka_unit_test(a_good_image_is_taken_in_pieces_of_any_length),
        cmocka_unit_test(any_changed_byte_is_found),
        cmocka_unit_test(any_wrong_length_is_found),
        cmocka_unit_test(a_remembered_scan_is_the_true_one),
        cmocka_unit_test(flash_is_nor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
