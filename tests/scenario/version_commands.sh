#!/usr/bin/env bash
# Every example of the guide's appendix (I.I and I.II) through `orchestratorctl version`; no server is needed.
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
together() { exits 0 coexist "$@"; }
rivals() {
    exits 1 coexist "$@"
    says 'cannot co-exist'
}

# --- I.I: the template and its parts
exits 0 parse 'v1.0.2t45772(a)'
says 'v1.0.2t45772(a): formal, value 1.0.2, product type 45772, online and local upgrade'
exits 0 parse 'v1.0.2.t45772(a)' # as the template writes it
says 'v1.0.2t45772(a): formal'
exits 0 parse 'b1.0.2t45772(a)'
says 'beta'
exits 0 parse 'v1.1.0t45772(a)' 'v1.0.5t45772(a)' 'v1.4.0t45772(a)' 'v1.0.5t27388(a)'
exits 0 parse 'v1.0.5t45772(o)' 'v1.0.5t45772(l)' 'v1.0.5t45772(a)' 'v1.0.5t45772(n)'
says '(o): formal, value 1.0.5, product type 45772, online upgrade'
says '(l): formal, value 1.0.5, product type 45772, local upgrade'
says '(a): formal, value 1.0.5, product type 45772, online and local upgrade'
says '(n): formal, value 1.0.5, product type 45772, no upgrade'
for number in 0 1 2 3 4 5 6 7 8 9; do # Num: [0, 9]
    exits 0 parse "v$number.0.0t45772(a)" "v0.$number.0t45772(a)" "v0.0.${number}t45772(a)"
done
exits 1 parse 'v10.0.0t45772(a)'
exits 1 parse 'v1.10.0t45772(a)'
exits 1 parse 'v1.0.10t45772(a)'
says "character 7 is '0'"
exits 1 parse 'v-1.0.0t45772(a)'
exits 1 parse 'c1.0.0t45772(a)'
exits 1 parse 'v1.0.0t45772(x)'
exits 1 parse 'v1.0.0t(a)'
exits 1 parse 'v1.0.0t45772'
exits 1 parse 'v1.0.5'

# the notice: formal and beta of one value cannot co-exist
rivals 'v1.0.5t45772(a)' 'b1.0.5t45772(a)'
# the mobile app's limit of 1.4.0, as a rule
exits 0 match '<=1.4.0' 'v1.4.0t45772(a)'
exits 1 match '<=1.4.0' 'v1.4.1t45772(a)'
# section 2.4: from v1.0.5 to v1.1.0
exits 0 compare 'v1.1.0t45772(a)' 'v1.0.5t45772(a)'
says 'is newer than'

# --- I.II, first rule: one FOTA-capable version
for other in 'v1.0.3t45772(o)' 'v1.0.3t45772(l)' 'v1.0.3t45772(a)' 'b1.0.3t45772(l)' 'b1.0.3t45772(a)'; do
    rivals 'b1.0.3t45772(o)' "$other"
    says 'one FOTA-capable (o, l or a) version of value 1.0.3'
done
# second rule: one non-FOTA version
rivals 'v1.0.3t45772(n)' 'b1.0.3t45772(n)'
says 'one non-FOTA (n) version of value 1.0.3'
# third rule: beside a non-FOTA version one of the FOTA-capable ones, not two
fota=('b1.0.3t45772(o)' 'b1.0.3t45772(l)' 'b1.0.3t45772(a)' 'v1.0.3t45772(o)' 'v1.0.3t45772(l)' 'v1.0.3t45772(a)')
for first in "${fota[@]}"; do
    together 'b1.0.3t45772(n)' "$first"
    for second in "${fota[@]}"; do
        rivals 'b1.0.3t45772(n)' "$first" "$second"
    done
done
# fourth rule: product types do not meet
together 'b1.0.3t12335(n)' 'b1.0.3t45772(n)'

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
[ $checks -ge 88 ] || fail "only $checks checks were made"
