#!/usr/bin/env bash
# A signed image URL is good as long as its attempt: it stops after a cancel, after the attempt's end and with the device's key. A pause lets
# go on what was accepted. What was live stays live while the database is away.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
given_firmware v1.1.0
old_sha256=$(printf '0%.0s' {1..64})

mqtt() { # mqtt DEVICE: its options
    echo "--host ${MQTT_ADDRESS%:*} --port ${MQTT_ADDRESS#*:} --username $1 --qos 1"
}
say() { # say DEVICE REPORT
    # shellcheck disable=SC2046
    mosquitto_pub $(mqtt "$1") --topic "fota/v1/$1/report" --message "$2"
}
given_device() { # given_device ID: connected
    orchestratorctl device register "$1" --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
    # shellcheck disable=SC2046
    mosquitto_sub $(mqtt "$1") --topic "fota/v1/$1/command" > "$work/commands-$1" &
    helpers+=($!)
    # shellcheck disable=SC2046
    mosquitto_pub $(mqtt "$1") --topic "fota/v1/$1/presence" --message '{"online":true}' --retain
    say "$1" '{"report":"hello","version":"'"$(full v1.0.5)"'","slot":1,"boot":"confirmed","sha256":"'"$old_sha256"'","reset_reason":"power_on"}'
    eventually t "SELECT online FROM presence WHERE device_id = '$1'"
}
offer() { # offer DEVICE: sets update, url and attempt from the newest offer
    local end=$((SECONDS + patience))
    until update=$(jq -ce 'select(.command == "update")' "$work/commands-$1" 2> /dev/null | tail -n 1) && [ -n "$update" ]; do
        [ $SECONDS -lt $end ] || fail "no offer came to $1" || return 1
        sleep 0.05
    done
    url=$(jq -r '.images["2"].url' <<< "$update")
    attempt=$(jq -r '"\"campaign\":\(.campaign),\"attempt\":\(.attempt),\"nonce\":\"\(.nonce)\""' <<< "$update")
}
code() { # code URL [curl options]
    curl -sS -o /dev/null -w '%{http_code}' "${@:2}" "$1"
}
answers() { # answers CODE URL: in a moment
    local end=$((SECONDS + patience)) got
    until got=$(code "$2") && [ "$got" = "$1" ]; do
        [ $SECONDS -lt $end ] || fail "after $patience seconds $got, not $1: $2" || return 1
        sleep 0.1
    done
}
takes() { # takes DEVICE: accepts what it was offered, and downloads
    offer "$1"
    # An offer is good at once, and goes on to be.
    [ "$(code "$url" --head)" = 200 ] || fail "a new URL is not good"
    say "$1" '{"report":"accepted",'"$attempt"'}'
    say "$1" '{"report":"downloading",'"$attempt"',"progress":50}'
    eventually downloading "SELECT state FROM targets WHERE device_id = '$1' ORDER BY campaign_id DESC LIMIT 1"
}
for device in one two three; do
    given_device "$device"
done
cat > "$work/policy.json" << 'END'
{"name": "p", "waves": [{"name": "all", "size": {"rest": true}, "gate": {"type": "threshold", "min_sample": 1, "success_percent": 1, "failure_percent": 100}}],
 "rate": {"per_minute": 60000}, "timeouts": {"offer_seconds": 600, "download_seconds": 600, "confirm_seconds": 600}}
END
when_campaign spring v1.1.0
for device in one two; do
    takes "$device"
    declare "url_$device=$url" "attempt_$device=$attempt"
done
offer three
url_three=$url
[ "$(code "$url_one" --range 0-99)" = 206 ]

when_operator pause spring
answers 403 "$url_three" # it had not accepted
[ "$(code "$url_one")" = 200 ] || fail "a pause has stopped a download that goes on"
when_operator resume spring

# The end of an attempt.
say two '{"report":"failed",'"$attempt_two"',"reason":"flash_error"}'
answers 403 "$url_two"
[ "$(curl -sS --head "$url_two" | tr -d '\r' | grep -i '^content-length')" = 'Content-Length: 0' ] || fail "a refused HEAD has a length"
[ "$(code "$url_one")" = 200 ]

# The database is away.
postgres=$(services pid postgres)
kill -KILL "$postgres"
for _ in {1..20}; do
    [ "$(code "$url_one")" = 200 ] || fail "the database is away, and the download with it"
    [ "$(code "$url_two")" = 403 ] || fail "what has ended goes on as the database is away"
    sleep 0.2
done
services up > "$work/services.log" 2>&1
eventually running "SELECT state FROM campaigns WHERE name = 'spring'"
[ "$(code "$url_one")" = 200 ]

# The key of the device.
orchestratorctl device revoke-key one > /dev/null
answers 403 "$url_one"
orchestratorctl device key one > /dev/null
answers 200 "$url_one"

when_operator cancel spring
answers 403 "$url_one"

# It says so itself, before the cancel has come to it: no failure of the release.
say one '{"report":"failed",'"$attempt_one"',"reason":"http_status"}'
then_targets spring cancelled 1
then_targets spring failed 1
then_everything_adds_up
