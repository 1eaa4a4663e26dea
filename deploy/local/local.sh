#!/usr/bin/env bash
# A private PostgreSQL, mosquitto and orchestratord on free loopback ports, for one checkout: `make up`, `make down`,
# the demo and the tests. Everything is kept in one state directory. As root or as any user.
set -euo pipefail

usage() {
    cat << 'USAGE'
Usage: local.sh [OPTION]... COMMAND
  up           start what does not run yet, write DIR/env
  down         stop all of it; the data stays for the next `up`
  status       say what runs
  pid PROGRAM  print the process number of postgres, mosquitto or orchestratord
Options:
  --state DIR  where everything is kept (default: .local in the checkout)
  --build DIR  where the programs are built (default: build in the checkout)
  --services   only PostgreSQL and mosquitto
  --fast       a new cluster does without fsync: for tests only
  --remove     with down: remove DIR as well
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
state=$root/.local
build=$root/build
services= fast= remove= command= program=
while [ $# -gt 0 ]; do
    case $1 in
    --state | --build)
        [ $# -ge 2 ] || { echo "local: $1 needs a directory" >&2 && exit 2; }
        [ "$1" = --state ] && state=$2 || build=$2
        shift
        ;;
    --services) services=yes ;;
    --fast) fast=yes ;;
    --remove) remove=yes ;;
    --help) usage && exit 0 ;;
    up | down | status) command=$1 ;;
    pid)
        command=pid program=${2:-}
        [ $# -lt 2 ] || shift
        ;;
    *) echo "local: what is \"$1\"?" >&2 && usage >&2 && exit 2 ;;
    esac
    shift
done
[ -n "$command" ] || { usage >&2 && exit 2; }
if [ ! -d "$state" ]; then
    [ "$command" = up ] || { echo "local: nothing is there to ask: no $state" && exit 0; }
    mkdir -p "$state"
fi
state=$(cd "$state" && pwd -P)
build=$(cd "$build" 2> /dev/null && pwd -P || echo "$build")

# Settings of the caller's shell are for other servers.
unset ${!PG*} ${!ORCHESTRATORD_*}

here=$root/deploy/local
. "$here/common.sh"
. "$here/postgres.sh"
. "$here/mosquitto.sh"
. "$here/orchestratord.sh"

write_env() {
    (
        umask 077
        {
            echo "# To be sourced. Made by deploy/local/local.sh."
            echo "export DATABASE_URL='$(postgres_url orchestrator orchestrator)'"
            echo "export MQTT_URL='mqtt://orchestrator@127.0.0.1:$(cat "$state/mosquitto.port")'"
            echo "export MQTT_ADDRESS='127.0.0.1:$(cat "$state/mosquitto.port")'"
            if [ -z "$services" ]; then
                echo "export ORCHESTRATOR_URL='http://127.0.0.1:$(cat "$state/http.port")'"
                echo "export ORCHESTRATOR_TOKEN='$(cat "$state/token")'"
            fi
            # shellcheck disable=SC2016 # expanded when sourced
            echo 'case ":$PATH:" in *":'"$build"'/bin:"*) ;; *) export PATH="'"$build"'/bin:$PATH" ;; esac'
        } > "$state/env.new"
    )
    mv "$state/env.new" "$state/env"
}

up() {
    postgres_up
    mosquitto_up
    [ -n "$services" ] || orchestratord_up
    write_env
    [ -n "$services" ] || say "ready: . ${state#"$PWD/"}/env"
}

down() {
    orchestratord_down
    mosquitto_down
    postgres_down
    rm -f "$state/env"
    [ -z "$remove" ] || rm -rf "$state"
}

status() {
    local name
    for name in postgres mosquitto orchestratord; do
        "${name}_running" && say "$name runs" || say "$name does not run"
    done
}

program_pid() {
    case $program in
    postgres) processes_of postgres "$(postgres_directory)" ;;
    mosquitto) processes_of mosquitto "$mosquitto_conf" ;;
    orchestratord) processes_of orchestratord "$orchestratord_conf" ;;
    *) die "pid PROGRAM: postgres, mosquitto or orchestratord" ;;
    esac
}

case $command in
pid) program_pid ;;
status) status ;;
*)
    exec 9> "$state/lock"
    flock -w 120 9 || die "another local.sh works on $state"
    "$command"
    ;;
esac
