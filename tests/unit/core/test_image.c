/* The image check: good images built here byte by byte, every damage refused, and real images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image.h"

struct image {
    unsigned char bytes[8192];
    size_t size;
};

static void put(struct image *image, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        image->bytes[image->size++] = (unsigned char)(value >> 8 * i);
}

/* CRC-32 bit by bit, so that it does not share the table of the code under test. */
static uint32_t crc_of(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

static void put_trailer(struct image *image)
{
    uint32_t crc = crc_of(image->bytes, image->size);
    put(image, crc >= 0x80000000 ? ~crc : crc + 1, 4);
}

/* slot 0: without the first part. */
static struct image build(int slot, size_t irom, int segments, size_t segment_size)
{
    struct image image = {.size = 0};
    unsigned char checksum = 0xEF;
    if (slot != 0) {
        put(&image, 0x000004EA | (uint32_t)slot << 24, 4);
        put(&image, 0x40201000, 4);
        put(&image, 0, 4);
        put(&image, (uint32_t)irom, 4);
        for (size_t i = 0; i < irom; i++)
            put(&image, (uint32_t)(i * 7 + 1), 1);
    }
    size_t start = image.size;
    put(&image, 0x020000E9 | (uint32_t)segments << 8, 4);
    put(&image, 0x40100004, 4);
    for (int segment = 0; segment < segments; segment++) {
        put(&image, 0x3FFE8000 + (uint32_t)segment * 0x1000, 4);
        put(&image, (uint32_t)segment_size, 4);
        for (size_t i = 0; i < segment_size; i++) {
            unsigned char byte = (unsigned char)(i * 13 + (size_t)segment);
            checksum ^= byte;
            put(&image, byte, 1);
        }
    }
    while ((image.size - start) % 16 != 15)
        put(&image, 0, 1);
    put(&image, checksum, 1);
    put_trailer(&image);
    return image;
}

/* After a change that must be refused for its own sake, not for the CRC. */
static void seal(struct image *image)
{
    image->size -= 4;
    put_trailer(image);
}

static void good_images_pass(void **state)
{
    (void)state;
    for (size_t irom = 0; irom < 40; irom++) {
        for (size_t segment_size = 0; segment_size < 40; segment_size++) {
            for (int slot = 0; slot < 3; slot++) {
                struct image image = build(slot, irom, 1 + (int)segment_size % 3, segment_size);
                struct image_info info;
                struct error error = {0};
                int wanted = slot == 0 ? 2 : slot;
                if (image_check(image.bytes, image.size, wanted, &info, &error) != STATUS_OK)
                    fail_msg("slot %d irom %zu segment %zu: %s", slot, irom, segment_size, error.message);
                assert_int_equal(info.slot, slot);
                assert_int_equal(info.entry, 0x40100004);
                assert_int_equal(info.segments, 1 + segment_size % 3);
            }
        }
    }
}

/* All 255 wrong values of every byte. */
static void every_flipped_byte_is_refused(void **state)
{
    (void)state;
    struct image image = build(1, 200, 3, 50);
    struct image_info info;
    for (size_t at = 0; at < image.size; at++) {
        for (int flip = 1; flip < 256; flip++) {
            image.bytes[at] ^= (unsigned char)flip;
            if (image_check(image.bytes, image.size, 1, &info, NULL) == STATUS_OK)
                fail_msg("byte %zu flipped by %02x is taken", at, flip);
            image.bytes[at] ^= (unsigned char)flip;
        }
    }
    assert_int_equal(image_check(image.bytes, image.size, 1, &info, NULL), STATUS_OK);
}

/* Every length, in a block of exactly that many bytes so that the sanitizer sees a read too far. */
static void every_other_length_is_refused(void **state)
{
    (void)state;
    struct image image = build(2, 64, 3, 20);
    struct image_info info;
    for (size_t size = 0; size < image.size + 64; size++) {
        unsigned char *exact = calloc(1, size + 1);
        assert_non_null(exact);
        memcpy(exact, image.bytes, size < image.size ? size : image.size);
        enum status status = image_check(exact, size, 2, &info, NULL);
        assert_int_equal(status, size == image.size ? STATUS_OK : STATUS_INVALID);
        free(exact);
    }
}

static void refused(struct image *image, int slot, const char *message)
{
    struct image_info info;
    struct error error = {0};
    assert_int_equal(image_check(image->bytes, image->size, slot, &info, &error), STATUS_INVALID);
    if (strstr(error.message, message) == NULL)
        fail_msg("wanted \"%s\", got: %s", message, error.message);
}

/* The CRC is right in all of these. */
static void each_fault_has_its_own_message(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        unsigned char value;
        const char *message;
    } cases[] = {
        {0, 0x7F, "begins with 7f 04 00"},
        {1, 0x05, "begins with ea 05 00"},
        {2, 0x01, "begins with ea 04 01"},
        {3, 2, "names slot 2, but user1.bin must be for slot 1"},
        {3, 0, "names slot 0"},
        {9, 1, "must be 0"},
        {15, 0xFF, "bytes of irom data, but only"},
        {12, 63, "byte 79 is"},
        {80, 0xEA, "byte 80 is ea: the second header begins with e9"},
        {81, 0, "0 segments: 1 to 16 are allowed"},
        {81, 17, "17 segments: 1 to 16 are allowed"},
        {81, 2, "with these segments the file has"},
        {81, 4, "ends inside the header of segment 3"},
        {95, 0x80, "segment 0 says"},
        {92, 21, "segment 1 says"},
        {96, 0xFF, "the checksum is"},
        {172, 1, "padding must be 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct image image = build(1, 64, 3, 20);
        image.bytes[cases[i].at] = cases[i].value;
        seal(&image);
        refused(&image, 1, cases[i].message);
    }
    struct image damaged = build(1, 64, 3, 20);
    damaged.bytes[30] ^= 1; /* irom data: only the CRC sees it */
    refused(&damaged, 1, "the CRC trailer is");
    struct image other = build(2, 64, 3, 20);
    refused(&other, 1, "names slot 2");
    refused(&other, 3, "there are slots 1 and 2");
}

static void an_image_larger_than_any_slot_is_too_large(void **state)
{
    (void)state;
    unsigned char *bytes = calloc(1, IMAGE_SIZE_MAX + 1);
    struct image_info info;
    struct error error = {0};
    assert_non_null(bytes);
    assert_int_equal(image_check(bytes, IMAGE_SIZE_MAX + 1, 1, &info, &error), STATUS_TOO_LARGE);
    assert_non_null(strstr(error.message, "917505 bytes"));
    assert_int_equal(image_check(bytes, IMAGE_SIZE_MAX, 1, &info, &error), STATUS_INVALID);
    free(bytes);
}

static void the_crc_is_zlibs(void **state)
{
    (void)state;
    assert_int_equal(image_crc32((const unsigned char *)"", 0), 0);
    assert_int_equal(image_crc32((const unsigned char *)"123456789", 9), 0xCBF43926);
}

static void real_images_pass(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int slot;
        size_t size;
        uint32_t trailer;
    } files[] = {{"../shared/images/at-sdk2.0.0/user1.bin", 1, 419204, 0x4101748f},
                 {"../shared/images/at-sdk2.0.0/user2.bin", 2, 419204, 0x7f98bc6d},
                 {"../shared/images/at-sdk3.0.6/user1.bin", 1, 396900, 0x74a62bb4},
                 {"../shared/images/at-sdk3.0.6/user2.bin", 2, 396900, 0x70dfaeb4}};
    static unsigned char bytes[IMAGE_SIZE_MAX];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        FILE *file = fopen(files[i].path, "rb");
        if (file == NULL) {
            print_message("%s is not there: skipped\n", files[i].path);
            skip();
        }
        size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        struct image_info info;
        struct error error = {0};
        assert_int_equal(size, files[i].size);
        if (image_check(bytes, size, files[i].slot, &info, &error) != STATUS_OK)
            fail_msg("%s: %s", files[i].path, error.message);
        assert_int_equal(info.slot, files[i].slot);
        assert_int_equal(info.segments, 3);
        assert_int_equal(info.crc_trailer, files[i].trailer);
        assert_int_equal(image_check(bytes, size, 3 - files[i].slot, &info, NULL), STATUS_INVALID);
        for (size_t at = 0; at < size; at += size / 40) {
            bytes[at] ^= 0x10;
            assert_int_equal(image_check(bytes, size, files[i].slot, &info, NULL), STATUS_INVALID);
            bytes[at] ^= 0x10;
        }
    }
}

/* What the flash cache maps, the larger part, is covered by the CRC alone, which takes about a millisecond:
 * of it, every so-many-th byte, and all of it with IMAGE_SWEEP=1 (some minutes). All the rest, byte by byte.
 */
static void every_flipped_byte_of_a_real_image_is_refused(void **state)
{
    (void)state;
    static unsigned char bytes[IMAGE_SIZE_MAX];
    static const char path[] = "../shared/images/at-sdk2.0.0/user1.bin";
    enum { MAPPED = 16, STEP = 211 };
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("%s is not there: skipped\n", path);
        skip();
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    size_t mapped = (size_t)bytes[12] | (size_t)bytes[13] << 8 | (size_t)bytes[14] << 16;
    bool all = getenv("IMAGE_SWEEP") != NULL;
    assert_in_range(mapped, 100000, size - 1000);
    for (size_t at = 0; at < size; at += !all && at >= MAPPED && at + STEP < MAPPED + mapped ? STEP : 1) {
        struct image_info info;
        struct error error = {0};
        bytes[at] ^= (unsigned char)(1u << at % 8);
        if (image_check(bytes, size, 1, &info, &error) != STATUS_INVALID || error.message[0] == '\0')
            fail_msg("byte %zu may be flipped", at);
        bytes[at] ^= (unsigned char)(1u << at % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_images_pass),
        cmocka_unit_test(every_flipped_byte_is_refused),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(each_fault_has_its_own_message),
        cmocka_unit_test(an_image_larger_than_any_slot_is_too_large),
        cmocka_unit_test(the_crc_is_zlibs),
        cmocka_unit_test(real_images_pass),
        cmocka_unit_test(every_flipped_byte_of_a_real_image_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
