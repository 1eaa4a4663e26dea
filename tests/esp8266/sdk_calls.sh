#!/usr/bin/env bash
# What the port for Espressif's SDK needs from outside: the SDK's functions that sdk.h declares, the core's, and string.h; and
# it says how large it is. sdk_calls.sh OBJECT...
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -gt 0 ] || set -- "${BUILD:-$root/build}"/lx106/obj/agent-firmware/port/esp8266/*.o
nm=xtensa-lx106-elf-nm
defined=$($nm --defined-only "$@" | awk 'NF == 3 {print $3}' | sort -u)
declared=$(grep -oE '[a-z_0-9]+\(' "$root/agent-firmware/port/esp8266/sdk.h" | tr -d '(' | sort -u)
needed=$($nm --undefined-only "$@" | awk '$1 == "U" {print $2}' | sort -u | grep -vxF -f <(echo "$defined"))
sdk=$(grep -xF -f <(echo "$declared") <<< "$needed" | grep -vE '^fota_' || true)
others=$(grep -vxF -f <(echo "$declared") <<< "$needed" | grep -vE '^(fota_agent_[a-z_]+|mem(cpy|move|set|cmp)|str(len|n?cmp|chr)|__[a-z]+[sd]i3)$' || true)
[ -n "$sdk" ] || { echo "the port calls nothing of the SDK: is it compiled?" >&2 && exit 1; }
[ -z "$others" ] || { echo "the port needs what sdk.h does not declare: $others" >&2 && exit 1; }
for function in $(grep -E '\);$' "$root/agent-firmware/port/esp8266/sdk.h" | grep -v typedef | grep -oE '[a-z_0-9]+\(' | tr -d '('); do
    grep -qxF "$function" <<< "$sdk" || { echo "sdk.h declares $function, which nothing calls" >&2 && exit 1; }
done
xtensa-lx106-elf-size "$@"
echo "the port for the SDK calls $(wc -w <<< "$sdk") functions of it"
