/* Images in flash: how long one is, its digest, whether it is whole. */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "boot_record.h"
#include "fota_port.h"
#include "image_scan.h"

/* Reads the image in slot `slot` (1 or 2) through `buffer` (FOTA_BUFFER_SIZE bytes, aligned to 4): `length`
 * bytes, or what its own headers say for 0. One that is not whole is read again, up to BOOT_READS times in
 * all. False when the last of these found no image or flash refused a read; else `fault` says what is there,
 * and `image` its length and digests. */
bool verify_slot(const struct fota_platform *platform, int slot, uint32_t length, uint8_t *buffer,
                 enum image_fault *fault, struct boot_image *image);

/* The length of the image in a slot by its own headers, 0 when there is none or flash refuses. Says nothing
 * about its bytes. */
uint32_t verify_measure(const struct fota_platform *platform, int slot);

/* image_scan_add, or the port's memory of it. */
void verify_scan_add(const struct fota_platform *platform, struct image_scan *scan, const uint8_t *bytes,
                     uint32_t length);

#endif
