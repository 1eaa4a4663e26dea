/* The image checks, also with checksum and CRC trailer mended: else nearly every input would end there. */
#include "image.h"

#include "fuzz.h"

static void seal(uint8_t *bytes, size_t size)
{
    uint32_t crc = image_crc32(bytes, size - 4);
    crc = (crc & 0x80000000) != 0 ? ~crc : crc + 1;
    for (size_t i = 0; i < 4; i++)
        bytes[size - 4 + i] = (uint8_t)(crc >> 8 * i);
}

static void check_good(uint8_t *bytes, size_t size, int slot, const struct image_info *info)
{
    struct image_info other = {0};
    struct error error = {0};
    HOLDS(size <= IMAGE_SIZE_MAX);
    HOLDS(info->slot == slot || info->slot == 0);
    HOLDS(info->segments >= 1 && info->segments <= 16);
    HOLDS((image_check(bytes, size, 3 - slot, &other, &error) == STATUS_OK) == (info->slot == 0));
    size_t at = info->crc_trailer % size; /* any byte */
    bytes[at] ^= 0x40;
    HOLDS(image_check(bytes, size, slot, &other, &error) != STATUS_OK);
    bytes[at] ^= 0x40;
    HOLDS(image_check(bytes, size - 1, slot, &other, &error) != STATUS_OK);
    bytes[size - 5] ^= 0x40; /* the checksum, under a good CRC */
    seal(bytes, size);
    HOLDS(image_check(bytes, size, slot, &other, &error) != STATUS_OK);
}

static void check(uint8_t *bytes, size_t size, int slot)
{
    struct image_info info = {.segments = -1};
    struct error error = {0};
    unsigned was, wanted;
    enum status status = image_check(bytes, size, slot, &info, &error);
    if (status != STATUS_OK && size > 5 &&
        sscanf(error.message, "the checksum is %x, but the segments' data gives %x", &was, &wanted) == 2) {
        bytes[size - 5] = (uint8_t)wanted;
        seal(bytes, size);
        status = image_check(bytes, size, slot, &info, &error);
        HOLDS(status == STATUS_OK);
    }
    if (status == STATUS_OK) {
        check_good(bytes, size, slot, &info);
        return;
    }
    HOLDS(error.message[0] != '\0' && error.status == status);
    HOLDS(info.segments == -1); /* untouched */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error error = {0};
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, size);
    check(copy, size, 1);
    memcpy(copy, bytes, size);
    if (size >= 4)
        seal(copy, size);
    check(copy, size, size > 3 && copy[3] == 2 ? 2 : 1);
    memcpy(copy, bytes, size);
    if (image_check_boot(copy, size, &error) != STATUS_OK)
        HOLDS(error.message[0] != '\0');
    else
        HOLDS(size >= 16 && copy[0] == 0xE9);
    free(copy);
    return 0;
}
