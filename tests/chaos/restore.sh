#!/usr/bin/env bash
# A backup is restored while devices and orchestrators go on, in the middle of a campaign of which
# the backup knows only the beginning. RESTORE_PARTS says how; all of them by default:
#   one_transaction  into the same database, in one transaction
#   no_transaction   into the same database, statement by statement
#   new_cluster      into a new cluster, with orchestrators that start anew
#   later_campaign   into the same database, when the campaign has ended, and the next one as well.
#                    Devices repeat results of the older campaign, and run what the later one led to
#   old_backup       the same with deadlines of seconds, a backup that is minutes old, and a sixth of the
#                    devices switched off meanwhile (RESTORE_AGE, 20 seconds). Not done by default
# Nothing halts, no device writes an image twice, the inventory is true within a stated time, and
# the campaigns complete.
#   RESTORE_DEVICES (60), RESTORE_SECONDS (10: of a campaign without the restore)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/clusters.sh"
devices=${RESTORE_DEVICES:-60}
seconds=${RESTORE_SECONDS:-10}
cap=$((devices / 10 + 2))
true_within=$((20 + devices / 1000)) # the fleet is asked at 1,000 devices a second
patience=120
tries=1 # calls of pg_restore

given_primary
given_orchestrators "$(url_of primary)"
given_fleet "$devices" v1.0.5
given_policy ".in_flight = $cap | .rate.per_minute = $((devices * 60 / seconds)) |
    .timeouts = {offer_seconds: 60, download_seconds: 60, confirm_seconds: 60}"

# confirmed SHARE CAMPAIGN: until a percentage of the devices has confirmed.
confirmed() {
    when_confirmed "$2" $((devices * $1 / 100))
}

when_dumped() {
    pg_dump --format=custom --file="$work/backup" "$DATABASE_URL"
    echo "restore: $1: the backup knows of $(pg_restore --data-only --table=targets --file=- "$work/backup" |
        grep -c '\bconfirmed\b') confirmations in all campaigns"
}

# when_restored [pg_restore options]: until it succeeds. An orchestrator in the middle of a
# transaction may hold what pg_restore wants, and want what it holds: PostgreSQL ends one of them.
when_restored() {
    note_campaigns
    until pg_restore --clean --if-exists --exit-on-error "$@" --dbname="$DATABASE_URL" "$work/backup" \
        > "$work/restore.log" 2>&1; do
        grep -q 'deadlock detected' "$work/restore.log" || fail "$(cat "$work/restore.log")" || return 1
        [ $tries -lt 20 ] || fail "pg_restore met orchestrators $tries times" || return 1
        tries=$((tries + 1))
    done
    restored=$EPOCHREALTIME
}

# then_inventory_is_true WHAT VERSION: of the devices that ran it before the restore.
then_inventory_is_true() {
    eventually 0 "SELECT count(*) FROM devices WHERE version <> '$(full "$2")'
        AND device_id = ANY ('{$(paste -sd, "$work/ran")}')"
    took=$(awk "BEGIN {printf \"%.1f\", $EPOCHREALTIME - $restored}")
    awk "BEGIN {exit !($took <= $true_within)}" || fail "the inventory was true after $took s" || return 1
    echo "restore: $1: $tries calls of pg_restore; $(wc -l < "$work/ran") devices had gone on to $2," \
        "which the database knew after $took s (allowed: $true_within s)"
    tries=1
}

# note_running VERSION: who runs it, by the database that is about to be lost.
note_running() {
    sql "SELECT device_id FROM devices WHERE version = '$(full "$1")'" > "$work/ran"
}

# then_it_completes CAMPAIGN
then_it_completes() {
    then_campaign_is "$1" completed
    then_nothing_is_in_flight "$1"
    echo "restore: $1: $(sql "SELECT confirmed || ' confirmed, ' || rejected || ' rejected, ' || reverted || ' reverted, '
        || silent || ' silent, ' || skipped || ' skipped' FROM ops.campaign_progress WHERE campaign = '$1'")"
    patience=10 eventually 0 "SELECT failures FROM ops.campaign_progress WHERE campaign = '$1'"
    eventually 0 "SELECT count(*) FROM audit WHERE action = 'halt'"
}

one_transaction() {
    again given_firmware v1.1.0
    again when_campaign spring v1.1.0
    confirmed 30 spring
    when_dumped spring
    confirmed 60 spring
    note_running v1.1.0
    when_restored --single-transaction
    then_inventory_is_true "one transaction" v1.1.0
    then_it_completes spring
    patience=10 then_targets spring confirmed "$devices"
}

no_transaction() {
    again given_firmware v1.2.0
    again when_campaign summer v1.2.0
    confirmed 30 summer
    when_dumped summer
    confirmed 60 summer
    note_running v1.2.0
    when_restored
    then_inventory_is_true "no transaction" v1.2.0
    then_it_completes summer
    patience=10 then_targets summer confirmed "$devices"
}

new_cluster() {
    again given_firmware v1.4.0
    again when_campaign winter v1.4.0
    confirmed 30 winter
    when_dumped winter
    confirmed 60 winter
    note_running v1.4.0
    note_campaigns
    when_orchestrators_end
    on primary postgres_down > "$work/out"
    on new postgres_up > "$work/out"
    superuser new 'CREATE ROLE ops_reader NOLOGIN' # roles are not part of a database
    DATABASE_URL=$(on new postgres_url orchestrator orchestrator)
    pg_restore --exit-on-error --dbname="$DATABASE_URL" "$work/backup"
    restored=$EPOCHREALTIME
    when_orchestrator_starts 1 "$DATABASE_URL"
    when_orchestrator_starts 2 "$DATABASE_URL"
    then_inventory_is_true "a new cluster" v1.4.0
    then_it_completes winter
    patience=10 then_targets winter confirmed "$devices"
}

later_campaign() {
    again given_firmware v1.5.0
    again when_campaign second_spring v1.5.0
    confirmed 40 second_spring
    when_dumped second_spring
    then_campaign_is second_spring completed
    again given_firmware v1.6.0
    again when_campaign second_summer v1.6.0
    then_campaign_is second_summer completed
    note_running v1.6.0
    [ "$(wc -l < "$work/ran")" = "$devices" ] || fail "not all devices run v1.6.0"
    when_restored --single-transaction
    then_inventory_is_true "a campaign that the backup does not know" v1.6.0
    then_it_completes second_spring
    then_inventory_is_true "and when the older campaign has ended" v1.6.0
}

# Every deadline of the backup is long over. Those that are off have confirmed, which is lost.
old_backup() {
    local off=$((devices / 5))
    again given_firmware v1.7.0
    given_fleet $off v1.0.5 --prefix off-
    given_policy ".in_flight = $cap | .rate.per_minute = $((devices * 60 / seconds)) | .on_halt = \"rollback\" |
        .offline.wait_seconds = 20 | .timeouts = {offer_seconds: 6, download_seconds: 6, confirm_seconds: 6}"
    again when_campaign autumn v1.7.0
    confirmed 30 autumn
    when_dumped autumn
    then_campaign_is autumn completed
    kill -KILL "${fleets[-1]}"
    unset "fleets[-1]"
    sleep "${RESTORE_AGE:-20}"
    note_running v1.7.0
    when_restored --single-transaction
    patience=240
    eventually 0 "SELECT count(*) FROM devices WHERE version <> '$(full v1.7.0)' AND device_id NOT LIKE 'off-%'"
    then_it_completes autumn
    then_targets autumn confirmed+skipped $((devices + off))
    eventually 0 "SELECT count(*) FROM targets WHERE state = 'skipped' AND device_id NOT LIKE 'off-%'"
}

for part in ${RESTORE_PARTS:-one_transaction no_transaction new_cluster later_campaign}; do
    $part
done

sleep 2 # the last acks
eventually 0 "SELECT coalesce(sum(count), 0) FROM ops.rejected_reports
    WHERE kind NOT IN ('out_of_order', 'stale_attempt', 'unknown_target', 'unknown_device')"
sql "SELECT 'restore: rejected reports: ' || coalesce(string_agg(count || ' ' || kind, ', '), 'none')
    FROM ops.rejected_reports WHERE count > 0"
when_fleets_end
when_orchestrators_end
then_devices_agree
then_no_image_was_written_twice
