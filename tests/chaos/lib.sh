# What the tests that kill programs share, beside the words of the scenarios. Sourced.
. "$(dirname "${BASH_SOURCE[0]}")/../scenario/lib.sh"

# stopped SECONDS PID...: processes that stop answering and keep every connection open, and then go on.
stopped() {
    kill -STOP "${@:2}"
    sleep "$1"
    kill -CONT "${@:2}"
}

# All processes of PostgreSQL, one a line.
postgres() {
    local postmaster
    postmaster=$(services pid postgres | head -n 1)
    echo "$postmaster"
    tr ' ' '\n' < "/proc/$postmaster/task/$postmaster/children" | sed '/^$/d'
}

# when_fleets_end: the devices are switched off, and what they run and have flashed stands in the table flashes.
when_fleets_end() {
    local number
    sql 'CREATE TABLE flashes (device text, version text, slot integer, bricked integer, silenced integer,
        campaign bigint, attempt integer, images integer)'
    for number in "${!fleets[@]}"; do
        kill -TERM "${fleets[number]}"
        wait "${fleets[number]}" || fail "fleetsim ended with $?" || return 1
        sql "\\copy flashes FROM '$work/flashes-$number.csv' WITH (FORMAT csv, HEADER)"
    done
    # Devices know a campaign by its number on the wire.
    sql 'UPDATE flashes f SET campaign = c.campaign_id FROM campaigns c WHERE c.wire_number = f.campaign'
    fleets=()
}

# none WORDS QUERY: the query counts what must not be.
none() {
    local found
    found=$(sql "SELECT count(*) FROM ($2) AS found")
    [ "$found" = 0 ] || fail "$found $1: $(sql "SELECT found FROM ($2) AS found LIMIT 5")"
}

# What the devices did, against what the database says. After when_fleets_end.
then_nothing_was_lost() {
    none "attempts that ended on the new image, which was never flashed" "SELECT device_id, campaign_id, attempt FROM events e
        WHERE subject = 'target' AND to_state IN ('confirmed', 'reverted') AND NOT EXISTS
        (SELECT FROM flashes f WHERE f.device = e.device_id AND f.campaign = e.campaign_id AND f.attempt <= e.attempt)"
    then_outcomes_are_whole
}

in_flight="'{offered, accepted, downloading, installed, trial}'::text[]"

# The same, without asking for each flash: of each device fleetsim knows the last 32 attempts.
then_outcomes_are_whole() {
    then_devices_agree
    none "flashes of attempts that were never offered" "SELECT * FROM flashes f WHERE f.campaign IS NOT NULL AND NOT EXISTS
        (SELECT FROM events e WHERE e.device_id = f.device AND e.campaign_id = f.campaign AND e.attempt = f.attempt
         AND e.to_state = 'offered')"
    none "attempts that do not have one offer and one outcome" "SELECT campaign_id, device_id, attempt,
            count(*) FILTER (WHERE to_state = 'offered') AS offers,
            count(*) FILTER (WHERE from_state = ANY ($in_flight) AND to_state <> ALL ($in_flight)) AS outcomes
        FROM events WHERE subject = 'target' AND attempt > 0 GROUP BY 1, 2, 3
        HAVING count(*) FILTER (WHERE to_state = 'offered') <> 1
            OR count(*) FILTER (WHERE from_state = ANY ($in_flight) AND to_state <> ALL ($in_flight)) <> 1"
}

# What the devices are and have done, without the event log, of which a lost primary takes the end with it.
then_devices_agree() {
    none "images flashed again for one attempt" 'SELECT * FROM flashes WHERE images > 1'
    none "bricked devices" 'SELECT * FROM flashes WHERE bricked <> 0'
    none "devices run something else than the database says" "SELECT DISTINCT f.device, f.version, f.slot, d.version AS said,
        d.slot AS said_slot FROM flashes f JOIN devices d ON d.device_id = f.device
        WHERE f.silenced = 0 AND (f.version, f.slot) IS DISTINCT FROM (d.version, d.slot)"
    none "targets without an outcome" "SELECT * FROM targets WHERE deadline IS NOT NULL"
    none "devices confirmed by themselves and not by the database" "SELECT f.device, t.state FROM flashes f
        JOIN targets t ON t.device_id = f.device AND t.campaign_id = f.campaign AND t.to_version = f.version
        WHERE f.silenced = 0 AND t.state <> 'confirmed'"
    none "waves whose counters do not add up" "SELECT w.campaign_id, w.wave FROM waves w
        LEFT JOIN targets t USING (campaign_id, wave) GROUP BY w.campaign_id, w.wave, w.pending, w.confirmed, w.rejected, w.failed,
            w.reverted, w.silent, w.cancelled, w.skipped
        HAVING (w.pending, w.confirmed, w.rejected, w.failed, w.reverted, w.silent, w.cancelled, w.skipped) IS DISTINCT FROM
            (count(*) FILTER (WHERE t.state = 'pending'), count(*) FILTER (WHERE t.state = 'confirmed'),
             count(*) FILTER (WHERE t.state = 'rejected'), count(*) FILTER (WHERE t.state = 'failed'),
             count(*) FILTER (WHERE t.state = 'reverted'), count(*) FILTER (WHERE t.state = 'silent'),
             count(*) FILTER (WHERE t.state = 'cancelled'), count(*) FILTER (WHERE t.state = 'skipped'))"
    then_everything_adds_up
}

# then_cap_held CAMPAIGN CAP: from the event log. An end is written before its place is given away, so the numbers
# of the events are the order.
then_cap_held() {
    local most
    most=$(sql "SELECT max(in_flight) FROM (SELECT sum(CASE WHEN to_state = 'offered' THEN 1
        WHEN from_state IN ('offered', 'accepted', 'downloading', 'installed', 'trial') AND to_state IN ('confirmed', 'rejected',
            'failed', 'reverted', 'silent', 'cancelled', 'pending', 'skipped') THEN -1 ELSE 0 END)
        OVER (ORDER BY event_id) AS in_flight FROM events JOIN campaigns USING (campaign_id)
        WHERE subject = 'target' AND name = '$1') AS steps")
    [ "$most" -le "$2" ] || fail "$most were in flight at once; the cap is $2"
    echo "$1: at most $most in flight at once, the cap is $2"
}
