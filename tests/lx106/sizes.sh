#!/usr/bin/env bash
# What boot loader, agent core and crypto cost on the chip: sizes.sh
# Code and constants are those of a linked program, where the linker has left out what is not called and shortened calls; RAM
# is variables, with the one struct fota_agent; stack is what a run on the emulated core has used, or what the compiler says
# of each function. Fails when a limit is passed, or when the core needs more than string.h.
set -eu
directory=${BUILD:-build}/lx106
firmware=$directory/firmware/v1.1.0/user1.elf

# sums MAP PATTERN: bytes of code, constants, variables of the input files that match
sums() {
    awk -v pattern="$2" '
        /^ \.[^ ]+$/ {section = $1; next} # a long name stands on a line of its own
        /^ \.[^ ]+ +0x/ {section = $1; size = $3; file = $4}
        /^ +0x[0-9a-f]+ +0x[0-9a-f]+ [^ ]+$/ {size = $2; file = $3}
        /^ \.[^ ]+ +0x|^ +0x[0-9a-f]+ +0x[0-9a-f]+ [^ ]+$/ {
            if (file !~ pattern || !linked) next
            bytes = hex(size)
            if (section ~ /^\.(text|literal|stage)/) code += bytes
            else if (section ~ /^\.rodata/) constants += bytes
            else if (section ~ /^\.(data|bss)/) variables += bytes
        }
        /^Linker script and memory map/ {linked = 1} # what is left out is listed before
        function hex(text, value, i) {
            for (i = 3; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
            return value
        }
        END {print code + 0, constants + 0, variables + 0}' "$1"
}

# The deepest frame of one function, by the compiler; no function here calls itself.
frame() {
    cat "$@" | awk -F '\t' '$2 > most {most = $2; name = $1} END {sub(/.*:/, "", name); print most + 0, name}'
}

row() {
    printf '%-22s %7s %10s %7s   %s\n' "$@"
}

failed=
limit() { # limit WHAT BYTES MOST
    [ "$2" -gt "$3" ] || return 0
    echo "lx106: $1: $2 bytes; at most $3 are allowed" >&2
    failed=yes
}

boot=$(stat -c %s "$directory/boot.bin")
agent=$((0x$(xtensa-lx106-elf-nm --print-size "$directory/agent_size.o" | awk '$NF == "agent_size" {print $2}')))
read -r boot_code boot_constants boot_variables <<< "$(sums "$directory/boot.elf.map" '\\.o$')"
read -r core_code core_constants core_variables <<< "$(sums "$firmware.map" 'ltrans')" # the core is optimized as a whole
read -r crypto_code crypto_constants crypto_variables <<< "$(sums "$firmware.map" 'libcrypto\\.a')"
read -r port_code port_constants port_variables <<< "$(sums "$firmware.map" '/obj/agent-firmware/|release\\.o|libc\\.a|libgcc\\.a')"
core_variables=$((core_variables + agent))
core_stack=$(frame "$directory"/obj/agent-firmware/core/*.su)
crypto_stack=$(frame $(find "$directory/obj/bearssl" -name '*.su'))
boot_stack=$(frame "$directory"/obj/agent-firmware/boot/*.su "$directory"/obj/agent-firmware/boot/chip/*.su)

row '' .text .rodata RAM 'largest frame of a function'
row 'boot loader' "$boot_code" "$boot_constants" "$boot_variables" "$boot_stack"
row 'agent core' "$core_code" "$core_constants" "$core_variables" "$core_stack"
row 'crypto (BearSSL)' "$crypto_code" "$crypto_constants" "$crypto_variables" "$crypto_stack"
row 'port of the emulator' "$port_code" "$port_constants" "$((port_variables - agent))" ''
read -r local_code local_constants <<< "$(xtensa-lx106-elf-size -A "$directory"/obj/agent-firmware/local/*.o | awk '
    /^\.(text|literal)/ {code += $2} /^\.rodata/ {constants += $2} END {print code, constants}')"
row 'upgrade over the LAN' "$local_code" "$local_constants" '' "$(frame "$directory"/obj/agent-firmware/local/*.su), where a firmware links it"
echo "boot.bin has $boot bytes of 4096; struct fota_agent has $agent bytes, with its buffer of 2048"
[ ! -e "$directory/stack" ] || echo "an upgrade and a revert on the emulated core used $(cat "$directory/stack") bytes of stack"
[ ! -e "$directory/stack-with-signature" ] ||
    echo "one with the check of its signature used $(cat "$directory/stack-with-signature") bytes of stack"

limit 'boot.bin' "$boot" 4096
limit 'code of the agent core' "$core_code" 18432
limit 'RAM of the agent core' "$core_variables" 6144

[ "$core_code" -gt 0 ] && [ "$crypto_code" -gt 0 ] && [ "$boot_code" -gt 0 ] || { echo 'lx106: the map has no such part' >&2 && failed=yes; }

# What the core needs of others: string.h, the crypto, and what the compiler adds.
defined=$(xtensa-lx106-elf-nm --defined-only "$directory/libcore.a" | awk 'NF == 3 {print $3}' | sort -u)
needed=$(xtensa-lx106-elf-nm --undefined-only "$directory/libcore.a" | awk '$1 == "U" {print $2}' | sort -u | grep -vxF -f <(echo "$defined") |
    grep -vE '^(mem(cpy|move|set|cmp|chr)|str(n?len|n?cmp|r?chr)|br_[a-z0-9_]+|__(u?div|u?mod|mul|umulsi|ashl|lshr)[sd]i3)$' | tr '\n' ' ' || true)
[ -n "$defined" ] || failed=yes
[ -z "$needed" ] || { echo "lx106: the agent core needs more than string.h: $needed" >&2 && failed=yes; }

[ -z "$failed" ]
