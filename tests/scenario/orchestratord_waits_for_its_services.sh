#!/usr/bin/env bash
# orchestratord starts while PostgreSQL and the broker are down, says so, and goes on by itself when they come. SIGHUP reads its
# configuration again, SIGTERM drains and exits 0.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
config=$work/state/orchestratord.conf log=$work/by-hand.log
for program in orchestratord mosquitto postgres; do
    kill -KILL "$(services pid $program)"
done
sleep 0.5

"$build/bin/orchestratord" --config "$config" 2> "$log" &
daemon=$!
helpers+=("$daemon")

answers() { # answers PATH CODE
    local end=$((SECONDS + patience)) code=
    until code=$(curl -s -o "$work/answer" -w '%{http_code}' "$ORCHESTRATOR_URL$1"); [ "$code" = "$2" ]; do
        [ $SECONDS -lt $end ] || fail "$1 answers $code, not $2: $(cat "$work/answer")" || return 1
        sleep 0.1
    done
}
says() { # says WORDS: in the log
    local end=$((SECONDS + patience))
    until grep -q "$1" "$log"; do
        [ $SECONDS -lt $end ] || fail "the log does not say $1: $(cat "$log")" || return 1
        sleep 0.1
    done
}

answers /healthz 200
answers /readyz 503
grep -q database "$work/answer"
! grep -qiE 'postgres|127\.0\.0\.1|connect' "$work/answer" || fail "/readyz tells strangers too much: $(cat "$work/answer")"
says database_unavailable
says broker_unreachable
code=0
orchestratorctl campaign list > "$work/answer" 2>&1 || code=$?
[ $code = 1 ] || fail "campaign list exits with $code while the database is down: $(cat "$work/answer")"

services --services up > "$work/services.log" 2>&1
answers /readyz 200
says database_ready
says broker_connected
orchestratorctl campaign list > /dev/null

sed -i 's/^log_level = .*/log_level = info/' "$config"
kill -HUP "$daemon"
says reloaded
echo 'no_such_key = 1' >> "$config"
kill -HUP "$daemon"
says reload_refused
answers /readyz 200

kill -TERM "$daemon"
code=0
wait "$daemon" || code=$?
[ $code = 0 ] || fail "orchestratord exited with $code on SIGTERM"
helpers=()
