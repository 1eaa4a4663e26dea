#!/usr/bin/env bash
# The primary PostgreSQL dies in the middle of a campaign, a standby is promoted, and the old primary
# comes back as a standby of the new one while the campaign goes on. Once for each of FAILOVER_FALLS
# ("behind synchronous"):
#   behind        the standby has not got the last WAL: outcomes are lost that devices have an
#                 acknowledgement of
#   asynchronous  nobody waits for the standby
#   synchronous   PostgreSQL waits for it: nothing may be lost
# Every campaign completes with every outcome, no device flashes twice, and the database says what
# runs.
#   FAILOVER_DEVICES (100), FAILOVER_SECONDS (10: of each campaign, without its pause)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clusters.sh"
devices=${FAILOVER_DEVICES:-100}
seconds=${FAILOVER_SECONDS:-10}
faulty=$((devices * 4 / 100)) # each goes back to the old image, in every campaign
healthy=$((devices - faulty))
cap=$((devices / 12 + 2))
away=3 # seconds without a primary
behind=$((devices / 20)) # outcomes that are stored while the standby is behind
patience=$((60 + devices / 20))

given_primary "wal_log_hints = on" "full_page_writes = on" "wal_keep_size = '1GB'" # for pg_rewind
given_standby standby primary
given_orchestrators "$(url_of primary standby)"
given_fleet "$healthy" v1.0.5
given_fleet "$faulty" v1.0.5 --prefix faulty- --fail-health 1
given_policy ".in_flight = $cap | .rate.per_minute = $((devices * 60 / seconds)) |
    .waves |= map(.gate.success_percent = 50 | .gate.failure_percent = 60) |
    .timeouts = {offer_seconds: 60, download_seconds: 60, confirm_seconds: 60}"

given_behind() {
    # No WAL leaves any more. A standby that is stopped would still read what TCP has brought it.
    kill -STOP "$(superuser "$1" 'SELECT pid FROM pg_stat_replication')"
    when_confirmed "$2" $(($(sql "SELECT confirmed FROM ops.campaign_progress WHERE campaign = '$2'") + behind))
}
given_asynchronous() {
    :
}
given_synchronous() {
    superuser "$1" "ALTER SYSTEM SET synchronous_standby_names = '*'"
    superuser "$1" 'SELECT pg_reload_conf()' > "$work/out"
    when_confirmed "$2" $(($(sql "SELECT confirmed FROM ops.campaign_progress WHERE campaign = '$2'") + behind))
}

# when_it_falls PRIMARY STANDBY CAMPAIGN: and is followed by the other one. Says how many of the
# confirmations are lost.
when_it_falls() {
    confirmed_on "$1" "$3" > "$work/stored"
    when_killed "$1"
    confirmed_on "$2" "$3" > "$work/kept"
    sleep $away
    when_promoted "$2"
    comm -23 <(sort "$work/stored") <(sort "$work/kept") | wc -l
}

# then_it_completes CAMPAIGN: with the outcome of every device.
then_it_completes() {
    then_campaign_is "$1" completed
    echo "failover: $1: $devices devices, $lost stored confirmations lost with the primary; now" \
        "$(sql "SELECT confirmed || ' confirmed, ' || reverted || ' reverted, ' || silent || ' silent, ' || skipped ||
            ' skipped' FROM ops.campaign_progress WHERE campaign = '$1'");" \
        "no confirmation for $(longest_pause "$1") s, of which $away s without a primary"
    patience=10 then_targets "$1" confirmed "$healthy"
    patience=10 then_targets "$1" reverted "$faulty"
}

primary=primary standby=standby number=1
for fall in ${FAILOVER_FALLS:-behind synchronous}; do
    again given_firmware v1.$number.0
    again when_campaign "$fall" v1.$number.0
    when_confirmed "$fall" $((devices * 3 / 10))
    "given_$fall" $primary "$fall"
    lost=$(when_it_falls $primary $standby "$fall")
    case $fall-$lost in
    behind-0) fail "nothing was lost with the primary: this proves nothing" ;;
    synchronous-[1-9]*) fail "$lost confirmations were lost with a synchronous standby" ;;
    esac
    when_rewound $primary $standby
    then_it_completes "$fall"
    read -r primary standby <<< "$standby $primary"
    number=$((number + 1))
done

sleep 2 # the last acks
when_fleets_end
when_orchestrators_end
then_devices_agree
then_no_image_was_written_twice
