/* Boot, restart, crash, modem. */
#include "rom.h"

#define STACK_TOP 0x3FFFFFF0u
#define STACK_END 0x3FFFC000u
#define PAINT 0x5AC35AC3u /* what stack that was never used holds */
#define STANDARD_ERROR 2

struct machine_board board;

bool rom_file_read(int file, uint32_t offset, void *bytes, uint32_t length)
{
    return simcall(SIMCALL_LSEEK, file, (int)offset, 0) == (int)offset &&
           simcall(SIMCALL_READ, file, (int)bytes, (int)length) == (int)length;
}

bool rom_file_write(int file, uint32_t offset, const void *bytes, uint32_t length)
{
    return simcall(SIMCALL_LSEEK, file, (int)offset, 0) == (int)offset &&
           simcall(SIMCALL_WRITE, file, (int)bytes, (int)length) == (int)length;
}

static uint32_t stack_used(void)
{
    uint32_t at = STACK_END;

    while (at < STACK_TOP && *(volatile uint32_t *)at == PAINT)
        at += 4;
    return STACK_TOP - at;
}

void rom_exit(enum machine_exit how)
{
    uint32_t used = stack_used();

    if (used > board.stack_used)
        board.stack_used = used;
    (void)rom_file_write(MACHINE_BOARD, 0, &board, sizeof board);
    for (;;)
        (void)simcall(SIMCALL_EXIT, (int)how, 0, 0);
}

void rom_print(const char *text)
{
    int length = 0;

    while (text[length] != '\0')
        length++;
    (void)simcall(SIMCALL_WRITE, STANDARD_ERROR, (int)text, length);
}

static void print_hex(const char *name, uint32_t value)
{
    char digits[9] = {0};

    for (int i = 0; i < 8; i++)
        digits[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    rom_print(name);
    rom_print(digits);
}

void rom_crash(uint32_t cause, uint32_t program_counter, uint32_t address)
{
    print_hex("lx106: exception ", cause);
    print_hex(" at ", program_counter);
    print_hex(" address ", address);
    rom_print("\n");
    rom_exit(MACHINE_CRASH);
}

/* As the mask ROM does: the E9 image at flash address 0 is loaded and entered. */
void rom_start(void)
{
    uint32_t header[2], segment[2];
    uint32_t address = sizeof header;

    /* Not below the frame of this very function. */
    for (uint32_t at = STACK_END; at < (uint32_t)__builtin_frame_address(0) - 256; at += 4)
        *(volatile uint32_t *)at = PAINT;
    if (!rom_file_read(MACHINE_BOARD, 0, &board, sizeof board) || rom_read(0, header, sizeof header) != 0 ||
        (header[0] & 0xFF) != 0xE9)
        rom_exit(MACHINE_NO_BOOT);
    for (uint32_t left = header[0] >> 8 & 0xFF; left > 0; left--) {
        if (rom_read(address, segment, sizeof segment) != 0 ||
            rom_read(address + (uint32_t)sizeof segment, (void *)segment[0], segment[1]) != 0)
            rom_exit(MACHINE_NO_BOOT);
        address += (uint32_t)sizeof segment + segment[1];
    }
    ((void (*)(void))header[1])();
    rom_exit(MACHINE_CRASH);
}

void rom_restart(void)
{
    rom_exit(MACHINE_RESTART);
}

uint32_t rom_reset_reason(void)
{
    return board.reset_reason;
}

void rom_delay(uint32_t microseconds)
{
    (void)microseconds; /* there is no time in here */
}

static void modem(int call, int file, uint32_t bytes, uint32_t length)
{
    while (length > 0) {
        int done = simcall(call, file, (int)bytes, (int)length);
        if (done <= 0)
            rom_exit(MACHINE_NO_MODEM);
        bytes += (uint32_t)done;
        length -= (uint32_t)done;
    }
}

void rom_modem_read(void *bytes, uint32_t length)
{
    modem(SIMCALL_READ, MACHINE_INPUT, (uint32_t)bytes, length);
}

void rom_modem_write(const void *bytes, uint32_t length)
{
    modem(SIMCALL_WRITE, MACHINE_OUTPUT, (uint32_t)bytes, length);
}
