/* The firmwares of a world: an image for each slot, and what a device that has a key is offered with them. */
#ifndef POWERCUT_IMAGES_H
#define POWERCUT_IMAGES_H

#include "signature.h"
#include "world.h"

struct image {
    uint8_t bytes[IMAGE_SIZE_MAX];
    uint32_t length;
    uint8_t sha256[FOTA_SHA256_SIZE];
    char hex[2 * FOTA_SHA256_SIZE + 1];
};

extern struct image images[FIRMWARES][2]; /* all of one length; there after make_images */
extern const char *const versions[FIRMWARES];

/* Once; after that nothing is done. */
void make_images(void);

/* The signature of firmware 1 with sequence 0 by world_key(), in hexadecimal digits. */
const char *signature_of_first(void);

#endif
