/* The parts of the stand-in for the mask ROM. It alone talks to QEMU; what it loads and calls is what the
 * chip would run. */
#ifndef LX106_ROM_H
#define LX106_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine.h"

/* QEMU's simcalls, and the numbers of those used. */
enum { SIMCALL_EXIT = 1, SIMCALL_READ = 3, SIMCALL_WRITE = 4, SIMCALL_LSEEK = 19 };
int simcall(int number, int a, int b, int c);

extern struct machine_board board;

void rom_start(void) __attribute__((noreturn));
void rom_crash(uint32_t cause, uint32_t program_counter, uint32_t address) __attribute__((noreturn));
/* Ends QEMU; the board goes back to its file first. */
void rom_exit(enum machine_exit how) __attribute__((noreturn));

/* Host files: all of it, at an offset. */
bool rom_file_read(int file, uint32_t offset, void *bytes, uint32_t length);
bool rom_file_write(int file, uint32_t offset, const void *bytes, uint32_t length);

/* The ROM's calls: calls.S puts them where the chip has them. */
void rom_print(const char *text); /* the format only */
void rom_delay(uint32_t microseconds);
void rom_restart(void) __attribute__((noreturn));
uint32_t rom_reset_reason(void);
void rom_modem_read(void *bytes, uint32_t length);
void rom_modem_write(const void *bytes, uint32_t length);

int rom_read(uint32_t address, void *bytes, uint32_t length);
int rom_write(uint32_t address, const void *bytes, uint32_t length);
int rom_erase(uint32_t sector);
void rom_map(uint32_t odd, uint32_t pair, uint32_t size);
void rom_unmap(void);

void *rom_memset(void *to, int byte, size_t length);
void *rom_memcpy(void *to, const void *from, size_t length);
void *rom_memmove(void *to, const void *from, size_t length);
int rom_memcmp(const void *a, const void *b, size_t length);
size_t rom_strlen(const char *text);
int rom_strcmp(const char *a, const char *b);
int rom_strncmp(const char *a, const char *b, size_t length);
uint64_t rom_multiply_wide(uint32_t a, uint32_t b);
uint64_t rom_multiply(uint64_t a, uint64_t b);
uint64_t rom_divide_long(uint64_t dividend, uint64_t divisor);
uint64_t rom_modulo_long(uint64_t dividend, uint64_t divisor);
uint32_t rom_divide(uint32_t dividend, uint32_t divisor);
uint32_t rom_modulo(uint32_t dividend, uint32_t divisor);

#endif
