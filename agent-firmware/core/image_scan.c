#include "image_scan.h"

#include <stdbool.h>
#include <string.h>

#include "crc32.h"

#define OUTER_HEADER 16u
#define INNER_HEADER 8u
#define SEGMENT_HEADER 8u
#define TRAILER 4u
#define CHECKSUM_SEED 0xEF

/* The parts of an image, in the order they come. */
enum image_part {
    PART_MAGIC,          /* the first byte decides which header this is */
    PART_OUTER_HEADER,   /* EA 04 00 SLOT, entry, 0, length */
    PART_MAPPED,         /* code run from flash: `length` bytes */
    PART_INNER_HEADER,   /* E9 SEGMENTS MODE SIZE, entry */
    PART_SEGMENT_HEADER, /* address, length */
    PART_SEGMENT,
    PART_PADDING, /* up to the end of a line of 16 bytes; its last byte is the checksum */
    PART_TRAILER,
    PART_END,
};

static uint32_t little_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

void image_scan_start(struct image_scan *scan, uint32_t length)
{
    memset(scan, 0, sizeof *scan);
    br_sha256_init(&scan->sha256);
    scan->length = length;
    scan->checksum = CHECKSUM_SEED;
    scan->part = PART_MAGIC;
}

static void found(struct image_scan *scan, enum image_fault fault)
{
    if (scan->fault == IMAGE_GOOD)
        scan->fault = (uint8_t)fault;
    scan->part = PART_END;
    scan->left = 0;
}

static void enter(struct image_scan *scan, enum image_part part, uint32_t length)
{
    uint32_t room = scan->length - scan->position;
    if (part != PART_TRAILER && (room < TRAILER || length > room - TRAILER)) {
        found(scan, IMAGE_BAD_LENGTH);
        return;
    }
    scan->part = (uint8_t)part;
    scan->left = length;
    scan->header_length = 0;
}

static void enter_padding(struct image_scan *scan)
{
    uint32_t column = (scan->position - scan->line_start) % 16;
    enter(scan, PART_PADDING, 16 - column);
}

static void after_segment(struct image_scan *scan)
{
    if (scan->segments_left > 0)
        enter(scan, PART_SEGMENT_HEADER, SEGMENT_HEADER);
    else
        enter_padding(scan);
}

static void read_outer_header(struct image_scan *scan)
{
    uint32_t mapped = little_endian(scan->header + 12);
    if (scan->header[1] != 0x04 || scan->header[2] != 0x00) {
        found(scan, IMAGE_BAD_MAGIC);
        return;
    }
    scan->slot = scan->header[3];
    if (scan->slot != 1 && scan->slot != 2) {
        found(scan, IMAGE_BAD_SLOT);
        return;
    }
    enter(scan, PART_MAPPED, mapped);
}

static void read_inner_header(struct image_scan *scan)
{
    if (scan->header[0] != 0xE9) {
        found(scan, IMAGE_BAD_MAGIC);
        return;
    }
    scan->segments_left = scan->header[1];
    if (scan->segments_left < 1 || scan->segments_left > 16) {
        found(scan, IMAGE_BAD_SEGMENTS);
        return;
    }
    scan->line_start = scan->position - INNER_HEADER;
    enter(scan, PART_SEGMENT_HEADER, SEGMENT_HEADER);
}

static void end_of_padding(struct image_scan *scan, uint8_t last)
{
    if (last != scan->checksum)
        found(scan, IMAGE_BAD_CHECKSUM);
    else if (scan->length - scan->position != TRAILER)
        found(scan, IMAGE_BAD_LENGTH);
    else
        enter(scan, PART_TRAILER, TRAILER);
}

/* The current part is complete: what comes next? `last` is its last byte. */
static void part_complete(struct image_scan *scan, uint8_t last)
{
    switch ((enum image_part)scan->part) {
    case PART_OUTER_HEADER:
        read_outer_header(scan);
        break;
    case PART_MAPPED:
        enter(scan, PART_INNER_HEADER, INNER_HEADER);
        break;
    case PART_INNER_HEADER:
        read_inner_header(scan);
        break;
    case PART_SEGMENT_HEADER:
        scan->segments_left--;
        enter(scan, PART_SEGMENT, little_endian(scan->header + 4));
        break;
    case PART_SEGMENT:
        after_segment(scan);
        break;
    case PART_PADDING:
        end_of_padding(scan, last);
        break;
    case PART_TRAILER:
        scan->part = PART_END;
        break;
    case PART_MAGIC:
    case PART_END:
        break;
    }
}

static void read_magic(struct image_scan *scan, uint8_t first)
{
    if (first == 0xEA)
        enter(scan, PART_OUTER_HEADER, OUTER_HEADER);
    else if (first == 0xE9)
        enter(scan, PART_INNER_HEADER, INNER_HEADER);
    else
        found(scan, IMAGE_BAD_MAGIC);
}

static void take(struct image_scan *scan, const uint8_t *bytes, uint32_t count)
{
    switch ((enum image_part)scan->part) {
    case PART_OUTER_HEADER:
    case PART_INNER_HEADER:
    case PART_SEGMENT_HEADER:
        memcpy(scan->header + scan->header_length, bytes, count);
        scan->header_length = (uint8_t)(scan->header_length + count);
        break;
    case PART_SEGMENT:
        for (uint32_t i = 0; i < count; i++)
            scan->checksum ^= bytes[i];
        break;
    case PART_TRAILER:
        for (uint32_t i = 0; i < count; i++)
            scan->trailer = scan->trailer >> 8 | (uint32_t)bytes[i] << 24;
        break;
    case PART_MAGIC:
    case PART_MAPPED:
    case PART_PADDING:
    case PART_END:
        break;
    }
    scan->left -= count;
    scan->position += count;
}

void image_scan_add(struct image_scan *scan, const uint8_t *bytes, uint32_t length)
{
    if (length == 0)
        return;
    br_sha256_update(&scan->sha256, bytes, length);
    if (scan->part != PART_END) {
        uint32_t room = scan->length - scan->position;
        uint32_t covered = room > TRAILER ? room - TRAILER : 0;
        scan->crc = crc32_add(scan->crc, bytes, length < covered ? length : covered);
    }
    if (scan->part == PART_MAGIC)
        read_magic(scan, bytes[0]);
    while (scan->part != PART_END && (length > 0 || scan->left == 0)) {
        uint32_t count = length < scan->left ? length : scan->left;
        uint8_t last = count > 0 ? bytes[count - 1] : 0;
        take(scan, bytes, count);
        bytes += count;
        length -= count;
        if (scan->left == 0)
            part_complete(scan, last);
    }
    if (length > 0 && scan->fault == IMAGE_GOOD)
        scan->fault = IMAGE_BAD_LENGTH;
}

enum image_fault image_scan_finish(const struct image_scan *scan, int slot, struct image_digest *digest)
{
    uint8_t trailer[TRAILER];
    for (uint32_t i = 0; i < TRAILER; i++)
        trailer[i] = (uint8_t)(scan->trailer >> 8 * i);
    br_sha256_out(&scan->sha256, digest->sha256);
    digest->crc32 = crc32_add(scan->crc, trailer, TRAILER);

    if (scan->fault != IMAGE_GOOD)
        return (enum image_fault)scan->fault;
    if (scan->part != PART_END || scan->position != scan->length)
        return IMAGE_BAD_LENGTH;
    if (scan->slot != 0 && scan->slot != slot)
        return IMAGE_BAD_SLOT;
    bool negative = (scan->crc & 0x80000000u) != 0;
    uint32_t wanted = negative ? ~scan->crc : scan->crc + 1;
    return scan->trailer == wanted ? IMAGE_GOOD : IMAGE_BAD_CRC;
}

const char *image_fault_text(enum image_fault fault)
{
    static const char *const texts[] = {
#define X(name, text) text,
        IMAGE_FAULTS(X)
#undef X
    };
    return (unsigned)fault < sizeof texts / sizeof texts[0] ? texts[fault] : "is unknown";
}
