/* The second stage: it alone is in memory while an image is loaded over everything else. */
#ifndef CHIP_STAGE_H
#define CHIP_STAGE_H

#include <stdint.h>

/* Loads the segments of the image whose E9 header is at a flash address, and jumps to its entry. Restarts the
 * chip when what stands in RAM then does not have the image's checksum. */
void stage_load(uint32_t address) __attribute__((noreturn));

#endif
