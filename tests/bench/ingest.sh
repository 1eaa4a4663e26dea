#!/usr/bin/env bash
# Row 1: reports in at QoS 1 from 1,000 connections, until their rows are committed; beside the bare parts: the broker and a subscriber, the
# transaction of a batch, and all of them behind one another.
#   ingest.sh [DEVICES] (20000: five times as many reports), a multiple of 1,000
set -euo pipefail
count=${1:-${INGEST_DEVICES:-20000}}
runs=${RUNS:-3} parts='orchestratord postgres mosquitto'
declare -A used
settings='offer_resend_seconds = 3600'
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$root/tests/bench/reports.sh"
reports=$((count * 5))
devices "$count"
policy

# bare BROKER DATABASE: one run of the bare parts, reports a second
bare() {
    helper "$work/bare.log" "$build/bench/bare_ingest" $reports "$work/devices" 2 500 "$1" "$2"
    [ "$1" = - ] || publish
    wait "$helper"
    tail -n 1 "$work/bare.log" | jq '.messages / (.ended - .began) | round'
}

for run in $(seq "$runs"); do
    offer_all "$count" "$run"
    for part in $parts; do
        used[$part]=$(cpu "$part")
    done
    report_all "$count" "$run" >> "$work/product"
    for part in $parts; do
        calculate "($(cpu "$part") - ${used[$part]}) / $reports" '%.1f\n' >> "$work/cpu-$part"
    done
done

# The bare parts, with the last run's reports, while no orchestratord is there.
sql 'SELECT device_id FROM devices' > "$work/devices"
psql "$DATABASE_URL" -Xqv ON_ERROR_STOP=1 -f tests/bench/tools/bare_tables.sql
kill -TERM "$daemon"
for run in $(seq "$runs"); do
    bare "$MQTT_ADDRESS" - >> "$work/broker"
    bare - "$DATABASE_URL" >> "$work/transaction"
    bare "$MQTT_ADDRESS" "$DATABASE_URL" >> "$work/both"
done
product=$(median < "$work/product")
measured 'reports in to committed rows' "$product" reports/s "$(median < "$work/both")" 'publishers, broker, subscriber, bare transaction'
measured '- to the broker and a subscriber that does nothing' "$product" reports/s "$(median < "$work/broker")" 'broker and subscriber'
measured '- to the bare transaction, 500 a batch' "$product" reports/s "$(median < "$work/transaction")" 'two connections'
for part in $parts; do
    measured "- processor time of $part" "$(median < "$work/cpu-$part")" us/report
done
