# A campaign whose devices all report every step, from 1,000 connections; sourced by the benchmarks that need it. All devices one step, then all the
# next, so that a batch holds hardly two reports of one device.

# offer_all DEVICES RUN: a campaign of its own, to v1.RUN.0; their reports are in $work/reports then
offer_all() {
    local sha256
    firmware "v1.$2.0" 20480
    campaign "run-$2" "v1.$2.0"
    until_sql "$1" "SELECT coalesce(sum(offered), 0) FROM ops.campaign_progress WHERE campaign = 'run-$2'"
    sha256=$(sql "SELECT sha256 FROM images JOIN firmware USING (firmware_id) WHERE version = '$(version "v1.$2.0")' AND slot = 2")
    sql "SELECT wire_number || ' ' || device_id || ' ' || nonce FROM targets JOIN campaigns USING (campaign_id)
         WHERE name = 'run-$2' ORDER BY position" > "$work/targets"
    awk -v sha256="$sha256" -v version="$(version "v1.$2.0")" '
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
    sql 'VACUUM ANALYZE targets, devices, presence'
}
# report_all DEVICES RUN: reports a second, until every row is committed; every one is in the log
report_all() {
    publish
    until_sql "$1" "SELECT confirmed FROM ops.campaign_progress WHERE campaign = 'run-$2'"
    calculate "5 * $1 / ($EPOCHREALTIME - $(jq .began "$work/publish.log"))" '%.0f\n'
    until_sql $((5 * $1)) "SELECT count(*) FROM events JOIN campaigns USING (campaign_id)
        WHERE name = 'run-$2' AND subject = 'target' AND from_state <> 'pending'"
}
# publish: the reports, to the broker, at most 20 without its acknowledgement on each connection
publish() {
    "$build/bench/publish" "$MQTT_ADDRESS" 1000 20 "$work/reports" > "$work/publish.log"
}
