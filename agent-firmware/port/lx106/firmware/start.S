/* The entry, in IRAM: an empty stack, zeros, the slot's flash mapped, main. */
    .text
    .align 4
    .literal_position
    .global entry
entry:
    movi a1, 0x3FFFFFF0
    movi a2, bss_start
    movi a3, bss_end
    movi a4, 0
1:  bgeu a2, a3, 2f
    s32i a4, a2, 0
    addi a2, a2, 4
    j    1b
2:  movi a2, chip_flash_map
    callx0 a2
    movi a2, main
    callx0 a2
    movi a2, software_reset
    callx0 a2
