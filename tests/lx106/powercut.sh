#!/usr/bin/env bash
# Power cuts on the emulated core: powercut.sh [some|all] (some); how much stack was used is kept for `make lx106`.
set -euo pipefail
build=${BUILD:-build}
"$build/tests/lx106/powercut" "$build/lx106" "${1:-some}" | tee "$build/lx106/powercut.log"
sed -n 's/.* at most \([0-9]*\) bytes of stack.*/\1/p' "$build/lx106/powercut.log" > "$build/lx106/stack"
