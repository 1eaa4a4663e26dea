/* Images in flash: how long one is, its digest, whether it is whole. */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "fota_port.h"
#include "image_scan.h"

/* Reads `length` bytes of slot `slot` (1 or 2) through `buffer` (FOTA_BUFFER_SIZE bytes, aligned to 4). False
 * when flash cannot be read or the length does not fit the slot; else `fault` and `digest` say what is there.
 */
bool verify_slot(const struct fota_platform *platform, int slot, uint32_t length, uint8_t *buffer,
                 enum image_fault *fault, struct image_digest *digest);

/* The length of the image in a slot by its own headers, 0 when there is none. Says nothing about its bytes.
 */
uint32_t verify_measure(const struct fota_platform *platform, int slot);

/* image_scan_add, or the port's memory of it. */
void verify_scan_add(const struct fota_platform *platform, struct image_scan *scan, const uint8_t *bytes,
                     uint32_t length);

#endif
