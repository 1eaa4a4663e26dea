/* The emulated chip as the host has it: QEMU, started anew for each boot, with its flash and its board in
 * files and a modem at two pipes. */
#ifndef LX106_MACHINE_HOST_H
#define LX106_MACHINE_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "flash.h"
#include "machine.h"
#include "modem_frame.h"

struct machine {
    const char *rom; /* rom.elf */
    /* What the chip asks for while it handles an event. The bytes are aligned, and a zero byte follows. */
    void (*request)(void *context, const struct modem_frame *frame, const uint8_t *bytes);
    void *context;
    int flash;     /* descriptors of its own, above those that QEMU gets */
    int board;     /* struct machine_board */
    pid_t process; /* QEMU; 0: off */
    int to, from;
    int ended; /* how it ended last: enum machine_exit, or 128 and more: by a signal */
};

/* Puts boot.bin, told which map and size the chip has, and an image for slot 1 into erased flash. `kilobytes`
 * is one of the map's sizes. False: one of them does not fit. */
bool machine_provision(struct flash *flash, const struct fota_flash_map *map, uint32_t kilobytes,
                       const uint8_t *boot, uint32_t boot_length, const uint8_t *image,
                       uint32_t image_length);

/* `rom`, `request` and `context` are set, `flash` is a file. False: errno says why. Release with
 * machine_close, which also ends QEMU. */
bool machine_open(struct machine *machine, const struct flash *flash);
void machine_close(struct machine *machine);

void machine_read_board(const struct machine *machine, struct machine_board *board);
void machine_write_board(const struct machine *machine, const struct machine_board *board);

/* Power on. False: QEMU cannot be started, errno says why. */
bool machine_start(struct machine *machine, uint32_t reset_reason);
/* Gives the chip an event and serves its requests until it waits again. False: it has ended, `ended` says
 * how. A chip that says nothing for 30 seconds is ended as by its watchdog: MACHINE_CRASH. */
bool machine_event(struct machine *machine, enum modem_type type, uint64_t now, const void *bytes,
                   uint32_t length, uint64_t *wake_at);
/* Pulls the plug, at a moment when the chip waits for an event. */
void machine_stop(struct machine *machine);

#endif
