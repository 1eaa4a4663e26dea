#!/usr/bin/env bash
# Row 5: a campaign of very many devices, of one product type and ten versions, in two waves: how long its plan takes, how long from the start to the first
# offer, and what looking at it costs then: every view of ops, the command line, the lists. Beside it the bare statements: the same
# devices, ordered and inserted into a table of the same columns and indexes, and a copy of the finished targets into such a one.
#   plan.sh [DEVICES] (1000000)
set -euo pipefail
count=${1:-${PLAN_DEVICES:-1000000}}
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
before=$(kib VmRSS)
firmware v1.1.0 20480
devices "$count"

# The daemon's connections: what the server holds for them, in MiB.
backends() {
    awk '/^(RssAnon):/ {n += $2} END {printf "%d", n / 1024}' $(sql "SELECT '/proc/' || pid || '/status' FROM pg_stat_activity
        WHERE application_name LIKE 'orchestratord%'")
}
# timed COMMAND...: seconds into $took
timed() {
    local began=$EPOCHREALTIME
    "$@" > "$work/out"
    took=$(calculate "$EPOCHREALTIME - $began" %.3f)
}
# of_three COMMAND...: the median of three, in milliseconds, into $took
of_three() {
    rm -f "$work/times"
    for _ in 1 2 3; do
        timed "$@"
        calculate "$took * 1000" '%.0f\n' >> "$work/times"
    done
    took=$(median < "$work/times")
}

policy=policies/canary-then-wide.json
echo 5 > "/proc/$daemon/clear_refs"
timed orchestratorctl campaign plan --firmware "$(version v1.1.0)" --policy $policy --seed 7
planned=$took
# Ordered, cut, and inserted: what has to be done at least.
sql 'CREATE TABLE bare (LIKE plan_devices INCLUDING ALL)'
timed sql "INSERT INTO bare (plan_id, position, wave, device_id)
    SELECT 1, row_number() OVER (ORDER BY hashtextextended(device_id, 7), device_id), 0, device_id FROM devices
    WHERE ptype = $ptype AND version IS NOT NULL"
measured "plan of a campaign of $count devices" "$planned" s "$took" 'the bare statement of a plan' less
sql 'DROP TABLE bare'
start() {
    orchestratorctl campaign create wide --plan 1 --start
    until_sql t "SELECT EXISTS (SELECT FROM targets WHERE state = 'offered')"
}
began=$EPOCHREALTIME
timed start
started=$took
until_sql t "SELECT unwritten = 0 FROM campaigns WHERE name = 'wide'" 300
written=$(calculate "$EPOCHREALTIME - $began" %.2f)
sql 'CREATE TABLE bare_targets (LIKE targets INCLUDING ALL)'
columns=$(sql "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'targets'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''")
timed sql "INSERT INTO bare_targets ($columns) SELECT $columns FROM targets"
measured '- start of the plan to the first offer' "$started" s
measured '- plan, start and first offer together' "$(calculate "$planned + $started" %.2f)" s 10 'what was aimed at' less
measured '- start of the plan to the last target written' "$written" s "$took" 'the bare statement of the targets' less
sql 'DROP TABLE bare_targets'
measured '- orchestratord at most (before: '$((before / 1024))')' $(($(kib VmHWM) / 1024)) MiB
measured '- its connections in PostgreSQL' "$(backends)" MiB

# As dashboards find it in the middle of a campaign: a fifth has ended, of which one in twenty failed, one device in a hundred is offline, and the log
# has as many steps as there are devices. Counters move with the states, or the database would refuse.
sql 'ANALYZE targets, devices, presence, waves'
sql "BEGIN;
    UPDATE targets SET state = CASE WHEN position % 100 > 0 THEN 'confirmed' ELSE 'reverted' END, attempt = 1, nonce = '0123456789abcdef',
           reason = CASE WHEN position % 100 > 0 THEN '' ELSE 'health_check' END
        WHERE campaign_id = 1 AND wave = 1 AND position > (SELECT members FROM waves WHERE campaign_id = 1 AND wave = 0) + 100
          AND position % 5 = 0;
    UPDATE waves w SET pending = w.pending - e.confirmed - e.reverted, confirmed = e.confirmed, reverted = e.reverted
        FROM (SELECT count(*) FILTER (WHERE state = 'confirmed') AS confirmed, count(*) FILTER (WHERE state = 'reverted') AS reverted
              FROM targets WHERE campaign_id = 1 AND wave = 1) e WHERE w.campaign_id = 1 AND w.wave = 1;
    INSERT INTO events (subject, campaign_id, wave, device_id, attempt, from_state, to_state)
        SELECT 'target', 1, 1, device_id, 1, s.from_state, s.to_state FROM targets, (VALUES ('pending', 'offered'), ('offered', 'accepted'),
            ('accepted', 'downloading'), ('downloading', 'installed'), ('installed', 'trial')) AS s(from_state, to_state)
        WHERE campaign_id = 1 AND wave = 1 AND state IN ('confirmed', 'reverted');
    UPDATE presence SET online = false WHERE hashtext(device_id) % 100 = 0;
    COMMIT"
sql 'VACUUM ANALYZE targets, devices, presence, events, waves'
# look NAME QUERY: the median of three, without the start of psql
look() {
    psql "$DATABASE_URL" -XAqt -o "$work/out" -c '\timing on' -c "$2" -c "$2" -c "$2" | awk '/^Time:/ {print $2}' > "$work/times"
    measured "- view ops.$1" "$(median < "$work/times")" ms 100 'what was aimed at' less
}
for view in $(sql "SELECT viewname FROM pg_views WHERE schemaname = 'ops' AND viewname <> 'device_timeline' ORDER BY 1"); do
    look "$view" "SELECT * FROM ops.$view"
done
look 'device_timeline of a device' "SELECT * FROM ops.device_timeline WHERE device = (SELECT min(device_id) FROM targets WHERE state = 'confirmed')"
of_three orchestratorctl campaign show wide
measured '- campaign show' "$took" ms
get() {
    curl -sf -H "Authorization: Bearer $ORCHESTRATOR_TOKEN" "$ORCHESTRATOR_URL/v1/$1"
}
for path in campaigns campaigns/wide/targets 'campaigns/wide/targets?state=offered' 'campaigns/wide/targets?after='$((count / 2)) \
    devices "devices?after=lamp-$(printf %08d $((count / 2)))" 'devices?tag=site-7' devices/lamp-00000001 plans/1/devices fleet/status audit; do
    of_three get "$path"
    measured "- GET /v1/$path" "$took" ms
done
