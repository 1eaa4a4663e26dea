# Clusters of PostgreSQL beside that of local.sh, and orchestrators that can be told where their
# database is. For the rehearsals of failover and restore, which source this behind lib.sh.
#
# A cluster is a directory of the same form as the state directory of local.sh, so that the
# functions of deploy/local/postgres.sh serve all of them. `primary` is that of local.sh itself.

clusters=$work/clusters

# --- clusters -------------------------------------------------------------------------------------

# on CLUSTER COMMAND...: a command, or a function of deploy/local/postgres.sh, for this cluster.
on() (
    mkdir -p "$clusters/$1"
    state=$(cd "$clusters/$1" && pwd -P)
    fast=yes # read by postgres.sh
    : "$fast"
    . "$root/deploy/local/common.sh"
    . "$root/deploy/local/postgres.sh"
    "${@:2}"
)

# given_primary [SETTING...]: the cluster of local.sh with these settings, and the first database.
given_primary() {
    local setting
    mkdir -p "$work/state" "$clusters"
    ln -s "$work/state" "$clusters/primary"
    services --services up > "$work/services.log" 2>&1
    for setting; do
        superuser primary "ALTER SYSTEM SET $setting"
    done
    on primary stop_processes postgres "$(on primary postgres_directory)" INT 30
    given_an_orchestrator
}

# superuser CLUSTER SQL [DATABASE]
superuser() {
    psql "$(on "$1" postgres_url postgres "${3:-orchestrator}")" --no-psqlrc --quiet --tuples-only \
        --no-align --set ON_ERROR_STOP=1 --command "$2"
}

# url_of CLUSTER...: of the database, on whichever of them can be written.
url_of() {
    local name hosts=
    for name; do
        hosts+=${hosts:+,}127.0.0.1:$(cat "$clusters/$name/postgres.port")
    done
    echo "postgresql://orchestrator:$(cat "$clusters/$1/password")@$hosts/orchestrator?target_session_attrs=read-write"
}

# given_standby NAME OF: a copy of the cluster OF that follows it, without being waited for.
given_standby() {
    on "$1" postgres_settle
    cp "$clusters/$2/password" "$clusters/$1/password"
    on "$1" as_postgres "$(on "$1" postgres_tool pg_basebackup)" --no-sync --checkpoint=fast \
        --pgdata "$(on "$1" postgres_directory)" --write-recovery-conf \
        --dbname "$(on "$2" postgres_url postgres postgres)"
    touch "$(on "$1" postgres_directory)/complete"
    on "$1" postgres_start_once
    then_follows "$1" "$2"
}

# when_rewound NAME ONTO: a former primary becomes a standby of the one that took its place.
when_rewound() {
    local directory
    directory=$(on "$1" postgres_directory)
    rm -f "$directory/postmaster.pid" "$directory/standby.signal"
    chown --reference="$directory" "$directory/complete" # local.sh made it, pg_rewind writes it
    superuser "$2" 'CHECKPOINT' # else pg_rewind may not see the new timeline yet
    on "$1" as_postgres "$(on "$1" postgres_tool pg_rewind)" --target-pgdata "$directory" --no-sync \
        --source-server "$(on "$2" postgres_url postgres postgres)" --write-recovery-conf \
        > "$work/rewind.log" 2>&1 || fail "pg_rewind: $(tail -n 5 "$work/rewind.log")" || return 1
    on "$1" postgres_start_once
    then_follows "$1" "$2"
}

# then_follows STANDBY PRIMARY: it is connected, and has what the primary had.
then_follows() {
    local end=$((SECONDS + patience)) at
    at=$(superuser "$2" 'SELECT pg_current_wal_lsn()')
    until [ "$(superuser "$1" "SELECT pg_last_wal_replay_lsn() >= '$at' AND EXISTS
        (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')")" = t ]; do
        [ $SECONDS -lt $end ] || fail "$1 does not follow $2: $(tail -n 3 "$clusters/$1/postgres.log")" ||
            return 1
        sleep 0.1
    done
}

# processes CLUSTER: all of them, the postmaster first.
processes() {
    local postmaster
    postmaster=$(on "$1" processes_of postgres "$(on "$1" postgres_directory)")
    echo "$postmaster"
    xargs -n 1 < "/proc/$postmaster/task/$postmaster/children"
}

when_killed() {
    local -a pids
    mapfile -t pids < <(processes "$1")
    kill -KILL "${pids[@]}"
}

# A promotion waits until the standby can be written.
when_promoted() {
    [ "$(superuser "$1" 'SELECT pg_promote()')" = t ] || fail "$1 was not promoted"
}

# --- orchestrators --------------------------------------------------------------------------------

declare -A orchestrators # their processes, by number

# when_orchestrator_starts NUMBER URL: with the database at this URL.
when_orchestrator_starts() {
    local port=$((${ORCHESTRATOR_URL##*:} + $1 - 1)) end=$((SECONDS + patience))
    sed "s/^http_port = .*/http_port = $port/
         s|^database_url = .*|database_url = \"$2\"|
         s|^cache_directory = .*|cache_directory = \"$work/images-$1\"|" \
        "$work/state/orchestratord.conf" > "$work/orchestratord-$1.conf"
    "$build/bin/orchestratord" --config "$work/orchestratord-$1.conf" 2>> "$work/orchestratord-$1.log" &
    orchestrators[$1]=$!
    helpers+=($!)
    until curl --silent --fail "http://127.0.0.1:$port/readyz" > "$work/out"; do
        kill -0 "${orchestrators[$1]}" || fail "orchestratord $1 ended" || return 1
        [ $SECONDS -lt $end ] || fail "orchestratord $1 is not ready" || return 1
        sleep 0.1
    done
}

# given_orchestrators URL: two, instead of the one of local.sh.
given_orchestrators() {
    kill "$(services pid orchestratord)"
    export DATABASE_URL=$1
    when_orchestrator_starts 1 "$1"
    when_orchestrator_starts 2 "$1"
}

# again COMMAND...: of an operator. After a failover the first request of each HTTP thread finds a
# broken session, and is answered with "try again".
again() {
    local tries=1
    until "$@" 2> "$work/refused"; do
        [ $tries -lt 8 ] || fail "$* is refused: $(cat "$work/refused")" || return 1
        tries=$((tries + 1))
    done
}

# Ends both, as SIGTERM does; neither has crashed before.
when_orchestrators_end() {
    local number code
    for number in "${!orchestrators[@]}"; do
        code=0
        kill -TERM "${orchestrators[$number]}" || true
        wait "${orchestrators[$number]}" || code=$?
        [ $code = 0 ] || fail "orchestratord $number ended with $code" || return 1
    done
    orchestrators=()
}

# --- the end --------------------------------------------------------------------------------------

# shellcheck disable=SC2154 # code is that of leave()
clean_up() {
    local log directory
    for log in "$work"/orchestratord-*.log; do
        [ "$code" = 0 ] || [ ! -s "$log" ] || { echo "--- the end of $log" &&
            grep -vE 'level=debug|http_request' "$log" | tail -n "${LOG_LINES:-40}"; }
    done
    kill "${orchestrators[@]}" 2> /dev/null || true
    for directory in "$clusters"/*; do
        on "${directory##*/}" postgres_down > /dev/null || true
    done
}

# --- what happened --------------------------------------------------------------------------------

# longest_pause CAMPAIGN: seconds between two confirmations, at most, by the event log.
longest_pause() {
    sql "SELECT round(extract(epoch FROM max(pause)), 1) FROM (
            SELECT e.at - lag(e.at) OVER (ORDER BY e.at) AS pause
            FROM events e JOIN campaigns c USING (campaign_id)
            WHERE c.name = '$1' AND e.subject = 'target' AND e.to_state = 'confirmed') AS pauses"
}

# confirmed_on CLUSTER CAMPAIGN: the devices, sorted.
confirmed_on() {
    superuser "$1" "SELECT device_id FROM targets JOIN campaigns USING (campaign_id)
        WHERE name = '$2' AND targets.state = 'confirmed' ORDER BY device_id COLLATE \"C\""
}

# note_campaigns: which version each of them leads to. Before the database may forget one.
note_campaigns() {
    sql "SELECT wire_number || ',' || version FROM campaigns JOIN firmware USING (firmware_id)" \
        >> "$work/campaigns"
}

# then_no_image_was_written_twice: by no device, however many campaigns and attempts offered it.
# After when_fleets_end. The campaigns are those that were noted, also what the database has lost.
then_no_image_was_written_twice() {
    note_campaigns
    sort -u "$work/campaigns" -o "$work/campaigns"
    sql 'CREATE TABLE noted (number bigint PRIMARY KEY, version text)'
    sql "\\copy noted FROM '$work/campaigns' WITH (FORMAT csv)"
    sql 'CREATE VIEW written AS SELECT device, coalesce(wire_number, campaign) AS number, images
        FROM flashes LEFT JOIN campaigns ON campaign_id = campaign WHERE campaign IS NOT NULL'
    none "images were written for a campaign that nobody made" \
        'SELECT * FROM written WHERE number NOT IN (SELECT number FROM noted)'
    none "images were written twice by one device" 'SELECT device, version, sum(images)
        FROM written JOIN noted USING (number) GROUP BY 1, 2 HAVING sum(images) > 1'
}
