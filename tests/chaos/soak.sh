#!/usr/bin/env bash
# A steady load for a long time: campaigns one after the other, devices with faults, devices that come and go, operators that pause and
# cancel. Memory and descriptors of orchestratord, of its connections in PostgreSQL and of mosquitto must stay flat: of what is sampled after the
# first third, the line of least squares may rise by a twentieth of the mean and 512 KiB, or a tenth and two descriptors, no more. In
# PostgreSQL a session learns tables and plans for some twenty minutes: in a run of less than half an hour its memory is shown and not judged.
#   SOAK_MINUTES (60), SOAK_DEVICES (400), SOAK_PER_MINUTE (1200 updates). Writes build/soak.json.
. "$(dirname "$0")/lib.sh"
minutes=${SOAK_MINUTES:-60} # at most 240: versions have three digits
devices=${SOAK_DEVICES:-400}
per_minute=${SOAK_PER_MINUTE:-1200}
guests=20 # come for 40 seconds, with the flash they were made with, and go again
patience=$((120 + devices * 60 / per_minute))
samples=$work/samples
series="orchestratord_memory orchestratord_descriptors postgres_memory postgres_descriptors mosquitto_memory mosquitto_descriptors"

given_fleet "$devices" v1.0.0 --fail-download 2% --crash-on-boot 2% --fail-health 2% --reconnect 0.3
given_fleet $guests v1.0.0 --prefix guest- --run-seconds 40
fleets=("${fleets[0]}")
given_policy ".in_flight = 100 | .rate.per_minute = $per_minute | .waves |= map(.gate.success_percent = 50 | .gate.failure_percent = 60) |
    .timeouts = {offer_seconds: 10, download_seconds: 10, confirm_seconds: 10} | .offline.wait_seconds = 5"

come_and_go() {
    trap 'kill "$guest"; wait "$guest"; exit 0' TERM
    while true; do
        fleetsim --devices $guests --prefix guest- --version "$(full v1.0.0)" --mqtt "$MQTT_ADDRESS" --run-seconds 40 >> "$work/guests.log" 2>&1 &
        guest=$!
        wait $guest
    done
}

# What is the process' own, in KiB: pages that PostgreSQL shares count for none of its processes.
memory_of() {
    local pid
    for pid; do cat "/proc/$pid/status"; done | awk '/^RssAnon:/ {sum += $2} END {print sum + 0}'
}
descriptors_of() {
    local pid
    for pid; do find "/proc/$pid/fd" -mindepth 1; done | wc -l
}
sample() {
    local -a connections
    mapfile -t connections <<< "$(sql "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'orchestratord%'")"
    echo "$((SECONDS - started)) $(memory_of "$orchestratord") $(descriptors_of "$orchestratord") $(memory_of "${connections[@]}")" \
        "$(descriptors_of "${connections[@]}") $(memory_of "$mosquitto") $(descriptors_of "$mosquitto")" >> "$samples"
}
tell() {
    local words
    read -r -a words <<< "$(tail -n 1 "$samples")"
    echo "soak: $((words[0] / 60)) of $minutes minutes, $number campaigns, $(sql 'SELECT sum(confirmed) FROM ops.campaign_progress') updates;" \
        "KiB and descriptors: orchestratord ${words[1]} ${words[2]}, its connections ${words[3]} ${words[4]}, mosquitto ${words[5]} ${words[6]}"
}
keep_sampling() {
    local next_line=60
    while [ $((SECONDS - started)) -lt $((minutes * 60)) ]; do
        sample
        [ $((SECONDS - started)) -lt $next_line ] || { number=$(cat "$work/number") && tell && next_line=$((next_line + 60)); }
        sleep 2
    done
}

# judge: a line NAME FIRST LAST MEAN RISE ALLOWED for each of the series, of what is sampled after the first third.
judge() {
    awk -v names="$series" -v begin="$((minutes * 20))" '
        $1 >= begin { n++; at[n] = $1; for (i = 2; i <= NF; i++) value[n, i] = $i }
        END {
            count = split(names, name, " ")
            for (k = 1; k <= n; k++) mean_at += at[k] / n
            for (i = 2; i <= count + 1; i++) {
                mean = covariance = variance = 0
                for (k = 1; k <= n; k++) mean += value[k, i] / n
                for (k = 1; k <= n; k++) {
                    covariance += (at[k] - mean_at) * (value[k, i] - mean)
                    variance += (at[k] - mean_at) ^ 2
                }
                allowed = name[i - 1] ~ /memory/ ? mean / 20 + 512 : mean / 10 + 2
                printf "%s %d %d %.1f %.1f %.1f\n", name[i - 1], value[1, i], value[n, i], mean,
                    covariance / variance * (at[n] - at[1]), allowed
            }
        }' "$samples"
}

orchestratord=$(services pid orchestratord)
mosquitto=$(services pid mosquitto)
come_and_go &
helpers+=($!)
echo 0 > "$work/number"
started=$SECONDS
keep_sampling &
sampler=$!
helpers+=("$sampler")
number=0
while kill -0 $sampler 2> /dev/null; do
    number=$((number + 1))
    echo $number > "$work/number"
    version=v$((1 + number / 100)).$((number / 10 % 10)).$((number % 10))
    given_firmware $version
    rm -r "$work/firmware-$version"
    when_campaign "soak-$number" $version
    if [ $((number % 5)) = 0 ]; then
        when_confirmed "soak-$number" $((devices / 4))
        when_operator pause "soak-$number"
        sleep 2
        when_operator resume "soak-$number"
    fi
    if [ $((number % 7)) = 0 ]; then
        when_confirmed "soak-$number" $((devices / 3))
        when_operator cancel "soak-$number"
        then_nothing_is_in_flight "soak-$number"
    else
        then_campaign_is "soak-$number" completed
    fi
done
wait $sampler || fail "the sampler ended"
kill "${helpers[0]}"
wait "${helpers[0]}" || fail "the devices that come and go did not go"
helpers=()

[ "$(services pid orchestratord) $(services pid mosquitto)" = "$orchestratord $mosquitto" ] || fail "a service has ended meanwhile"
judge > "$work/judged"
jq --raw-input --null-input --slurpfile samples <(jq --slurp --compact-output --raw-input \
    'split("\n") | map(select(. != "") | split(" ") | map(tonumber))' "$samples") \
    --argjson minutes "$minutes" --argjson updates "$(sql 'SELECT sum(confirmed) FROM ops.campaign_progress')" --argjson campaigns $number '
    {minutes: $minutes, campaigns: $campaigns, updates: $updates,
     series: [inputs | split(" ") | {name: .[0], first: .[1] | tonumber, last: .[2] | tonumber, mean: .[3] | tonumber, rise: .[4] | tonumber,
         allowed: .[5] | tonumber} | .judged = ($minutes >= 30 or (.name | startswith("postgres") | not)) | .flat = (.rise <= .allowed)],
     columns: ["second", "'"${series// /\", \"}"'"], samples: $samples[0]}' "$work/judged" > "$build/soak.json"
jq --raw-output '.series[] | "soak: \(.name): \(.first) after a third, \(.last) at the end, mean \(.mean), risen by \(.rise), allowed \(.allowed): " +
    if .flat then "flat" elif .judged then "NOT FLAT" else "not judged before half an hour" end' "$build/soak.json"
jq --exit-status 'all(.series[]; .flat or (.judged | not))' "$build/soak.json" > "$work/verdict" || fail "not flat: $build/soak.json has every sample"
when_fleets_end
then_outcomes_are_whole
echo "soak: $minutes minutes, $number campaigns, $(jq .updates "$build/soak.json") updates: memory and descriptors are flat, nothing was flashed twice," \
    "every attempt has its outcome"
