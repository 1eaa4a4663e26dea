#!/usr/bin/env bash
# fota-agent, a device that is a process with its flash in a file: updated while it is killed again and again, rolled back by
# flipping the flag, and back by itself from a release that its health check refuses.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
given_firmware v1.1.0
given_firmware v1.2.0
given_policy '.waves[0].gate.min_sample = 1'
orchestratorctl device register one --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null

given_the_agent_runs() {
    "$build/bin/fota-agent" --id one --version "$(full v1.0.5)" --flash "$work/one.flash" --mqtt "$MQTT_ADDRESS" \
        --health-command "test ! -e '$work/sick'" "$@" >> "$work/agent.log" 2>&1 &
    helpers=($!)
}
when_it_is_killed() {
    kill -KILL "${helpers[0]}"
    wait "${helpers[0]}" 2> /dev/null || true
}

given_the_agent_runs
eventually t "SELECT online FROM presence WHERE device_id = 'one'"
eventually '1024 512+512 434176' "SELECT flash_kb || ' ' || flash_map || ' ' || image_max FROM devices WHERE activated_at IS NOT NULL"
when_campaign spring v1.1.0
for _ in 1 2 3 4 5 6; do
    sleep 0.15
    when_it_is_killed
    given_the_agent_runs
done
then_campaign_is spring completed
then_devices_run v1.1.0 1
eventually 1 "SELECT attempt FROM targets"

when_operator rollback spring
then_campaign_is spring rolled_back
then_devices_run v1.0.5 1
eventually 0 "SELECT count(*) FROM ops.device_timeline WHERE campaign = 'spring.rollback' AND to_state = 'downloading'"

touch "$work/sick"
when_campaign sick v1.2.0
then_watch_ends sick 4
eventually health_check "SELECT reason FROM ops.failures_by_reason WHERE campaign = 'sick' AND state = 'reverted'"
then_devices_run v1.0.5 1
then_everything_adds_up

# Its battery is low: it says no, and changes nothing. Later it takes the same release, and waits for its uptime.
when_it_is_killed
given_the_agent_runs --refuse battery_low
when_campaign tired v1.1.0
eventually battery_low "SELECT reason FROM ops.failures_by_reason WHERE campaign = 'tired' AND state = 'rejected'"
rm "$work/sick"
when_it_is_killed
given_the_agent_runs --min-uptime 2
when_campaign rested v1.1.0
then_campaign_is rested completed
eventually t "SELECT (SELECT max(at) FILTER (WHERE to_state = 'confirmed') - max(at) FILTER (WHERE to_state = 'trial')
    FROM ops.device_timeline WHERE campaign = 'rested') >= '1 second'"
exits 2 "must be battery_low, busy or outside_window" "$build/bin/fota-agent" --refuse hungry

kill -TERM "${helpers[0]}"
code=0
wait "${helpers[0]}" || code=$?
[ $code = 0 ] || fail "fota-agent exited with $code on SIGTERM"
helpers=()
