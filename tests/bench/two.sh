#!/usr/bin/env bash
# Row 8: reports in to committed rows, as in row 1, with one and with two orchestrators on one database and one broker, all on the same processors.
#   two.sh [DEVICES] (10000: five times as many reports), a multiple of 1,000
set -euo pipefail
count=${1:-${TWO_DEVICES:-10000}}
settings='offer_resend_seconds = 3600'
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR
. "$root/tests/bench/reports.sh"
devices "$count"
policy

run=1
for orchestrators in 1 2; do
    if [ $orchestrators = 2 ]; then
        sed "s/^http_port = .*/http_port = $((${ORCHESTRATOR_URL##*:} + 1))/; s|^cache_directory = .*|cache_directory = \"$work/second-images\"|" \
            "$work/state/orchestratord.conf" > "$work/second.conf"
        orchestratord run --config "$work/second.conf" 2> "$work/second.log" &
        helper=$!
        helpers+=($helper)
        until_line "$work/second.log" broker_connected
        until_sql 2 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'orchestratord ticker'"
    fi
    for _ in 1 2 3; do
        offer_all "$count" "$run"
        report_all "$count" "$run" >> "$work/of-$orchestrators"
        run=$((run + 1))
    done
done
measured 'reports in to committed rows, two orchestrators' "$(median < "$work/of-2")" reports/s "$(median < "$work/of-1")" 'one orchestrator'
