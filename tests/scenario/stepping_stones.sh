#!/usr/bin/env bash
# A release that may not be gone to straight: devices are taken over the stepping stones, one confirmed boot at a time.
. "$(dirname "$0")/lib.sh"

given_policy '.waves[0].size = {count: 3}'
given_fleet 8 v1.0.5 --prefix old- --boot-seconds 1
given_fleet 2 v1.1.0 --prefix newer- --boot-seconds 1
given_firmware v1.1.0
mkdir "$work/release"
for slot in 1 2; do
    "$build/tools/make_image" --slot $slot --seed 12 --output "$work/release/user$slot.bin"
done
orchestratorctl firmware upload "$(full v1.2.0)" "$work"/release/user[12].bin --requires "$(full v1.1.0)" > /dev/null

ctl 0 "$(full v1.0.5) -> $(full v1.1.0) -> $(full v1.2.0)" campaign plan --firmware "$(full v1.2.0)" --policy "$work/policy.json"
when_campaign up v1.2.0
then_campaign_is up completed
then_devices_run v1.2.0 10
then_everything_adds_up
[ "$(sql "SELECT count(*) FROM targets WHERE hop = 1 AND device_id LIKE 'old-%'")" = 8 ]
[ "$(sql "SELECT count(*) FROM events WHERE to_state = 'confirmed'")" = 10 ]
[ "$(sql "SELECT count(*) FROM events WHERE to_state = 'offered'")" = 18 ]
json '[.targets[] | select(.device == "newer-00001")] == [.targets[] | select(.device == "newer-00001" and .hop == 1)]' \
    campaign targets up
