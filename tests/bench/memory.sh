#!/usr/bin/env bash
# Row 6: the daemon's memory, and how long it takes to be ready on a migrated database: idle, with 5,000 and 15,000 connected devices (fleetsim), and
# with an inventory of a million.
#   memory.sh [INVENTORY] (1000000)
set -euo pipefail
inventory=${1:-${MEMORY_DEVICES:-1000000}}
runs=5
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

resident() {
    measured "orchestratord, $1" "$(calculate "$(kib VmRSS) / 1024" %.1f)" MiB "$2" 'what was aimed at' less
}
# How long from its start until it says that it is ready.
start_up() {
    local run began port=${ORCHESTRATOR_URL##*:}
    rm -f "$work/starts"
    for run in $(seq $runs); do
        kill -TERM "$daemon"
        while kill -0 "$daemon" 2> /dev/null; do sleep 0.02; done
        began=$EPOCHREALTIME
        orchestratord run --config "$work/state/orchestratord.conf" 2>> "$work/state/orchestratord.log" &
        daemon=$!
        helpers+=($daemon)
        until ready "$port"; do :; done
        calculate "1000 * ($EPOCHREALTIME - $began)" '%.0f\n' >> "$work/starts"
    done
    measured "start-up until ready, $1" "$(median < "$work/starts")" ms 300 'what was aimed at' less
}
ready() (
    exec 2> /dev/null 3<> "/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
    IFS= read -r -t 5 status <&3
    [[ $status == *' 200 '* ]]
)

resident idle 20
start_up 'an empty database'
# Before any device: what devices said is retained by the broker, and whoever connects is told.
devices "$inventory"
start_up "an inventory of $inventory devices"
sleep 2 # a few looks of the ticker
resident "an inventory of $inventory devices, started anew" 64
sql 'SET client_min_messages = warning; TRUNCATE devices CASCADE'
for count in 5000 15000; do
    if fleet $count 2> "$work/fleet.err"; then
        sleep 2 # until what they said is stored
        resident "$count connected devices" 64
        kill -TERM $fleet
        wait $fleet || true
        sql 'SET client_min_messages = warning; TRUNCATE devices CASCADE'
    else
        not_measured "orchestratord, $count connected devices" "fleetsim does not hold them: $(tail -n 1 "$work/fleet.log")"
    fi
done
