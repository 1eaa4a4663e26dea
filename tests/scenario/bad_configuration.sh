#!/usr/bin/env bash
# Every mistake in the configuration or on the command line gets one clear error, a code, and nothing else.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
config=$work/own.conf

refuses() { # refuses CODE WORDS COMMAND...: one line on standard error that holds the words
    local wanted=$1 words=$2 code=0
    shift 2
    timeout 20 "$@" > "$work/out" 2> "$work/err" || code=$?
    [ $code = "$wanted" ] || fail "$* exited with $code, not $wanted: $(cat "$work/err")" || return 1
    grep -q -e "$words" "$work/err" || fail "$* does not say \"$words\": $(cat "$work/err")"
}
with() { # with LINE...: the configuration file
    printf '%s\n' "$@" > "$config"
}
good=("database_url = $DATABASE_URL" "mqtt_url = $MQTT_URL" "cache_directory = $work/images")

with "${good[@]}" 'colour = red'
refuses 1 'own.conf:4.*colour' orchestratord --config "$config"
with "${good[0]}"
refuses 1 'mqtt_url' orchestratord --config "$config"
with "${good[@]}" 'http_port = many'
refuses 1 'own.conf:4.*http_port' orchestratord --config "$config"
with "${good[@]}" "http_port = ${ORCHESTRATOR_URL##*:}"
refuses 1 "${ORCHESTRATOR_URL##*:}" orchestratord --config "$config"
refuses 1 'nowhere.conf' orchestratord --config "$work/nowhere.conf"
refuses 2 'no such command: fly$' orchestratord fly
refuses 2 'no such command: run now$' orchestratord run now
refuses 2 'role' orchestratord token create --role king --name k --config "$config"
refuses 2 'unrecognized option' orchestratord --colour

with "database_url = postgresql://o@127.0.0.1:99999/fleet" "${good[@]:1}"
refuses 1 'database_url: has a port' orchestratord --config "$config"
with "database_url = postgresql://o@127.0.0.1:5432,127.0.0.2:0/fleet" "${good[@]:1}"
refuses 1 'database_url: has a port' orchestratord --config "$config"
with "${good[@]}" 'public_url = http://127.0.0.1:99999'
refuses 1 'own.conf:4.*public_url' orchestratord --config "$config"
with "database_url = foo" "${good[@]:1}"
refuses 1 'database_url' orchestratord --config "$config"
with "database_url = ${DATABASE_URL/:*@/:wrong:password@}" "${good[@]:1}"
refuses 1 'database_url' orchestratord migrate --config "$config"
with "database_url = $(sed -E 's|//([^:]+):[^@]+@|//\1:wrong@|' <<< "$DATABASE_URL")" "${good[@]:1}"
refuses 1 'password authentication failed' orchestratord migrate --config "$config"

with "${good[@]}"
mkdir "$work/migrations"
cp migrations/*.sql "$work/migrations"
echo '-- changed' >> "$work/migrations/0001_catalogue.sql"
refuses 1 '0001_catalogue.sql.*changed' orchestratord migrate --config "$config" --directory "$work/migrations"
find "$work/migrations" -name '*.sql' ! -name '000[1-3]*' -delete
cp migrations/0001* "$work/migrations"
refuses 1 '0004.*older than the database' orchestratord migrate --config "$config" --directory "$work/migrations"

# and nothing of all this has changed anything
orchestratord migrate --config "$config" | grep -q '^0 of '
orchestratorctl token 2> /dev/null && fail "an unknown command went through" || [ $? != 0 ]
[ "$(sql 'SELECT count(*) FROM tokens')" = 1 ]
