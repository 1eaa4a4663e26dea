#!/usr/bin/env bash
# How long the import of many devices takes and how much memory, beside a bare COPY of the same rows into tables of the same shape,
# in the same run.
#   import.sh [DEVICES] (100000)
set -euo pipefail
devices=${1:-${IMPORT_DEVICES:-100000}}
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
awk -v devices="$devices" 'BEGIN {
    print "id,ptype,version,tags,flash_kb,flash_map"
    for (i = 0; i < devices; i++)
        printf "lamp-%08d,45772,v1.0.%dt45772(a),site-%d;floor-%d,4096,1024+1024\n", i, i % 10, i % 100, i % 7
}' > "$work/devices.csv"

# timed COMMAND...: seconds and KiB at most into $took and $memory.
timed() {
    /usr/bin/time --format '%e %M' --output "$work/time" "$@" > "$work/log"
    read -r took memory < "$work/time"
}

before=$(kib VmRSS)
echo 5 > "/proc/$daemon/clear_refs"
timed orchestratorctl device import "$work/devices.csv" --keys "$work/keys.csv"
import=$took of_ctl=$((memory / 1024)) of_daemon=$(($(kib VmHWM) / 1024))

# The same rows, bare: what the import has stored, into empty tables of the same columns, checks and indexes.
tables=(devices presence device_keys asks)
for table in "${tables[@]}"; do
    psql "$DATABASE_URL" -XqAtc "\\copy $table TO '$work/$table.rows'"
    echo "CREATE TABLE bare.$table (LIKE public.$table INCLUDING ALL);" >> "$work/tables.sql"
    echo "\\copy bare.$table FROM '$work/$table.rows'" >> "$work/copy.sql"
done
psql "$DATABASE_URL" -Xqc 'CREATE SCHEMA bare' -f "$work/tables.sql"
timed psql "$DATABASE_URL" -Xq --single-transaction -f "$work/copy.sql"
measured "import of $devices devices, with their keys" "$import" s "$took" 'bare COPY of the same rows' less
measured '- orchestratorctl at most' "$of_ctl" MiB
measured "- orchestratord at most (before: $((before / 1024)))" "$of_daemon" MiB
