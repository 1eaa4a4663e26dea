#include "boot_loader.h"

#include "boot.h"
#include "verify.h"

/* What boot_check says of an image that the agent's check has passed, from the simulator's memory of scans: a
 * fleet boots the same image thousands of times. */
static bool check_remembered(const struct fota_platform *platform, int slot, const struct boot_image *known,
                             uint32_t *buffer)
{
    bool recorded = known != NULL && known->length != 0;
    uint32_t length = recorded ? known->length : 0;
    struct boot_image found;
    enum image_fault fault;

    return verify_slot(platform, slot, length, (uint8_t *)buffer, &fault, &found) && fault == IMAGE_GOOD &&
           (!recorded || found.crc32 == known->crc32);
}

int boot_loader_run(const struct fota_platform *platform)
{
    static struct boot_memory memory;

    return boot_run(platform, platform->port->scan_add != NULL ? check_remembered : boot_check, &memory);
}
