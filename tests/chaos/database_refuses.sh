#!/usr/bin/env bash
# PostgreSQL becomes read-only, then has no room on its disk, in the middle of a campaign: orchestratord waits, says why, and goes on when it
# can. No outcome is lost meanwhile.
. "$(dirname "$0")/lib.sh"

shim=$(mktemp -d /tmp/fota-disk-full.XXXXXX) # which the user that PostgreSQL runs as can read
clean_up() {
    rm -rf "$shim"
}
install -m 755 "$build/tests/chaos/disk_full.so" "$shim"
chmod 755 "$shim"
mkdir -p "$work/state"
DISK_FULL=$shim/full LD_PRELOAD=$shim/disk_full.so services --services up > "$work/services.log" 2>&1
given_an_orchestrator
given_fleet 60 v1.0.5
given_firmware v1.1.0
given_policy '.in_flight = 6 | .rate.per_minute = 900 | .timeouts = {offer_seconds: 60, download_seconds: 60, confirm_seconds: 60}'

as_superuser() {
    psql "postgresql://postgres:$(cat "$work/state/password")@127.0.0.1:$(cat "$work/state/postgres.port")/orchestrator" --no-psqlrc \
        --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --command "$1"
}
# then_it_says WORDS: orchestratord is not ready, and its log says why.
then_it_says() {
    local end=$((SECONDS + patience))
    until grep -q "event=database_unavailable.*$1" "$work/state/orchestratord.log"; do
        [ $SECONDS -lt $end ] || fail "the log does not say \"$1\": $(grep -v http_request "$work/state/orchestratord.log" | tail -n 3)" ||
            return 1
        sleep 0.1
    done
    local i
    for ((i = 0; i < 30; i++)); do # and stays so, though those that only read find no fault
        exits 22 503 curl --silent --show-error --fail "$ORCHESTRATOR_URL/readyz"
        sleep 0.1
    done
}
then_it_is_ready() {
    local end=$((SECONDS + patience))
    until curl --silent --fail "$ORCHESTRATOR_URL/readyz" > "$work/out"; do
        [ $SECONDS -lt $end ] || fail "not ready again: $(tail -n 3 "$work/state/orchestratord.log")" || return 1
        sleep 0.1
    done
}

when_campaign spring v1.1.0
when_confirmed spring 10
as_superuser "ALTER SYSTEM SET default_transaction_read_only = on"
as_superuser "SELECT pg_reload_conf()" > "$work/out"
then_it_says "read-only transaction"
ctl 1 "try again" campaign pause spring
PGOPTIONS="-c default_transaction_read_only=off" as_superuser "ALTER SYSTEM RESET default_transaction_read_only"
as_superuser "SELECT pg_reload_conf()" > "$work/out"
then_it_is_ready

when_confirmed spring 30
touch "$shim/full"
as_superuser "CHECKPOINT" > "$work/out" 2>&1 || true # what it has in memory has to go somewhere
then_it_says "No space left on device"
rm "$shim/full"
then_it_is_ready

then_campaign_is spring completed
then_targets spring confirmed 60
then_every_device_was_updated_once spring
sleep 2
when_fleets_end
then_nothing_was_lost
then_cap_held spring 6
