# The words in which the scenarios of outages are written: what is taken away for how long, and that no healthy device pays for it.
# A scenario sources lib.sh, then this.

stopped=() # processes that stand still

# A process that is stopped cannot be ended by others: it goes on before the scenario ends.
clean_up() {
    kill -CONT "${stopped[@]}" 2> /dev/null || true
}

# --- given ------------------------------------------------------------------------------------------------------------

# given_short_deadlines [JQ FILTER]: one wave of everybody at once, rolled back as soon as too many fail.
given_short_deadlines() {
    given_policy '.waves = [{name: "all", size: {rest: true}, gate: {type: "threshold", success_percent: 50,
            finished_percent: 100, failure_percent: 20, min_sample: 1}}] |
        .in_flight = 1000 | .rate.per_minute = 0 | .on_halt = "rollback" |
        .timeouts = {offer_seconds: 10, download_seconds: 10, confirm_seconds: 10} | '"${1:-.}"
}

# given_agents COUNT [fota-agent options]: devices agent-1 and so on, each a process of its own that runs v1.0.0.
given_agents() {
    local number
    for ((number = 1; number <= $1; number++)); do
        orchestratorctl device register "agent-$number" --ptype "$ptype" --version "$(full v1.0.0)" > /dev/null
        fota-agent --id "agent-$number" --version "$(full v1.0.0)" --flash "$work/agent-$number.flash" --mqtt "$MQTT_ADDRESS" \
            "${@:2}" > "$work/agent-$number.log" 2>&1 &
        helpers+=($!)
    done
    eventually "$1" "SELECT count(*) FROM devices JOIN presence USING (device_id)
        WHERE device_id LIKE 'agent-%' AND online AND image_sha256 IS NOT NULL"
}

# given_a_second_orchestrator: $second is its process, $second_url its address, $work/second.log its log.
given_a_second_orchestrator() {
    local port=$((${ORCHESTRATOR_URL##*:} + 1))
    second_url=http://127.0.0.1:$port
    sed "s/^http_port = .*/http_port = $port/
         s|^cache_directory = .*|cache_directory = \"$work/second-images\"|
         \$a public_url = $ORCHESTRATOR_URL" "$work/state/orchestratord.conf" > "$work/second.conf"
    "$build/bin/orchestratord" --config "$work/second.conf" 2> "$work/second.log" &
    second=$!
    helpers+=("$second")
    eventually t "SELECT count(*) >= 2 FROM pg_stat_activity WHERE application_name = 'orchestratord ticker'"
}

# --- when -------------------------------------------------------------------------------------------------------------

# when_in_flight CAMPAIGN COUNT [STATE,STATE...]: so many devices, in one of these states (not given: accepted to trial).
when_in_flight() {
    eventually t "SELECT count(*) >= $2 FROM targets t JOIN campaigns c USING (campaign_id)
        WHERE c.name = '$1' AND t.state = ANY ('{${3:-accepted,downloading,installed,trial}}')"
}

# sessions PATTERN: the server processes of PostgreSQL behind the sessions whose application name is like that.
sessions() {
    sql "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '$1'"
}

when_stopped() {
    stopped+=("$@")
    kill -STOP "$@"
}

when_continued() {
    kill -CONT "${stopped[@]}"
    stopped=()
}

# when_killed_for PROGRAM SECONDS: kill -9 of postgres, mosquitto or orchestratord; started again afterwards. The first request after
# a restart of PostgreSQL finds a broken session, and is answered with "try again".
when_killed_for() {
    # shellcheck disable=SC2046 # one or more numbers
    kill -KILL $(services pid "$1")
    sleep "$2"
    services up > "$work/services.log" 2>&1 || { cat "$work/services.log" && return 1; }
    orchestratorctl product list > "$work/out" 2>&1 || orchestratorctl product list > "$work/out"
}

# --- then -------------------------------------------------------------------------------------------------------------

# then_nobody_was_judged CAMPAIGN: no device was ever silent, and nothing that it did is counted against it.
then_nobody_was_judged() {
    eventually "" "SELECT string_agg(device_id || ' ' || from_state || '->' || to_state || ' ' || reason, ', ')
        FROM events JOIN campaigns USING (campaign_id) WHERE name = '$1' AND subject = 'target' AND to_state = 'silent'"
    eventually 0 "SELECT failures FROM ops.campaign_progress WHERE campaign = '$1'"
}

# then_serve COUNT: so many orchestrators have a place, and all of them hear the devices and keep up with what they hear.
then_serve() {
    eventually "$1 $1" "SELECT count(*) || ' ' || count(*) FILTER (WHERE alive AND connected AND watermark_age_seconds < 5)
        FROM ops.orchestrators"
}

# reports_of URL: how many an orchestrator has stored
reports_of() {
    ORCHESTRATOR_URL=$1 orchestratorctl fleet status --json | jq .orchestrator.reports
}

# then_an_outage_was_recorded PART SECONDS: of the whole service, at least so long.
then_an_outage_was_recorded() {
    eventually t "SELECT count(*) > 0 FROM ops.outages WHERE clock_stood_still AND part = '$1' AND seconds >= $2"
}
