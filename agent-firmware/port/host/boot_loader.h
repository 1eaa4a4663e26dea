/* The boot loader of agent-firmware/boot on a simulated device. */
#ifndef HOST_BOOT_LOADER_H
#define HOST_BOOT_LOADER_H

#include "fota_port.h"

/* The slot that boots, 1 or 2; 0 when neither holds a whole image. Programs the tries word on a trial and
 * nothing else; never erases. */
int boot_loader_run(const struct fota_platform *platform);

#endif
