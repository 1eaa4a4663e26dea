#include "image.h"

#include <stdbool.h>

enum {
    FIRST_MAGIC = 0xEA,
    SECOND_MAGIC = 0xE9,
    FIRST_HEADER = 16,
    SECOND_HEADER = 8,
    SEGMENT_HEADER = 8,
    LINE = 16,
    TRAILER = 4,
    SEGMENTS_MAX = 16,
    CHECKSUM_SEED = 0xEF
};

/* What is left to read; `size` excludes the trailer. */
struct image_reader {
    const unsigned char *bytes;
    size_t at, size, trailer;
    bool padding_may_follow; /* 00 or ff after the checksum */
};

static uint32_t read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

uint32_t image_crc32(const unsigned char *bytes, size_t size)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        crc = nibble[(crc ^ bytes[i]) & 15] ^ crc >> 4;
        crc = nibble[(crc ^ bytes[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
}

static enum status check_crc(const unsigned char *bytes, size_t size, struct image_info *info,
                             struct error *error)
{
    uint32_t crc = image_crc32(bytes, size - TRAILER);
    uint32_t wanted = (crc & 0x80000000) != 0 ? ~crc : crc + 1;
    info->crc_trailer = read_u32(bytes + size - TRAILER);
    if (info->crc_trailer != wanted)
        return error_set(error, STATUS_INVALID, NULL,
                         "the CRC trailer is %08x, but the contents give %08x: the file is damaged or cut",
                         info->crc_trailer, wanted);
    return STATUS_OK;
}

/* The EA header and the irom data behind it. */
static enum status read_first_part(struct image_reader *reader, int slot, struct image_info *info,
                                   struct error *error)
{
    const unsigned char *header = reader->bytes;
    if (header[0] == SECOND_MAGIC)
        return STATUS_OK;
    if (header[0] != FIRST_MAGIC || header[1] != 0x04 || header[2] != 0x00)
        return error_set(
            error, STATUS_INVALID, NULL,
            "the file begins with %02x %02x %02x: an ESP8266 FOTA image begins with ea 04 00 or e9",
            header[0], header[1], header[2]);
    info->slot = header[3];
    if (info->slot != slot)
        return error_set(error, STATUS_INVALID, NULL,
                         "the header names slot %d, but user%d.bin must be for slot %d", info->slot, slot,
                         slot);
    if (reader->size < FIRST_HEADER)
        return error_set(error, STATUS_INVALID, NULL, "the file ends inside the first header");
    if (read_u32(header + 8) != 0)
        return error_set(error, STATUS_INVALID, NULL, "bytes 8 to 11 of the header are %08x: they must be 0",
                         read_u32(header + 8));
    uint32_t length = read_u32(header + 12);
    if (length > reader->size - FIRST_HEADER)
        return error_set(error, STATUS_INVALID, NULL,
                         "the header says %u bytes of irom data, but only %zu follow", length,
                         reader->size - FIRST_HEADER);
    reader->at = FIRST_HEADER + length;
    return STATUS_OK;
}

/* Reads one segment, and folds its data into the checksum. */
static enum status read_segment(struct image_reader *reader, int number, unsigned char *checksum,
                                struct error *error)
{
    size_t left = reader->size - reader->at;
    if (left < SEGMENT_HEADER)
        return error_set(error, STATUS_INVALID, NULL, "the file ends inside the header of segment %d",
                         number);
    uint32_t length = read_u32(reader->bytes + reader->at + 4);
    if (length > left - SEGMENT_HEADER)
        return error_set(error, STATUS_INVALID, NULL, "segment %d says %u bytes, but only %zu follow", number,
                         length, left - SEGMENT_HEADER);
    reader->at += SEGMENT_HEADER;
    for (uint32_t i = 0; i < length; i++)
        *checksum ^= reader->bytes[reader->at++];
    return STATUS_OK;
}

static enum status check_padding(const struct image_reader *reader, size_t from, struct error *error)
{
    for (size_t at = from; at < reader->size; at++) {
        if (reader->bytes[at] != 0x00 && reader->bytes[at] != 0xFF)
            return error_set(error, STATUS_INVALID, NULL,
                             "byte %zu, after the checksum, is %02x: only 00 and ff may follow", at,
                             reader->bytes[at]);
    }
    return STATUS_OK;
}

/* Zero padding, then the checksum as the last byte of a line and of the contents. */
static enum status check_end(struct image_reader *reader, size_t start, unsigned char checksum,
                             struct error *error)
{
    size_t last = start + ((reader->at - start) | (LINE - 1));
    if (reader->padding_may_follow ? last + 1 > reader->size : last + 1 != reader->size)
        return error_set(error, STATUS_INVALID, NULL,
                         "with these segments the file has %zu bytes, but it has %zu",
                         last + 1 + reader->trailer, reader->size + reader->trailer);
    for (; reader->at < last; reader->at++) {
        if (reader->bytes[reader->at] != 0)
            return error_set(error, STATUS_INVALID, NULL, "byte %zu is %02x: padding must be 0", reader->at,
                             reader->bytes[reader->at]);
    }
    if (reader->bytes[last] != checksum)
        return error_set(error, STATUS_INVALID, NULL,
                         "the checksum is %02x, but the segments' data gives %02x", reader->bytes[last],
                         checksum);
    return check_padding(reader, last + 1, error);
}

static enum status read_second_part(struct image_reader *reader, struct image_info *info, struct error *error)
{
    size_t start = reader->at;
    if (reader->size - start < SECOND_HEADER)
        return error_set(error, STATUS_INVALID, NULL, "the file ends before or inside the e9 header at %zu",
                         start);
    const unsigned char *header = reader->bytes + start;
    if (header[0] != SECOND_MAGIC)
        return error_set(error, STATUS_INVALID, NULL, "byte %zu is %02x: the second header begins with e9",
                         start, header[0]);
    info->segments = header[1];
    info->entry = read_u32(header + 4);
    if (info->segments < 1 || info->segments > SEGMENTS_MAX)
        return error_set(error, STATUS_INVALID, NULL, "the header says %d segments: 1 to %d are allowed",
                         info->segments, SEGMENTS_MAX);
    unsigned char checksum = CHECKSUM_SEED;
    reader->at += SECOND_HEADER;
    for (int i = 0; i < info->segments; i++) {
        if (read_segment(reader, i, &checksum, error) != STATUS_OK)
            return STATUS_INVALID;
    }
    return check_end(reader, start, checksum, error);
}

enum status image_check(const unsigned char *bytes, size_t size, int slot, struct image_info *info,
                        struct error *error)
{
    struct image_info read = {0};
    if (slot != 1 && slot != 2)
        return error_set(error, STATUS_INVALID, NULL, "slot %d: there are slots 1 and 2", slot);
    if (size > IMAGE_SIZE_MAX)
        return error_set(error, STATUS_TOO_LARGE, NULL, "the image has %zu bytes: the largest slot holds %d",
                         size, IMAGE_SIZE_MAX);
    if (size < SECOND_HEADER + TRAILER)
        return error_set(error, STATUS_INVALID, NULL, "the file has %zu bytes: too short for an image", size);
    struct image_reader reader = {.bytes = bytes, .size = size - TRAILER, .trailer = TRAILER};
    enum status status = read_first_part(&reader, slot, &read, error);
    if (status == STATUS_OK)
        status = read_second_part(&reader, &read, error);
    if (status == STATUS_OK)
        status = check_crc(bytes, size, &read, error);
    if (status == STATUS_OK)
        *info = read;
    return status;
}

enum status image_check_boot(const unsigned char *bytes, size_t size, struct error *error)
{
    struct image_info info = {0};
    if (size > 0 && bytes[0] != SECOND_MAGIC)
        return error_set(error, STATUS_INVALID, NULL,
                         "the file begins with %02x: a boot loader begins with e9", bytes[0]);
    struct image_reader reader = {.bytes = bytes, .size = size, .padding_may_follow = true};
    return read_second_part(&reader, &info, error);
}
