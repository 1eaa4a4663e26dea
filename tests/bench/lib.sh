# What the benchmarks share. A benchmark sources this: it then has a private PostgreSQL and orchestratord, with fsync, and a product lamp; its
# folder $work and they are gone at its end.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${BUILD:-$root/build}" && pwd)
work=$(mktemp -d /tmp/fota-bench.XXXXXX)
cd "$root"

services() {
    deploy/local/local.sh --state "$work/state" --build "$build" "$@"
}
leave() {
    services --remove down > "$work/log" 2>&1 || cat "$work/log" >&2
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 143' TERM INT

services up > "$work/log" 2>&1 || { cat "$work/log" && exit 1; }
# shellcheck disable=SC1091
. "$work/state/env"
orchestratorctl product create --name lamp --ptype 45772 > "$work/log"
daemon=$(services pid orchestratord)

# kib FIELD: of the daemon's memory
kib() {
    awk -v field="$1:" '$1 == field {print $2}' "/proc/$daemon/status"
}
# A line of the table.
row() {
    printf '| %s | %s | %s | %s |\n' "$@"
}
