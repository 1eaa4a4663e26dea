#include "release.h"

const char release_version[] = RELEASE_VERSION;

bool release_is_healthy(void)
{
    return RELEASE_IS_HEALTHY;
}
