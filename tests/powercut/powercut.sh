#!/usr/bin/env bash
# Power cuts, nested so deep (1), bad flash, bad reads (every one, or every seventh with one cut), and what is broken on purpose: it must
# be caught.
set -euo pipefail
programs=${BUILD:-build}/tests/powercut
depth=${1:-1}

# caught NAME PROGRAM ARGUMENTS: the program must find a fault and say where
caught() {
    local name=$1 program=$2 said
    shift 2
    if said=$("$programs/$program" "$@" 2>&1); then
        echo "$name was not caught"
        exit 1
    fi
    [[ $said == *powercut:* || $said == *bad_reads:* ]] || { echo "$said" && exit 1; }
    echo "$name is caught: ${said//$'\n'/; }"
}

"$programs/powercut" "$depth"
"$programs/bad_flash"
"$programs/bad_reads" $((depth == 1 ? 7 : 1))
caught 'a boot record without sequence' without_sequence 1
caught 'a copy that was refused and counts as absent' by_guess 1
