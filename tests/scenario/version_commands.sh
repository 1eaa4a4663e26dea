#!/usr/bin/env bash
# Every example of the guide's appendix (tests/golden/appendix_versions.txt) through `orchestratorctl version`; no server is needed.
set -euo pipefail
build=${BUILD:-build}
orchestratorctl=$build/bin/orchestratorctl
unset ORCHESTRATOR_URL ORCHESTRATOR_TOKEN
checks=0

fail() {
    echo "version_commands: $*" >&2
    exit 1
}

# exits CODE WORDS...: runs `version WORDS...`; what it printed is in $out
exits() {
    local wanted=$1 code=0
    shift
    out=$("$orchestratorctl" version "$@" 2>&1) || code=$?
    [ $code = "$wanted" ] || fail "version $* exited with $code, not $wanted: $out"
    checks=$((checks + 1))
}
says() {
    grep -qF -- "$1" <<< "$out" || fail "does not say \"$1\": $out"
}

# --- every example of the appendix, from the table that the unit test reads too
parts_are() { # parts_are CANONICAL TYPE VALUE PTYPE CLASS UPGRADE: of the document in $out
    jq --exit-status --arg parts "$*" '.[0] | [.version, .type, "\(.major).\(.minor).\(.revision)", .ptype, .class,
        if .online then {a: "both", o: "online"}[.class] elif .fota then "local" else "none" end] |
        map(tostring) | join(" ") == $parts' <<< "$out" > /dev/null || fail "not \"$*\": $out"
}
appendix_row() { # appendix_row PLACE WHAT WORDS...
    local code
    case $2 in
    read)
        exits 0 parse --json "$3"
        parts_are "${@:4}"
        ;;
    refuse)
        exits 1 parse "$3"
        grep -qE "(, character $4 is |ends at character $4:)" <<< "$out" || fail "$3 is wrong at character $4, not: $out"
        ;;
    compare)
        exits 0 compare "$3" "$5"
        says "$([ "$4" = equal ] && echo neither older nor newer than || echo "is $4 than")"
        ;;
    match)
        [ "$4" = yes ] && code=0 || code=1
        exits $code match "$3" "$5"
        ;;
    coexist)
        [ "$3" = yes ] && code=0 || code=1
        exits $code coexist "${@:4}"
        [ $code = 0 ] || says 'cannot co-exist'
        ;;
    *) fail "nobody knows what is asked: $*" ;;
    esac
}
rows=0
while read -r -a row; do
    [ "${row[0]}" = '#' ] || { appendix_row "${row[@]}" && rows=$((rows + 1)); }
done < tests/golden/appendix_versions.txt
[ $rows = $checks ] && [ $rows -gt 70 ] || fail "$rows rows were read, and $checks checks made"

# --- in words
exits 0 parse 'v1.0.2t45772(a)'
says 'v1.0.2t45772(a): formal, value 1.0.2, product type 45772, online and local upgrade'
exits 0 parse 'b1.0.5t45772(o)' 'v1.0.5t45772(l)' 'v1.0.5t45772(n)'
says '(o): beta, value 1.0.5, product type 45772, online upgrade'
says '(l): formal, value 1.0.5, product type 45772, local upgrade'
says '(n): formal, value 1.0.5, product type 45772, no upgrade'
exits 1 coexist 'b1.0.3t45772(o)' 'v1.0.3t45772(l)'
says 'one FOTA-capable (o, l or a) version of value 1.0.3'
exits 1 coexist 'v1.0.3t45772(n)' 'b1.0.3t45772(n)'
says 'one non-FOTA (n) version of value 1.0.3'
exits 1 parse 'v1.0.5'

# --- as JSON, and wrong usage
exits 1 coexist --json 'v1.0.3t45772(n)' 'b1.0.3t45772(n)'
jq --exit-status '.coexist == false and (.rivals | length) == 1 and .rivals[0].a == "v1.0.3t45772(n)"' \
    <<< "$out" > /dev/null || fail "wrong JSON: $out"
exits 0 parse --json 'v1.0.2t45772(a)'
jq --exit-status '.[0] | .type == "v" and .major == 1 and .minor == 0 and .revision == 2 and .ptype == 45772 and
    .class == "a" and .online and .fota' <<< "$out" > /dev/null || fail "wrong JSON: $out"
exits 2 coexist 'v1.0.3t45772(n)'
exits 2 coexist 'v1.0.3t45772(n)' 'v1.0.3'
exits 2 compare 'v1.0.3t45772(n)'
exits 2 match '>=' 'v1.0.3t45772(n)'
exits 2 parse
exits 2 nonsense
exits 0 parse --scheme semver 1.0.0-alpha.1+build
exits 0 compare --scheme semver 1.0.0-alpha 1.0.0
says 'is older than'

exits 0 parse --scheme semver '1.4.0-rc.1t45772(a)'
says 'value 1.4.0, prerelease rc.1, product type 45772'
exits 1 compare --scheme semver '1.4.0t1(a)' '1.4.0t2(a)'
exits 1 coexist --scheme semver '1.4.0+at1(a)' '1.4.0+bt1(l)'
says 'one FOTA-capable (o, l or a) version of precedence 1.4.0'

# the program's own version is still told
"$orchestratorctl" --version | grep -q '^orchestratorctl [0-9]'
exits 0
says 'orchestratorctl '
[ $checks -ge $((rows + 18)) ] || fail "only $checks checks were made"
