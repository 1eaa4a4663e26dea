#!/usr/bin/env bash
# A report that the database refuses, by a fault of ours, is left out and logged; all others are stored.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
for number in 1 2 3 4 5 6 7 8; do
    orchestratorctl device register "device-$number" --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
done
sql "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \$\$
    BEGIN RAISE 'the fault' USING ERRCODE = 'check_violation'; END \$\$;
    CREATE TRIGGER fault BEFORE UPDATE ON devices FOR EACH ROW WHEN (NEW.device_id = 'device-1')
    EXECUTE FUNCTION refuse()"

for number in 1 2 3 4 5 6 7 8; do
    mosquitto_pub --host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username "device-$number" --qos 1 \
        --topic "fota/v1/device-$number/report" --message '{"report":"hello","version":"'"$(full v1.0.6)"'","slot":1,
        "boot":"confirmed","sha256":"'"$(printf '0%.0s' {1..64})"'","reset_reason":"power_on"}' &
    helpers+=($!)
done
wait "${helpers[@]}"
helpers=()

eventually 7 "SELECT count(*) FROM devices WHERE version = '$(full v1.0.6)'"
eventually 7 'SELECT count(*) FROM presence WHERE online'
grep -q 'event=report_left_out device=device-1 sqlstate=23514' "$work/state/orchestratord.log" ||
    fail "the report that was left out is not in the log"
sql 'DROP TRIGGER fault ON devices'
mosquitto_pub --host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username device-1 --qos 1 \
    --topic fota/v1/device-1/presence --message '{"online":true}'
eventually 8 'SELECT count(*) FROM presence WHERE online'
