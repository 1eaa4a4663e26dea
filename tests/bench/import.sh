#!/usr/bin/env bash
# How long the import of many devices takes and how much memory, beside a bare COPY of the same rows into tables of the same shape,
# in the same run. Private PostgreSQL and orchestratord, with fsync. Prints one Markdown table.
#   import.sh [DEVICES] (100000)
set -euo pipefail
devices=${1:-100000}
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

echo "$devices devices, $(nproc) cores, $(psql "$DATABASE_URL" -XAtc 'SHOW server_version' | cut -d' ' -f1):"
row what seconds 'orchestratorctl, MiB at most' 'orchestratord, MiB at most (before)'
row --- --- --- ---
before=$(kib VmRSS)
echo 5 > "/proc/$daemon/clear_refs"
timed orchestratorctl device import "$work/devices.csv" --keys "$work/keys.csv"
row 'import, with its keys' "$took" $((memory / 1024)) "$(($(kib VmHWM) / 1024)) ($((before / 1024)))"
import=$took

# The same rows, bare: what the import has stored, into empty tables of the same columns, checks and indexes.
tables=(devices presence device_keys asks)
for table in "${tables[@]}"; do
    psql "$DATABASE_URL" -XqAtc "\\copy $table TO '$work/$table.rows'"
    echo "CREATE TABLE bare.$table (LIKE public.$table INCLUDING ALL);" >> "$work/tables.sql"
    echo "\\copy bare.$table FROM '$work/$table.rows'" >> "$work/copy.sql"
done
psql "$DATABASE_URL" -Xqc 'CREATE SCHEMA bare' -f "$work/tables.sql"
timed psql "$DATABASE_URL" -Xq --single-transaction -f "$work/copy.sql"
row 'bare COPY of the same rows' "$took" - -
row 'import to COPY' "$(awk "BEGIN {printf \"%.1f\", $import / $took}") times" - -
