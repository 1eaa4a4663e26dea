/* The image check of docs/protocol.md as a stream: bytes go in once, in order, in pieces of any length; the
 * SHA-256, the CRC and the verdict come out. The same scan reads the download and, later, the flash. */
#ifndef IMAGE_SCAN_H
#define IMAGE_SCAN_H

#include <bearssl.h>
#include <stdint.h>

#define FOTA_SHA256_SIZE 32

#define IMAGE_FAULTS(X)                                                                                      \
    X(IMAGE_GOOD, "good")                                                                                    \
    X(IMAGE_BAD_MAGIC, "begins with neither EA 04 nor E9")                                                   \
    X(IMAGE_BAD_SLOT, "is made for another slot")                                                            \
    X(IMAGE_BAD_SEGMENTS, "has a number of segments other than 1 to 16")                                     \
    X(IMAGE_BAD_LENGTH, "has segments that do not add up to its length")                                     \
    X(IMAGE_BAD_CHECKSUM, "has a wrong checksum byte")                                                       \
    X(IMAGE_BAD_CRC, "has a wrong CRC trailer")

enum image_fault {
#define X(name, text) name,
    IMAGE_FAULTS(X)
#undef X
};

struct image_digest {
    uint8_t sha256[FOTA_SHA256_SIZE]; /* of the whole image */
    uint32_t crc32;                   /* of the whole image, trailer included */
};

/* All of it is plain data: equal bytes fed to equal scans make equal scans. */
struct image_scan {
    br_sha256_context sha256;
    uint32_t length;     /* of the image, as announced */
    uint32_t position;   /* bytes seen */
    uint32_t crc;        /* CRC-32 of the bytes seen, without the trailer */
    uint32_t trailer;    /* the trailer's bytes seen so far */
    uint32_t left;       /* bytes left of the current part */
    uint32_t line_start; /* where the header with the segments begins */
    uint8_t part;
    uint8_t slot; /* 1 or 2, 0 when the image names none */
    uint8_t segments_left;
    uint8_t checksum;
    uint8_t fault; /* enum image_fault, found so far */
    uint8_t header_length;
    uint8_t header[16];
    uint8_t reserved[2];
};

/* `length` is the whole image's length in bytes. */
void image_scan_start(struct image_scan *scan, uint32_t length);
/* Bytes past `length` are a fault. */
void image_scan_add(struct image_scan *scan, const uint8_t *bytes, uint32_t length);
/* The verdict for an image to run in `slot` (1 or 2). `digest` is filled in any case. */
enum image_fault image_scan_finish(const struct image_scan *scan, int slot, struct image_digest *digest);
/* A text that follows "the image". */
const char *image_fault_text(enum image_fault fault);

#endif
