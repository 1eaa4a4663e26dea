#!/usr/bin/env bash
# The table of docs/signing.md on the emulated core.
set -euo pipefail
build=${BUILD:-build}
"$build/tests/lx106/roads" "$build/lx106"
