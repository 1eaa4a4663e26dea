#!/usr/bin/env bash
# powercut.sh [DEPTH]: power cuts, nested to that depth (1), also of devices with older code; bad flash;
# bad reads (every read, or with depth 1 every seventh). What is broken on purpose must be caught.
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
"$programs/baseline" 1
"$programs/bad_flash"
"$programs/bad_reads" $((depth == 1 ? 7 : 1))
caught 'a boot record without sequence' without_sequence 1
caught 'a boot record of another format' other_format 1
caught 'a copy that was refused and counts as absent' by_guess 1
caught 'a download without its seal' without_seal 1
