#!/usr/bin/env bash
# Row 3: whole updates of a fleet a second (offer, reports, HEAD, GET, trial, confirmation, ack), every state durable, and what an update costs
# each of the servers' processes. Images of 4 KB (the smallest that there can be has 3.1), 64 KB and 400 KB; the devices, in fleetsim, share
# the processors.
#   updates.sh [DEVICES] (5000)
set -euo pipefail
count=${1:-${UPDATE_DEVICES:-5000}}
parts='orchestratord postgres mosquitto'
declare -A used
settings='offer_resend_seconds = 3600'
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
fleet "$count"
policy

# Of fleetsim: no service, but what shares the processors with them.
fleet_cpu() {
    awk -v ticks="$(getconf CLK_TCK)" '{sub(/.*\) /, ""); printf "%d", ($12 + $13) * 1000000 / ticks}' "/proc/$fleet/stat"
}
minor=1
for kilobytes in ${UPDATE_KILOBYTES:-4 64 400}; do
    firmware "v1.$minor.0" $((kilobytes * 1024))
    for part in $parts; do
        used[$part]=$(cpu "$part")
    done
    used[fleet]=$(fleet_cpu)
    campaign "of-$kilobytes" "v1.$minor.0"
    until_sql completed "SELECT state FROM campaigns WHERE name = 'of-$kilobytes'" 180
    # From the opening of its only wave to the last confirmation.
    rate=$(sql "SELECT round(count(*) / extract(epoch FROM max(at) - min(w.opened_at))) FROM events e JOIN campaigns c USING (campaign_id)
        JOIN waves w USING (campaign_id) WHERE c.name = 'of-$kilobytes' AND e.to_state = 'confirmed'")
    confirmed=$(sql "SELECT confirmed FROM ops.campaign_progress WHERE campaign = 'of-$kilobytes'")
    [ "$confirmed" = "$count" ] || { echo "only $confirmed of $count were confirmed" >&2 && exit 1; }
    measured "whole updates, $count devices, $kilobytes KB" "$rate" updates/s
    total=0
    for part in $parts; do
        cost=$(calculate "($(cpu "$part") - ${used[$part]}) / $count")
        measured "- processor time of $part, $kilobytes KB" "$cost" us/update
        total=$((total + cost))
    done
    measured "- of all three, $kilobytes KB" $total us/update 600 'what was aimed at, at 400 KB' less
    measured "- of fleetsim, the devices, $kilobytes KB" "$(calculate "($(fleet_cpu) - ${used[fleet]}) / $count")" us/update
    minor=$((minor + 1))
done
