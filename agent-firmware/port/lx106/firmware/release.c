#include "release.h"

const char release_version[] = RELEASE_VERSION;

#ifdef RELEASE_KEY
const struct fota_public_key release_keys[] = {{{RELEASE_KEY}}};
const uint32_t release_key_count = 1;
#else
const struct fota_public_key release_keys[1];
const uint32_t release_key_count = 0;
#endif

bool release_is_healthy(void)
{
    return RELEASE_IS_HEALTHY;
}
