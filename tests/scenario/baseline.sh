# The words in which the scenarios are written where one side is the first release and the other one
# is of today: a fleet and an agent are updated and go back.
# A scenario sources lib.sh, then this.

# given_devices_of BIN: fleetsim and fota-agent of that directory.
given_devices_of() {
    local program
    mkdir -p "$work/bin"
    for program in fleetsim fota-agent; do
        ln -s "$1/$program" "$work/bin/$program"
    done
    PATH=$work/bin:$PATH
    given_fleet 30 v1.0.5
    given_fleet 2 v1.0.5 --prefix sick- --fail-health 1
    orchestratorctl device register agent --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
    fota-agent --id agent --version "$(full v1.0.5)" --flash "$work/agent.flash" --mqtt "$MQTT_ADDRESS" \
        > "$work/fleet-agent.log" 2>&1 &
    helpers+=($!)
    eventually t "SELECT online FROM presence WHERE device_id = 'agent'"
}

# then_they_update_and_go_back: all of them, by a flip; a release that the agent refuses is halted.
then_they_update_and_go_back() {
    local version
    for version in v1.1.0 v1.2.0; do
        given_firmware $version
    done
    given_policy '.waves |= map(.gate.success_percent = 80 | .gate.failure_percent = 60)'
    when_campaign spring v1.1.0
    then_campaign_is spring completed
    then_targets spring confirmed 31
    then_targets spring reverted 2
    then_devices_run v1.1.0 31
    then_every_result_is_acknowledged

    exits 0 'campaign spring: rolling_back' orchestratorctl campaign rollback spring --yes
    then_campaign_is spring rolled_back
    then_targets spring.rollback confirmed 31
    then_devices_run v1.0.5 33
    eventually 0 "SELECT count(*) FROM ops.device_timeline
        WHERE campaign = 'spring.rollback' AND to_state = 'downloading'"

    when_campaign summer v1.2.0
    then_campaign_is summer completed
    then_targets summer confirmed 31
    then_devices_run v1.2.0 31
    then_every_result_is_acknowledged
    then_everything_adds_up
}

# then_every_result_is_acknowledged: a device that has no ack says its result again within seconds.
then_every_result_is_acknowledged() {
    local count='SELECT coalesce(sum(count), 0) FROM ops.rejected_reports' before
    sleep 3
    before=$(sql "$count")
    sleep 5
    [ "$(sql "$count")" = "$before" ] || fail "results are said again: $(sql "SELECT * FROM ops.rejected_reports WHERE count > 0")"
}
