#!/usr/bin/env bash
# The sessions with which one of two orchestrators stores reports stand still, while its watch goes on. After a minute it leaves the broker,
# so that the other one can judge; continued, it stores what it had begun, and comes back. No healthy device is judged.
#   HELD_SECONDS (75), HELD_DEVICES (60)
. "$(dirname "$0")/lib.sh"
. "$root/tests/scenario/outages.sh"
held=${HELD_SECONDS:-75}
devices=${HELD_DEVICES:-60}
patience=$((held + 120))

given_fleet "$devices" v1.0.5 --boot-seconds 1
given_firmware v1.1.0
given_firmware v1.2.0
mapfile -t first < <(sessions 'orchestratord ingest%')
given_a_second_orchestrator
then_serve 2
given_short_deadlines ".in_flight = 8 | .rate.per_minute = $((devices * 60 / (held + 10) + 1))"

# hold: in the middle of a transaction they would hold locks as well, for which everybody waits.
hold() {
    local end=$((SECONDS + patience))
    when_stopped "${first[@]}"
    until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'orchestratord ingest%' AND state <> 'idle'
            AND pid = ANY ('{$(IFS=, && echo "${first[*]}")}')")" = 0 ]; do
        [ $SECONDS -lt $end ] || fail "the sessions are never idle" || return 1
        when_continued
        when_stopped "${first[@]}"
    done
}

when_campaign spring v1.1.0
when_confirmed spring 5
hold
began=$SECONDS
eventually 1 "SELECT count(*) FROM ops.orchestrators WHERE connected AND watermark_age_seconds < 5"
eventually 1 "SELECT count(*) FROM ops.orchestrators WHERE watermark IS NULL" # it has left, and keeps its lease
echo "held ingest: after $((SECONDS - began)) s it has left the broker"
grep -q 'event=left_the_broker' "$work/state/orchestratord.log" || fail "the log does not say that it has left"
before=$(sql "SELECT confirmed FROM ops.campaign_progress WHERE campaign = 'spring'")
[ $((held - SECONDS + began)) -le 0 ] || sleep $((held - SECONDS + began))
when_confirmed spring $((before + 1)) # others are judged meanwhile
then_nobody_was_judged spring
when_continued
continued=$SECONDS
then_serve 2
echo "held ingest: $((SECONDS - continued)) s after the end of the stall it is back"
then_campaign_is spring completed
then_targets spring confirmed "$devices"
then_nobody_was_judged spring

first_before=$(reports_of "$ORCHESTRATOR_URL")
given_short_deadlines '.in_flight = 8'
when_campaign summer v1.2.0
then_campaign_is summer completed
then_nobody_was_judged summer
[ "$(reports_of "$ORCHESTRATOR_URL")" -gt "$first_before" ] || fail "the orchestrator that came back gets no reports"
when_fleets_end
then_nothing_was_lost
