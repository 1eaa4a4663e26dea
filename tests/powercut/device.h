/* The code of a device: boot loader and agent of one version of this project. device.c is compiled for each
 * version with the headers of that version; this header and world.h are the same for all. */
#ifndef POWERCUT_DEVICE_H
#define POWERCUT_DEVICE_H

#include <stdbool.h>

struct world;

struct device_code {
    bool knows_nonces;   /* and says them */
    bool knows_retrials; /* tries again what nobody could hear of */
    /* Makes the record of a new device, with WORLD_FLOOR and the history of world_history(). */
    void (*make)(struct world *world);
    /* The boot loader: returns the slot that it starts, 0: none. */
    int (*boot)(struct world *world);
    /* The agent, from its start to its reboot: false; or to the end of the life: true. */
    bool (*run)(struct world *world, int slot);
};

/* That of this version. */
extern const struct device_code device_code;

#endif
