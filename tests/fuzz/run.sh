#!/usr/bin/env bash
# Runs fuzzers one after the other, each for some seconds, from its corpus: run.sh BUILD SECONDS NAME...
# Exit code 1 when any has found something; the input that does it is then in BUILD/findings.
set -u
build=$1 seconds=$2
shift 2
findings=$build/findings
failed=
mkdir -p "$findings"

for name; do
    log=$build/$name.log
    mkdir -p "$build/corpus/$name" # what it learns, for the next run
    code=0
    "$build/fuzzers/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -use_value_profile=1 \
        -print_final_stats=1 -artifact_prefix="$findings/$name-" \
        "$build/corpus/$name" "tests/fuzz/corpus/$name" > "$log" 2>&1 || code=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ $code = 0 ] && [ "${runs:-0}" -gt 0 ]; then
        echo "$name: $runs runs in $seconds s, nothing found"
    else
        failed=yes
        echo "$name: FAILED (exit code $code)"
        sed 's/^/    | /' "$log" | tail -n 60
    fi
done
[ -z "$failed" ]
