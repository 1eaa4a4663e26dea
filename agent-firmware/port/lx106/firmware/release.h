/* What differs from one firmware to the next. */
#ifndef LX106_RELEASE_H
#define LX106_RELEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "signature.h"

extern const char release_version[];
/* The keys whose signatures count; with none, signatures are not looked at. */
extern const struct fota_public_key release_keys[];
extern const uint32_t release_key_count;
/* The self test that the agent asks for on trial. */
bool release_is_healthy(void);

#endif
