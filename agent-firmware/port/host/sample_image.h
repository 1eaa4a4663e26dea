/* A small valid firmware image for a simulated device to start with. */
#ifndef HOST_SAMPLE_IMAGE_H
#define HOST_SAMPLE_IMAGE_H

#include <stdint.h>

#define SAMPLE_IMAGE_SIZE_MAX 0xE0000u

/* Writes an image for `slot` whose content is drawn from `seed`: EA 04 header, `mapped` bytes (a multiple of
 * 16), one segment of `segment` bytes (a multiple of 4), checksum, trailer. Returns its length, at most
 * mapped + segment
 * + 56, which `bytes` must have room for. */
uint32_t sample_image_make(uint8_t *bytes, int slot, uint32_t mapped, uint32_t segment, uint32_t seed);

#endif
