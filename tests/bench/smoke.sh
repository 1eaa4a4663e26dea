#!/usr/bin/env bash
# The benchmarks still run: some rows, as small as they can be, and what they write down is whole. Says nothing about speed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(mktemp -d /tmp/fota-bench-smoke.XXXXXX)
trap 'rm -rf "$out"' EXIT
# The programs that make the load end with their buffers; orchestratord's leaks are looked for elsewhere.
export ASAN_OPTIONS=detect_leaks=0:${ASAN_OPTIONS:-}
BENCH_JSON=$out/bench.json RUNS=1 INGEST_DEVICES=1000 UPDATE_DEVICES=20 UPDATE_KILOBYTES=4 DISPATCH_DEVICES=100 LATENCY_CAMPAIGNS=1 LATENCY_HALTS=2 \
    "$here/run.sh" 1 2 3 7 > "$out/table" 2>&1 || { cat "$out/table" && exit 1; }
jq --exit-status '([.results[] | select(.limit) | .row] | unique) == ["1", "2", "3", "7"]
    and all(.results[]; .value >= 0 and (.limit == null or .ratio > 0))' "$out/bench.json" > "$out/verdict" ||
    { cat "$out/table" "$out/bench.json" && exit 1; }
# Small enough for every run; a report must not wait for the retained messages.
RETAINED_SECONDS=5 "$here/retained.sh" 20000
