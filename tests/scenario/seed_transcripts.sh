#!/usr/bin/env bash
# The blocks of commands of docs/seed-coverage.md, run in their order against a real server with a real agent behind it: each prints what
# the page says. A block is ```console; `$ ` begins a command, `> ` goes on with it, and what follows is its answer.
#   SHOW=yes: prints the page with the answers that were got, and compares nothing.
. "$(dirname "$0")/lib.sh"
page=$root/docs/seed-coverage.md

# pattern: a regular expression for an answer with placeholders
pattern() {
    sed -E -e 's/[][\\.*^$+?(){}|]/\\&/g' -e 's/<KEY>/[0-9a-f]{40}/g' -e 's/<SHA256>/[0-9a-f]{64}/g' -e 's/<NONCE>/[0-9a-f]{16}/g' \
        -e 's/<NUMBER>/[0-9]+/g' -e 's/<STATE>/(accepted|downloading|installed|trial|confirmed)/g' \
        -e 's/<DATE>/[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT/g'
}

commands=0
run() { # run COMMAND ANSWER: without the empty lines at the end of both
    local said wanted answer code=0
    [ -n "$1" ] || return 0
    answer=$(echo "$2")
    commands=$((commands + 1))
    eval "$1" > "$work/said" 2>&1 || code=$?
    [[ $1 != *' &' ]] || helpers+=($!)
    said=$(tr -d '\r' < "$work/said")
    [ -z "${SHOW:-}" ] || { printf '$ %s\n%s\n' "${1//$'\n'/$'\n'> }" "$said" && return; }
    wanted=$(pattern <<< "$answer")
    [ $code = 0 ] || fail "exited with $code: $1" || return 1
    [[ $said =~ ^$wanted$ ]] ||
        fail "$1"$'\n'"has another answer than in $page:"$'\n'"$(diff <(echo "$answer") <(echo "$said"))"
}

given_an_orchestrator
# what the page takes for granted
mkdir "$work/page"
cd "$work/page"
PATH=$build/tools:$PATH
URL=$ORCHESTRATOR_URL
admin="Authorization: Bearer $ORCHESTRATOR_TOKEN"

command='' answer='' inside=
while IFS= read -r line <&3; do
    case $inside,$line in
    ,'```console') inside=yes ;;
    ,*) ;;
    yes,'```')
        run "$command" "$answer"
        command='' answer='' inside=
        ;;
    yes,'$ '*)
        run "$command" "$answer"
        command=${line#'$ '} answer=''
        ;;
    yes,'> '*) command+=$'\n'${line#'> '} ;;
    *) answer+=$line$'\n' ;;
    esac
done 3< "$page"
[ -z "$inside" ] || fail 'the last block does not end'
for endpoint in 'v1/products/' key.bin v1/firmware/ '/current' 'http1.0 --head' 'http1.1 -D' is_format_simple sys_reboot sys_upgrade; do
    grep -q "^\$ .*$endpoint" "$page" || fail "$endpoint is not on the page"
done
[ $commands -ge 40 ] || fail "only $commands commands were run"
