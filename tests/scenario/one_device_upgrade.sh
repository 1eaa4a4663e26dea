#!/usr/bin/env bash
# device upgrade: one device is offered a release, and what it answers is what the command says: yes, no, or nothing.
. "$(dirname "$0")/lib.sh"

upgrade() { # upgrade CODE WORDS ARGUMENT...
    local wanted=$1 words=$2 code=0
    shift 2
    timeout 60 orchestratorctl device upgrade "$@" > "$work/out" 2> "$work/errors" || code=$?
    [ $code = "$wanted" ] || fail "upgrade $* exited with $code, not $wanted: $(cat "$work/out" "$work/errors")" || return 1
    grep -q -e "$words" "$work/out" "$work/errors" || fail "upgrade $* does not say \"$words\": $(cat "$work/out" "$work/errors")"
}
campaigns_of() { # campaigns_of DEVICE: how many name it
    sql "SELECT count(*) FROM campaigns WHERE devices = '{$1}'"
}
version=$(full v1.1.0)

given_fleet 3 v1.0.5 --prefix good- --boot-seconds 1
given_fleet 1 v1.2.0 --prefix newer-
given_fleet 1 v1.0.5 --prefix away- --offline 1
given_firmware v1.1.0
given_firmware v1.2.0

# It accepts: 0, a word on how to follow it, and it gets there; no other device is touched.
upgrade 0 "accepted .*campaign watch upgrade-good-00001-110-[0-9]" good-00001 --to "$version"
then_devices_run v1.1.0 1
then_devices_run v1.0.5 3
campaign=$(sql "SELECT name FROM campaigns")
then_campaign_is "$campaign" completed
[ "$(sql "SELECT policy ->> 'name' FROM campaigns")" = one-device ]

# The target's document; a policy of one's own; a version in the template's form.
given_policy '.name = "mine"'
upgrade 0 '"campaign": "upgrade-good-00002-110-' good-00002 --to "${version/t/.t}" --policy "$work/policy.json" --json
jq -e '.device == "good-00002" and .state != "pending" and .attempt == 1' "$work/out" > /dev/null
[ "$(sql "SELECT policy ->> 'name' FROM campaigns WHERE devices = '{good-00002}'")" = mine ]
then_devices_run v1.1.0 2

# What cannot be is said of this device, and leaves no campaign behind.
upgrade 1 'runs v1.2.0.* is not newer' newer-00001 --to "$version"
upgrade 1 'is not newer' newer-00001 --to "$(full v1.2.0)"
upgrade 1 'no device has the id nobody' nobody --to "$version"
upgrade 1 'is of ptype' good-00003 --to 'v1.1.0t1(a)'
upgrade 1 'never uploaded' good-00003 --to "$(full v1.9.0)"
upgrade 2 'to is missing' good-00003
upgrade 2 'wait is "0"' good-00003 --to "$version" --wait 0
upgrade 2 'version' good-00003 --to v1
echo '{"name": 1}' > "$work/wrong.json"
upgrade 1 'wrong.json' good-00003 --to "$version" --policy "$work/wrong.json"
for device in newer-00001 nobody good-00003; do
    [ "$(campaigns_of $device)" = 0 ] || fail "$device has a campaign"
done

# It is away: nothing in time; the campaign waits on, and holds it until that is ended.
upgrade 1 'away-00001 is offline and was not offered .* within 2 s.*campaign cancel upgrade-away' away-00001 --to "$version" --wait 2
upgrade 1 'is in campaign upgrade-away-00001-110-[0-9]* already (pending)' away-00001 --to "$version"
upgrade 1 'is in campaign' away-00001 --to "$version" --json
[ ! -s "$work/out" ] || fail "a refusal prints a document"
when_operator cancel "$(sql "SELECT name FROM campaigns WHERE devices = '{away-00001}'")"

# Devices by hand. One says nothing; its id is so long that the campaign's name has its end only.
given_device_by_hand() { # given_device_by_hand ID: online; what it is told is in $work/commands-ID
    orchestratorctl device register "$1" --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
    mqtt=(--host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username "$1" --qos 1)
    mosquitto_sub "${mqtt[@]}" --topic "fota/v1/$1/command" > "$work/commands-$1" &
    helpers+=($!)
    mosquitto_pub "${mqtt[@]}" --topic "fota/v1/$1/presence" --message '{"online":true}' --retain
    mosquitto_pub "${mqtt[@]}" --topic "fota/v1/$1/report" --message '{"report":"hello","version":"'"$(full v1.0.5)"'",
        "slot":1,"boot":"confirmed","reset_reason":"power_on","sha256":"'"$(printf '5%.0s' {1..64})"'"}'
    eventually t "SELECT online AND hello_at IS NOT NULL FROM presence WHERE device_id = '$1'"
}
mute=$(printf 'x%.0s' {1..50})-by-hand
given_device_by_hand "$mute"
upgrade 1 'was offered .* has not answered within 1 s.*campaign cancel' "$mute" --to "$version" --wait 1 --json
jq -e '.state == "offered" and (.campaign | length == 64 and test("^upgrade-x*-by-hand-110-[0-9]+$"))' "$work/out" > /dev/null

# One says no, and that ends its campaign.
given_device_by_hand shy
{
    until update=$(jq -ce 'select(.command == "update")' "$work/commands-shy" 2> /dev/null | head -n 1 | grep .); do
        sleep 0.1
    done
    mosquitto_pub "${mqtt[@]}" --topic fota/v1/shy/report \
        --message "$(jq -c '{report: "rejected", campaign, attempt, reason: "battery_low"}' <<< "$update")"
} &
helpers+=($!)
upgrade 1 "device shy rejected $version: battery_low" shy --to "$version"
then_campaign_is "$(sql "SELECT name FROM campaigns WHERE devices = '{shy}'")" halted

# One is silent for as long as its campaign lets it.
given_device_by_hand deaf
given_policy '.timeouts.offer_seconds = 1'
upgrade 1 'device deaf is silent' deaf --to "$version" --policy "$work/policy.json"

# The server goes away meanwhile: that is waited for, and is the exit code.
given_device_by_hand cut-off
{
    until grep -qs '"update"' "$work/commands-cut-off"; do
        sleep 0.1
    done
    when_orchestratord_is_killed
} &
helpers+=($!)
upgrade 3 'campaign upgrade-cut-off-110-[0-9]* has begun: cannot reach' cut-off --to "$version" --wait 3
when_orchestratord_starts_again
then_everything_adds_up
