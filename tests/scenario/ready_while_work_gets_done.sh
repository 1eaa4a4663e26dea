#!/usr/bin/env bash
# /readyz says no when the ticker hangs, or when what it asks of the database fails, and says why; yes again when it goes on. One campaign
# that cannot be moved is shown as such, and holds up nothing else.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"
. "$(dirname "$0")/outages.sh"

# readyz: its code and its body
readyz() {
    curl -sS --max-time 10 --write-out '\n%{http_code}' "$ORCHESTRATOR_URL/readyz" | tr '\n' ' '
}

# readyz_says CODE WORDS SECONDS: within these
readyz_says() {
    local answer end=$((SECONDS + $3))
    until answer=$(readyz) && [[ $answer == *"$2"*" $1" ]]; do
        [ $SECONDS -lt $end ] || fail "/readyz says after $3 seconds: $answer" || return 1
        sleep 0.2
    done
}

given_a_stage
campaign=spring
cast=()
given_policy_of_the_story
given_a_device one
given_a_device two
readyz_says 200 ready 5

echo "the ticker hangs; reports are stored all the same"
mapfile -t ticker < <(sessions 'orchestratord ticker')
when_stopped "${ticker[@]}"
the_device_goes_offline
says_hello 1 "$(full v1.0.5)" "$old_sha256"
eventually t "SELECT online FROM presence WHERE device_id = '$device'"
readyz_says 503 'the ticker has not looked at the campaigns for 3' 36
orchestratorctl product list > /dev/null
when_continued
readyz_says 200 ready 10

echo "what the ticker asks of the database fails"
sql 'ALTER TABLE asks RENAME TO asks_away'
readyz_says 503 'the database is not available' 10
grep -q 'level=error event=tick_failed .*asks' "$work/state/orchestratord.log" || fail "the log does not say what failed"
sql 'ALTER TABLE asks_away RENAME TO asks'
readyz_says 200 ready 10

echo "what it asks for one campaign fails"
the_device one
the_device_goes_offline
when_campaign broken v1.1.0 --device "$device"
then_campaign_is broken running
sql "CREATE TABLE kept AS SELECT policy FROM campaigns WHERE name = 'broken';
    UPDATE campaigns SET policy = '{\"name\": 1}' WHERE name = 'broken'"
eventually t "SELECT tick_error LIKE '%policy%' AND tick_error_at IS NOT NULL FROM ops.campaign_progress WHERE campaign = 'broken'"
ctl 0 'Tick fails: .*policy' campaign show broken
json '.tick_error != null and .tick_error_at != null and .policy == null' campaign show broken

the_device two
cast=("$device")
given_a_campaign
the_device_is_offered_it
the_device_says confirmed
then_campaign_is spring completed
json '.tick_error == null and .policy != null' campaign show spring
for _ in {1..10}; do # it goes on to fail at every tick
    readyz_says 200 ready 0
    sleep 0.5
done

sql "UPDATE campaigns SET policy = (SELECT policy FROM kept) WHERE name = 'broken'"
the_device one
says_hello 1 "$(full v1.0.5)" "$old_sha256"
the_device_is_offered_it
the_device_says confirmed
then_campaign_is broken completed
json '.tick_error == null' campaign show broken
