#!/usr/bin/env bash
# A campaign of very many devices: how long its plan takes and how much memory, how long from the start to the first offer, and whether the
# same plan comes out twice. Beside it the bare statement: the same devices, ordered and inserted into a table of the same columns and
# indexes. Private PostgreSQL and orchestratord, with fsync. Prints one Markdown table.
#   plan.sh [DEVICES] (1000000)
set -euo pipefail
devices=${1:-1000000}
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
version='v1.1.0t45772(a)'
for slot in 1 2; do
    "$build/tools/make_image" --slot $slot --size 20480 --version "$version" --output "$work/user$slot.bin"
done
orchestratorctl firmware upload "$version" "$work/user1.bin" "$work/user2.bin" > "$work/log"
sql() {
    psql "$DATABASE_URL" -XAqtv ON_ERROR_STOP=1 -c "$1"
}
# Online, so that offers go out; nobody is there to take them.
sql "INSERT INTO devices (device_id, product_id, ptype, tags, version, version_order, fota_class, slot)
         SELECT 'lamp-' || lpad(i::text, 8, '0'), 1, 45772, ARRAY['site-' || i % 100], 'v1.0.' || i % 10 || 't45772(a)',
                '10' || i % 10 || 'v', 'a', 1
         FROM generate_series(1, $devices) i;
     INSERT INTO presence (device_id, online) SELECT device_id, true FROM devices"
sql 'VACUUM ANALYZE devices, presence'

# The daemon's connections: what the server holds for them, in MiB at most.
backends() {
    awk '/^(RssAnon):/ {n += $2} END {printf "%d", n / 1024}' $(sql "SELECT '/proc/' || pid || '/status' FROM pg_stat_activity
        WHERE application_name LIKE 'orchestratord%'")
}
timed() {
    local began=$EPOCHREALTIME
    "$@" > "$work/out"
    took=$(awk "BEGIN {printf \"%.1f\", $EPOCHREALTIME - $began}")
}
planned() {
    sql "SELECT md5(string_agg(position || ' ' || wave || ' ' || device_id, ',' ORDER BY position)) FROM plan_devices WHERE plan_id = $1"
}

policy=policies/canary-then-wide.json
echo "$devices devices, $(nproc) cores, PostgreSQL $(sql 'SHOW server_version' | cut -d' ' -f1):"
row what seconds 'orchestratord, MiB at most' 'its connections in PostgreSQL, MiB'
row --- --- --- ---
echo 5 > "/proc/$daemon/clear_refs"
for number in 1 2; do
    timed orchestratorctl campaign plan --firmware "$version" --policy $policy --seed 7
    row "campaign plan ($number)" "$took" $(($(kib VmHWM) / 1024)) "$(backends)"
done
[ "$(planned 1)" = "$(planned 2)" ] || { echo 'not the same plan twice' && exit 1; }
row 'the same plan twice' yes - -
# Ordered, cut, and inserted: what has to be done at least.
sql 'CREATE TABLE bare (LIKE plan_devices INCLUDING ALL)'
timed sql "INSERT INTO bare (plan_id, position, wave, device_id)
    SELECT 1, row_number() OVER (ORDER BY hashtextextended(device_id, 7), device_id), 0, device_id FROM devices
    WHERE ptype = 45772 AND version IS NOT NULL"
row 'the bare statement of a plan' "$took" - -
start() {
    orchestratorctl campaign create wide --plan 2 --start
    until [ "$(sql "SELECT EXISTS (SELECT FROM targets WHERE state = 'offered')")" = t ]; do sleep 0.05; done
}
timed start
row 'start from the plan to the first offer' "$took" $(($(kib VmHWM) / 1024)) "$(backends)"
sql 'CREATE TABLE bare_targets (LIKE targets INCLUDING ALL)'
timed sql 'INSERT INTO bare_targets SELECT * FROM targets'
row 'the bare statement of the targets' "$took" - -
timed orchestratorctl campaign show wide
row 'campaign show' "$took" - -
