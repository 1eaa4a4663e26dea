#!/usr/bin/env bash
# The primary PostgreSQL dies in the middle of a campaign, and an asynchronous standby is promoted.
# Twice: the first time the standby is behind, so that outcomes are lost that the devices have an
# acknowledgement of. The old primary comes back as a standby of the new one while that campaign
# goes on; in the next campaign the new one dies, and the old one takes its place again.
# At the end every outcome is there, no device has flashed twice, and the database says what runs.
#   FAILOVER_DEVICES (100), FAILOVER_SECONDS (16: of each campaign, without its pause)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clusters.sh"
devices=${FAILOVER_DEVICES:-100}
seconds=${FAILOVER_SECONDS:-16}
faulty=$((devices * 4 / 100)) # each goes back to the old image, once
healthy=$((devices - faulty))
cap=$((devices / 12 + 2))
away=3 # seconds without a primary
behind=$((devices / 20)) # outcomes that are stored while the standby is behind
patience=180

# pg_rewind asks for the first two; the others are those of a primary in production.
given_primary "wal_log_hints = on" "full_page_writes = on" "synchronous_standby_names = ''"
given_standby standby primary
given_orchestrators "$(url_of primary standby)"
given_fleet "$healthy" v1.0.5
given_fleet "$faulty" v1.0.5 --prefix faulty- --fail-health 1
given_policy ".in_flight = $cap | .rate.per_minute = $((devices * 60 / seconds)) |
    .waves |= map(.gate.success_percent = 50 | .gate.failure_percent = 60) |
    .timeouts = {offer_seconds: 60, download_seconds: 60, confirm_seconds: 60}"

# when_it_falls PRIMARY STANDBY CAMPAIGN: the primary is killed, the standby promoted after a while.
when_it_falls() {
    local acknowledged=$work/acknowledged
    confirmed_on "$1" "$3" > "$acknowledged"
    when_killed "$1"
    confirmed_on "$2" "$3" > "$work/kept"
    lost=$(sort "$acknowledged" | comm -23 - <(sort "$work/kept") | wc -l)
    sleep $away
    when_promoted "$2"
}

# then_it_completes CAMPAIGN
then_it_completes() {
    then_campaign_is "$1" completed
    then_nothing_is_in_flight "$1"
    then_targets "$1" confirmed "$healthy"
    then_targets "$1" reverted "$faulty"
    echo "failover: $1: $devices devices, $lost of the outcomes were lost with the primary;" \
        "$(sql "SELECT confirmed || ' confirmed, ' || reverted || ' reverted' FROM ops.campaign_progress
            WHERE campaign = '$1'"), longest pause in confirmations $(longest_pause "$1") s of which $away s without a primary"
}

given_firmware v1.1.0
when_campaign spring v1.1.0
when_confirmed spring $((devices * 3 / 10))
# No more WAL leaves: what is stopped on the standby's side would still read what TCP has brought.
kill -STOP "$(superuser primary "SELECT pid FROM pg_stat_replication")"
when_confirmed spring $(($(sql "SELECT confirmed FROM ops.campaign_progress") + behind))
when_it_falls primary standby spring
[ "$lost" -gt 0 ] || fail "nothing was lost with the primary: this proves nothing"
when_rewound primary standby
then_it_completes spring

given_firmware v1.2.0
when_campaign summer v1.2.0
when_confirmed summer $((devices * 3 / 10))
then_follows primary standby
when_it_falls standby primary summer
then_it_completes summer

sleep 2 # the last acks
when_fleets_end
when_orchestrators_end
then_devices_agree
then_no_image_was_written_twice
