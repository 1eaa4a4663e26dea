#!/usr/bin/env bash
# Power cuts, nested so deep (1), bad flash, and a boot record that is broken on purpose: it must be caught.
set -euo pipefail
programs=${BUILD:-build}/tests/powercut
"$programs/powercut" "${1:-1}"
"$programs/bad_flash"
if said=$("$programs/without_sequence" 1 2>&1); then
    echo 'a boot record without sequence was not caught'
    exit 1
fi
[[ $said == *powercut:* ]] || { echo "$said" && exit 1; }
echo "a boot record without sequence is caught: ${said//$'\n'/; }"
