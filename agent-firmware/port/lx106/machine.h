/* The emulated machine as its two sides see it: the stand-in for the mask ROM inside QEMU, and the host
 * program that starts QEMU. Everything goes through descriptors that QEMU inherits. */
#ifndef LX106_MACHINE_H
#define LX106_MACHINE_H

#include <stdint.h>

#define MACHINE_FLASH 3 /* the flash: a file of the chip's size */
#define MACHINE_INPUT 4 /* from the modem */
#define MACHINE_OUTPUT 5
#define MACHINE_BOARD 6 /* a struct machine_board in a file: it outlives a restart */

enum machine_cut {
    MACHINE_CUT_BEFORE,
    MACHINE_CUT_MIDDLE, /* a random subset of the bits has changed */
    MACHINE_CUT_AFTER,
};

struct machine_board {
    uint32_t reset_reason; /* as rtc_get_reset_reason has it */
    uint32_t operations;   /* erases and programs so far */
    uint32_t cut_at;       /* power fails at the operation with this number, counted from 1; 0: never */
    uint32_t cut_how;      /* enum machine_cut */
    uint32_t random;       /* state of the generator of random bits; not 0 */
    uint32_t stack_used;   /* bytes, at most, since the file was made */
};

/* How QEMU ends. */
enum machine_exit {
    MACHINE_RESTART = 64,   /* the program asked for it */
    MACHINE_POWER_CUT = 65, /* cut_at */
    MACHINE_CRASH = 66,     /* an exception: on the chip the watchdog would bite now */
    MACHINE_NO_MODEM = 67,  /* the host closed its end */
    MACHINE_NO_BOOT = 68,   /* flash address 0 holds nothing that the ROM can start */
    MACHINE_MISUSE = 69,    /* flash was written while it was mapped, or a call was out of its range */
};

/* Two calls that the chip's ROM does not have: the modem. Both move all of `length` or end the machine. They
 * stand behind the real ROM's own (machine.ld). */
void machine_modem_read(void *bytes, uint32_t length);
void machine_modem_write(const void *bytes, uint32_t length);

#endif
