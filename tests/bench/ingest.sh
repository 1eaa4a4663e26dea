#!/usr/bin/env bash
# Row 1: reports in at QoS 1 from 1,000 connections, until their rows are committed. Each device of a campaign reports accepted, downloading,
# installed, trial and confirmed; all devices one step, then all the next, so that a batch holds hardly two reports of one device.
#   ingest.sh [DEVICES] (20000: five times as many reports), a multiple of 1,000
set -euo pipefail
count=${1:-${INGEST_DEVICES:-20000}}
connections=1000 window=20 runs=${RUNS:-3} parts='orchestratord postgres mosquitto'
declare -A used
settings='offer_resend_seconds = 3600'
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
reports=$((count * 5))
devices "$count"
policy

# bare COUNT BROKER DATABASE: one run of the bare parts, reports a second into $rate
bare() {
    helper "$work/bare.log" "$build/bench/bare_ingest" "$1" "$work/devices" 2 500 "$2" "$3"
    [ "$2" = - ] || "$build/bench/publish" "$2" $connections $window "$work/reports" > "$work/publish.log"
    wait $helper
    rate=$(tail -n 1 "$work/bare.log" | jq '.messages / (.ended - .began) | round')
}
# The reports of a campaign whose devices have all been offered its firmware, one a line.
write_reports() {
    local sha256
    sha256=$(sql "SELECT sha256 FROM images JOIN firmware USING (firmware_id) WHERE version = '$(version "v1.$1.0")' AND slot = 2")
    sql "SELECT campaign_id || ' ' || device_id || ' ' || nonce FROM targets JOIN campaigns USING (campaign_id)
         WHERE name = 'run-$1' ORDER BY position" > "$work/targets"
    awk -v sha256="$sha256" -v version="$(version "v1.$1.0")" '
        BEGIN {split("accepted downloading installed trial confirmed", step)}
        {line[NR] = $0}
        END {
            more[2] = ",\"progress\":0"
            more[4] = ",\"reset_reason\":\"software\""
            for (i = 1; i <= 5; i++)
                for (n = 1; n <= NR; n++) {
                    $0 = line[n]
                    if (i == 5)
                        more[5] = ",\"nonce\":\"" $3 "\",\"version\":\"" version "\",\"slot\":2,\"sha256\":\"" sha256 "\""
                    printf "fota/v1/%s/report\t{\"report\":\"%s\",\"campaign\":%s,\"attempt\":1%s}\n", $2, step[i], $1, more[i]
                }
        }' "$work/targets" > "$work/reports"
}

for run in $(seq "$runs"); do
    firmware "v1.$run.0" 20480
    campaign "run-$run" "v1.$run.0"
    of_campaign="JOIN campaigns USING (campaign_id) WHERE campaigns.name = 'run-$run'"
    until_sql "$count" "SELECT coalesce(sum(offered), 0) FROM waves $of_campaign"
    write_reports "$run"
    sql 'VACUUM ANALYZE targets, devices, presence'
    for part in $parts; do
        used[$part]=$(cpu "$part")
    done
    "$build/bench/publish" "$MQTT_ADDRESS" $connections $window "$work/reports" > "$work/publish.log"
    until_sql "$count" "SELECT sum(confirmed) FROM waves $of_campaign"
    calculate "$reports / ($EPOCHREALTIME - $(jq .began "$work/publish.log"))" '%.0f\n' >> "$work/product"
    for part in $parts; do
        calculate "($(cpu "$part") - ${used[$part]}) / $reports" '%.1f\n' >> "$work/cpu-$part"
    done
    # Every one is in the log.
    until_sql "$reports" "SELECT count(*) FROM events $of_campaign AND subject = 'target' AND from_state <> 'pending'"
done

# The bare parts, with the last run's reports, each alone and then all behind one another, while no orchestratord is there.
sql 'SELECT device_id FROM devices' > "$work/devices"
psql "$DATABASE_URL" -Xqv ON_ERROR_STOP=1 -f tests/bench/tools/bare_tables.sql
kill -TERM "$daemon"
for run in $(seq "$runs"); do
    bare "$reports" "$MQTT_ADDRESS" -
    echo "$rate" >> "$work/broker"
    bare "$reports" - "$DATABASE_URL"
    echo "$rate" >> "$work/transaction"
    bare "$reports" "$MQTT_ADDRESS" "$DATABASE_URL"
    echo "$rate" >> "$work/both"
done
product=$(median < "$work/product")
measured 'reports in to committed rows' "$product" reports/s "$(median < "$work/both")" 'publishers, broker, subscriber, bare transaction'
measured '- to the broker and a subscriber that does nothing' "$product" reports/s "$(median < "$work/broker")" 'broker and subscriber'
measured '- to the bare transaction, 500 a batch' "$product" reports/s "$(median < "$work/transaction")" 'two connections'
for part in $parts; do
    measured "- processor time of $part" "$(median < "$work/cpu-$part")" us/report
done
