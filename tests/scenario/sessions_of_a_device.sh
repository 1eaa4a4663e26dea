#!/usr/bin/env bash
# The sessions of devices, as the broker has them: presence, hello, goodbye and last will of a connection name the same one; a new
# connection has a higher number, a new boot another BOOTID. Told of fota-agent, of the chip's core under QEMU, and of fleetsim.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
orchestratorctl device register one --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
orchestratorctl device register chip --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
mqtt=(--host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username orchestrator --qos 1)

# then_presence_is DEVICE ONLINE [JQ FILTER]: the retained one; its session is in $session from then on.
then_presence_is() {
    local found end=$((SECONDS + patience))
    until found=$(mosquitto_sub "${mqtt[@]}" --topic "fota/v1/$1/presence" --retained-only -C 1 -W 1 2> /dev/null) && [ -n "$found" ] &&
        jq --exit-status ".online == $2 and (.session | test(\"^[0-9a-f]{8}[.][1-9][0-9]*$\")) and ${3:-true}" <<< "$found" > /dev/null; do
        [ $SECONDS -lt $end ] || fail "the presence of $1 is $found, not $2 and ${3:-any}" || return 1
        sleep 0.1
    done
    session=$(jq -r .session <<< "$found")
}
# then_hello_names DEVICE SESSION: the hello it sends when it is asked for one.
then_hello_names() {
    local report end=$((SECONDS + patience))
    : > "$work/hello" # of another device, until the listener runs
    mosquitto_sub "${mqtt[@]}" --topic "fota/v1/$1/report" > "$work/hello" &
    local listener=$!
    until report=$(head -n 1 "$work/hello") && [ -n "$report" ]; do
        [ $SECONDS -lt $end ] || fail "$1 says no hello" || return 1
        mosquitto_pub "${mqtt[@]}" --topic "fota/v1/$1/command" --message '{"command":"report"}'
        sleep 0.1
    done
    kill "$listener"
    wait "$listener" 2> /dev/null || true
    jq --exit-status --arg session "$2" '.report == "hello" and .session == $session' <<< "$report" > /dev/null ||
        fail "the hello of $1 does not name $2: $report"
}
boot_of() { # boot_of SESSION
    echo "${1%.*}"
}
number_of() {
    echo "${1#*.}"
}
# then_it_has_booted BEFORE: another BOOTID than the one of that session
then_it_has_booted() {
    [ "$(boot_of "$session")" != "$(boot_of "$1")" ] || fail "a new boot has the BOOTID of the one before: $session after $1"
}
kill_hard() {
    kill -KILL "$1"
    wait "$1" 2> /dev/null || true
}

given_the_agent_runs() {
    "$build/bin/fota-agent" --id one --version "$(full v1.0.5)" --flash "$work/one.flash" --mqtt "$MQTT_ADDRESS" >> "$work/agent.log" 2>&1 &
    agent=$!
    helpers+=("$agent")
}

# Killed, it leaves the will of the very session that it had announced.
given_the_agent_runs
then_presence_is one true
first=$session
then_hello_names one "$first"
kill_hard "$agent"
then_presence_is one false ".session == \"$first\""

given_the_agent_runs
then_presence_is one true ".session != \"$first\""
second=$session
then_it_has_booted "$first"

# The same boot, another connection: its will too.
kill -KILL "$(services pid mosquitto)"
services up > "$work/services.log" 2>&1
then_presence_is one true
third=$session
[ "$(boot_of "$third")" = "$(boot_of "$second")" ] || fail "no boot, but another BOOTID: $third after $second"
[ "$(number_of "$third")" -gt "$(number_of "$second")" ] || fail "a new connection without a higher number: $third after $second"
then_hello_names one "$third"
kill_hard "$agent"
then_presence_is one false ".session == \"$third\""

# Told to restart, it says goodbye to the session that it had; told to end as well.
given_the_agent_runs
then_presence_is one true
fourth=$session
mosquitto_sub "${mqtt[@]}" --topic fota/v1/one/presence > "$work/goodbye" &
helpers+=($!)
listener=$!
until [ -s "$work/goodbye" ]; do # the retained presence: it listens
    kill -0 "$listener" || fail "the listener has ended"
    sleep 0.1
done
eventually t "SELECT online FROM presence WHERE device_id = 'one'"
orchestratorctl device reboot one > /dev/null
then_presence_is one true ".session != \"$fourth\""
fifth=$session
then_it_has_booted "$fourth"
jq --slurp --exit-status --arg session "$fourth" 'any(.online == false and .session == $session)' "$work/goodbye" > /dev/null ||
    fail "no goodbye of $fourth: $(cat "$work/goodbye")"
kill "$listener"
kill -TERM "$agent"
wait "$agent"
then_presence_is one false ".session == \"$fifth\""

# The chip's core says its sessions itself; its modem has the will.
given_the_chip_runs() {
    "$build/bin/lx106-device" --id chip --flash "$work/chip.flash" --image "$build/lx106/firmware/v1.0.5/user1.bin" \
        --lx106 "$build/lx106" --mqtt "$MQTT_ADDRESS" >> "$work/chip.log" 2>&1 &
    agent=$!
    helpers+=("$agent")
}
given_the_chip_runs
then_presence_is chip true
first=$session
then_hello_names chip "$first"
kill_hard "$agent"
then_presence_is chip false ".session == \"$first\""
given_the_chip_runs
then_presence_is chip true ".session != \"$first\""
then_it_has_booted "$first"
second=$session
eventually t "SELECT online FROM presence WHERE device_id = 'chip'"
orchestratorctl device reboot chip > /dev/null
then_presence_is chip true ".session != \"$second\""
then_it_has_booted "$second"
kill -TERM "$agent"
wait "$agent"
helpers=()

# Each device of a fleet has its own.
given_fleet 3 v1.0.5
then_presence_is device-00001 true
first=$session
then_hello_names device-00001 "$first"
then_presence_is device-00002 true
then_it_has_booted "$first"
