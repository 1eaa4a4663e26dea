#!/usr/bin/env bash
# Programs that stop answering and keep every connection open, as on a host that hangs: the broker, PostgreSQL, one of two orchestrators. They
# come back and go on where they were, or are killed as they stand. A campaign with retries goes on through it; nothing is lost.
. "$(dirname "$0")/lib.sh"

devices=90
given_fleet $devices v1.0.5 --fail-download 4% --fail-health 4% --reconnect 0.3
given_firmware v1.1.0
given_policy '.in_flight = 6 | .rate.per_minute = 240 | .waves |= map(.gate.success_percent = 50 | .gate.failure_percent = 60) |
    .timeouts = {offer_seconds: 60, download_seconds: 60, confirm_seconds: 60} |
    .retry = {attempts: 2, on: ["failed", "reverted"], backoff_seconds: 1}'
sed "s/^http_port = .*/http_port = $(($(cat "$work/state/http.port") + 1))/
     s|^cache_directory = .*|cache_directory = \"$work/second-images\"|" "$work/state/orchestratord.conf" > "$work/second.conf"
"$build/bin/orchestratord" --config "$work/second.conf" 2> "$work/second.log" &
helpers+=($!)

# goes_on WORDS: more devices are confirmed than before.
goes_on() {
    local before
    before=$(sql 'SELECT confirmed FROM ops.campaign_progress')
    eventually t "SELECT confirmed > $before OR state = 'completed' FROM ops.campaign_progress"
    echo "stalls: $*: $(sql 'SELECT confirmed FROM ops.campaign_progress') of $devices confirmed"
}
when_campaign spring v1.1.0
when_confirmed spring 5
stopped 4 "$(services pid mosquitto)"
goes_on "the broker stood still for 4 seconds"
mapfile -t processes < <(postgres)
stopped 4 "${processes[@]}"
goes_on "PostgreSQL stood still for 4 seconds"
orchestratord=$(services pid orchestratord)
kill -STOP "$orchestratord"
goes_on "one orchestrator stands still, the other one works on"
kill -CONT "$orchestratord"
goes_on "the first one woke up"
kill -STOP "$orchestratord"
sleep 2
kill -KILL "$orchestratord"
when_orchestratord_starts_again
goes_on "it stood still, was killed so, and started again"

then_campaign_is spring completed
then_nothing_is_in_flight spring
sleep 2 # the last acks
when_fleets_end
then_nothing_was_lost
then_cap_held spring 6
[ "$(sql "SELECT count(*) FROM targets WHERE attempt = 2")" -gt 0 ] || fail "nothing was tried again"
