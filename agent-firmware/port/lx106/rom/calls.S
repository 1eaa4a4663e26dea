/* Where the machine begins, its exception vectors, and the ROM's calls at their addresses. */
#define STACK_TOP 0x3FFFFFF0

    .section .reset, "ax" /* no literal may stand before the first instruction */
    .global reset
reset:
    j   1f
    .align 4
    .literal_position
1:  movi a0, start
    jx   a0

    .section .text, "ax"
    .align 4
    .literal_position
start:
    movi a1, STACK_TOP
    movi a2, 0x20 /* PS: user mode, no exception, all interrupts */
    wsr  a2, ps
    rsync
    movi a0, rom_start
    callx0 a0

crash:
    movi a1, STACK_TOP
    rsr  a2, exccause
    rsr  a3, epc1
    rsr  a4, excvaddr
    movi a0, rom_crash
    callx0 a0

    /* int simcall(number, a, b, c): QEMU takes and answers in these very registers. */
    .align 4
    .global simcall
simcall:
    simcall
    ret

    .section .calls, "ax"
calls:
    .macro call address, function
    .org \address - 0x40000000
    j   \function
    .endm

    call 0x40000030, crash /* VECBASE is 0x40000000: kernel, user and double exception */
    call 0x40000050, crash
    call 0x40000070, crash
    call 0x40000650, rom_multiply
    call 0x400018a4, rom_memset
    call 0x400018b4, rom_memcpy
    call 0x400018c4, rom_memmove
    call 0x400018d4, rom_memcmp
    call 0x400024cc, rom_print
    call 0x400025e0, rom_reset_reason
    call 0x4000264c, rom_restart
    call 0x40002aa8, rom_strcmp
    call 0x40002ab8, rom_strncmp
    call 0x40002ac8, rom_strlen
    call 0x40002ecc, rom_delay
    call 0x40004678, rom_map
    call 0x400047f0, rom_unmap
    call 0x40004a00, rom_erase
    call 0x40004a4c, rom_write
    call 0x40004b1c, rom_read
    call 0x4000d310, rom_divide_long
    call 0x4000d770, rom_modulo_long
    call 0x4000dcf0, rom_multiply_wide
    call 0x4000e21c, rom_divide
    call 0x4000e268, rom_modulo
    call 0x4000f000, rom_modem_read /* machine.ld: the chip has nothing there */
    call 0x4000f010, rom_modem_write
