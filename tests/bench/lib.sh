# What the benchmarks share. A benchmark may set $settings (lines of orchestratord's configuration) and sources this: it then has a private
# PostgreSQL, mosquitto and orchestratord, with fsync, and a product lamp; its folder $work and they are gone at its end.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${BUILD:-$root/build}" && pwd)
work=$(mktemp -d /tmp/fota-bench.XXXXXX)
ptype=45772
helpers=() # programs a benchmark has started
cd "$root"

services() {
    deploy/local/local.sh --state "$work/state" --build "$build" "$@"
}
leave() {
    local code=$?
    trap - EXIT
    trap '' TERM INT
    [ $code = 0 ] || tail -n 5 "$work/log" "$work/state/orchestratord.log" >&2 || true
    [ -z "${PROFILE:-}" ] || profile_end || true
    kill "${helpers[@]}" ${looks_PID:-} 2> /dev/null || true
    wait
    services --remove down > "$work/log" 2>&1 || cat "$work/log" >&2
    rm -rf "$work"
    exit $code
}
# With PROFILE=FILE: which statements take most of the database's time, and (where perf is installed) which functions the daemon's.
superuser() {
    psql "${DATABASE_URL/\/\/orchestrator:/\/\/postgres:}" -XAqtF ' | ' -v ON_ERROR_STOP=1 -c "$1"
}
profile_begin() {
    superuser "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'"
    services down > "$work/log"
    services up > "$work/log"
    . "$work/state/env"
    superuser 'CREATE EXTENSION pg_stat_statements'
    daemon=$(services pid orchestratord)
    profiler=
    command -v perf > /dev/null || return 0
    perf record -q -F 999 -g -p "$daemon" -o "$work/perf" > "$work/perf.log" 2>&1 &
    profiler=$!
}
profile_end() {
    {
        echo 'total ms | calls | ms a call | rows | statement'
        superuser "SELECT round(total_exec_time), calls, round(mean_exec_time::numeric, 3), rows, left(regexp_replace(query, '\s+', ' ', 'g'), 150)
            FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 25"
        [ -z "$profiler" ] || { kill -INT "$profiler" && wait "$profiler"; } || true
        [ ! -s "$work/perf" ] || perf report -i "$work/perf" --no-children -g none --percent-limit 0.5 --stdio 2> /dev/null | grep -v '^#'
    } > "$PROFILE"
}
trap leave EXIT
trap 'exit 143' TERM INT

mkdir -p "$work/state"
echo "${settings:-}" > "$work/state/extra.conf"
services up > "$work/log" 2>&1 || { cat "$work/log" && exit 1; }
# shellcheck disable=SC1091
. "$work/state/env"
[ -z "${PROFILE:-}" ] || profile_begin
orchestratorctl product create --name lamp --ptype $ptype > "$work/log"
daemon=$(services pid orchestratord)

# --- what is said -----------------------------------------------------------------------------------------------------

# A line of a table, and what is measured as JSON beside it: measured WHAT VALUE UNIT [LIMIT WHAT-LIMITS [more|less]]. With a limit the ratio
# is the value to it, or with "less" (seconds, where little is good) it to the value: 1.00 is as good as it gets.
measured() {
    jq --null-input --compact-output --arg row "${row_name:-}" --arg what "$1" --arg value "$2" --arg unit "$3" --arg limit "${4:-}" \
        --arg limited_by "${5:-}" --arg sense "${6:-more}" '
        {row: $row, what: $what, value: ($value | tonumber), unit: $unit}
        + if $limit == "" then {} else {limit: ($limit | tonumber), limited_by: $limited_by}
            | .ratio = (if $sense == "more" then ($value | tonumber) / .limit else .limit / ($value | tonumber) end * 1000 | round / 1000) end' |
        tee -a "${RESULTS:-/dev/null}" |
        jq --raw-output '[.what, .value, .unit, (.limit // "-"), (.ratio // "-"), (.limited_by // "")] | @tsv' |
        awk -F '\t' '{printf "%-66s %12s %-10s %12s %7s  %s\n", $1, $2, $3, $4, $5, $6}'
}
# What could not be measured, and why.
not_measured() {
    jq --null-input --compact-output --arg row "${row_name:-}" --arg what "$1" --arg why "$2" \
        '{row: $row, what: $what, not_measured: $why}' >> "${RESULTS:-/dev/null}"
    printf '%-66s not measured: %s\n' "$1" "$2"
}

# --- arithmetic -------------------------------------------------------------------------------------------------------

# calculate EXPRESSION [FORMAT]
calculate() {
    awk "BEGIN {printf \"${2:-%.0f}\", $1}"
}
# percentile SHARE: of the numbers on standard input, one a line
percentile() {
    sort -g | awk -v share="$1" '{value[NR] = $1} END {i = int(share * NR); if (i < share * NR || i == 0) i++; print value[i]}'
}
median() {
    percentile 0.5
}

# --- the services ------------------------------------------------------------------------------------------------------

sql() {
    psql "$DATABASE_URL" -XAqtv ON_ERROR_STOP=1 -c "$1"
}
# until_sql WANTED SQL [SECONDS]
until_sql() {
    local found end=$((SECONDS + ${3:-120}))
    # One session: a new one for each look would take as much of the processors as some of what is measured.
    coproc looks { exec psql "$DATABASE_URL" -XAqtv ON_ERROR_STOP=1 2>&1; }
    while echo "$2;" >&"${looks[1]}" && read -r found <&"${looks[0]}" || return 1; [ "$found" != "$1" ]; do
        [ $SECONDS -lt $end ] || { echo "after ${3:-120} seconds \"$found\", not $1: $2" >&2 && return 1; }
        sleep 0.1
    done
    exec {looks[1]}>&-
    wait "$looks_PID" 2> /dev/null || true
}
# until_line FILE TEXT [TIMES]: the helper has said it, so many times
until_line() {
    local runs said end=$((SECONDS + 60))
    while :; do
        runs=$([ ! -e "/proc/$helper/exe" ] || echo yes)
        said=$(grep -cs "$2" "$1" || true) # empty while there is no file
        [ "${said:-0}" -lt "${3:-1}" ] || return 0
        [ -n "$runs" ] && [ $SECONDS -lt $end ] || { echo "no \"$2\" in $1: $(tail -n 3 "$1")" >&2 && return 1; }
        sleep 0.02
    done
}
# helper LOG COMMAND...: in the background, as $helper, until it says that it is ready. A log of an earlier one must not say so for it.
helper() {
    rm -f "$1"
    "${@:2}" > "$1" 2>&1 &
    helper=$!
    helpers+=($helper)
    until_line "$1" '^ready' || { cat "$1" >&2 && return 1; }
}
# kib FIELD: of the daemon's memory
kib() {
    awk -v field="$1:" '$1 == field {print $2}' "/proc/$daemon/status"
}
# Microseconds of processor that a service has used so far, its ended children with it. Every process of PostgreSQL counts.
cpu() {
    local pids
    pids=$(services pid "$1" | tr '\n' ' ')
    { cat /proc/[0-9]*/stat 2> /dev/null || true; } | awk -v pids="$pids" -v ticks="$(getconf CLK_TCK)" '
        BEGIN {
            for (n = split(pids, list, " "); n > 0; n--)
                service[list[n]]
        }
        {pid = $1; sub(/.*\) /, "")} # name and state of a process follow; its parent is now $2
        pid in service || $2 in service {used += $12 + $13 + $14 + $15}
        END {printf "%d", used * 1000000 / ticks}'
}

# --- the fleet ---------------------------------------------------------------------------------------------------------

version() {
    echo "${1}t$ptype(a)"
}
# firmware VERSION SIZE: for both slots
firmware() {
    local slot
    for slot in 1 2; do
        "$build/tools/make_image" --slot $slot --size "$2" --version "$(version "$1")" --output "$work/user$slot.bin"
    done
    orchestratorctl firmware upload "$(version "$1")" "$work/user1.bin" "$work/user2.bin" > "$work/log"
}
# devices COUNT: registered, and online as far as the database knows. They run v1.0.0 to v1.0.9, in slot 1.
devices() {
    # Whoever is online, and of whom the broker holds nothing, would be asked, and not answer.
    until_sql t 'SELECT census_done >= census_wanted OR NOT EXISTS (SELECT FROM orchestrators WHERE lease_until > now()) FROM service'
    sql "INSERT INTO devices (device_id, product_id, ptype, tags, version, version_order, fota_class, slot, activated_at)
             SELECT 'lamp-' || lpad(i::text, 8, '0'), 1, $ptype, ARRAY['site-' || i % 100], 'v1.0.' || i % 10 || 't$ptype(a)',
                    '10' || i % 10 || 'v', 'a', 1, now()
             FROM generate_series(1, $1) i;
         INSERT INTO presence (device_id, online) SELECT device_id, true FROM devices"
    sql 'VACUUM ANALYZE devices, presence'
}
# policy JQ-FILTER: all at once, without a rate or a narrow cap, changed by the filter, into $work/policy.json
policy() {
    jq ".in_flight = 1000000 | .timeouts = {offer_seconds: 3600, download_seconds: 3600, confirm_seconds: 3600} | ${1:-.}" \
        policies/all-at-once.json > "$work/policy.json"
}
# campaign NAME VERSION [OPTIONS]: started
campaign() {
    orchestratorctl campaign create "$1" --firmware "$(version "$2")" --policy "$work/policy.json" --start "${@:3}" > "$work/log"
}
# fleet COUNT [fleetsim options]: registered and connected, v1.0.5; $fleet is its process
fleet() {
    local -a command=(fleetsim --devices "$1" --ptype $ptype --version "$(version v1.0.5)" --mqtt "$MQTT_ADDRESS" --source-addresses 4
        --boot-seconds 0 --health-seconds 0 "${@:2}")
    { echo id,ptype,version && "${command[@]}" --print-devices | grep -v '^id,'; } > "$work/devices.csv"
    orchestratorctl device import "$work/devices.csv" > "$work/log"
    helper "$work/fleet.log" "${command[@]}" --json
    fleet=$helper
    until_sql "$1" 'SELECT count(*) FROM presence WHERE online'
}
