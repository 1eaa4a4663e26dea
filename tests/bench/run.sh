#!/usr/bin/env bash
# `make bench`: measures what docs/performance.md says, each row beside the bare limit of the same run. Prints a table, and writes bench.json into the
# build directory. All of it takes about ten minutes.
#   run.sh [ROW]...    numbers as in docs/performance.md, or `import`; all of them without
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${BUILD:-$here/../../build}" && pwd)
declare -A rows=([1]=ingest [2]=dispatch [3]=updates [4]=images [5]=plan [6]=memory [7]=latency [8]=two [import]=import)
[ $# -gt 0 ] || set -- 1 2 3 4 5 6 7 8 import
json=${BENCH_JSON:-$build/bench.json}
export RESULTS=$json.lines row_name
: > "$RESULTS"
code=0
printf '%s, %s cores, PostgreSQL %s, %s, load %s before\n' "$(uname -m)" "$(nproc)" "$(pg_config --version | cut -d' ' -f2)" \
    "$(PATH=$PATH:/usr/sbin mosquitto -h | head -n 1)" "$(cut -d' ' -f1 /proc/loadavg)"
printf '%-66s %12s %-10s %12s %7s  %s\n' what product unit limit ratio 'the limit is'
for row_name; do
    [ -n "${rows[$row_name]:-}" ] || { echo "bench: no row $row_name; there are ${!rows[*]}" >&2 && exit 2; }
    began=$SECONDS
    "$here/${rows[$row_name]}.sh" || { code=1 && echo "bench: row $row_name failed" >&2; }
    echo "# row $row_name took $((SECONDS - began)) s"
done
jq --slurp --arg cores "$(nproc)" --arg at "$(date -u +%FT%TZ)" --arg version "$(git -C "$here" describe --always --dirty 2> /dev/null || true)" \
    '{at: $at, version: $version, cores: ($cores | tonumber), results: .}' "$RESULTS" > "$json"
rm -f "$RESULTS"
echo "# ${json#"$PWD/"}"
exit $code
