#!/usr/bin/env bash
# campaign plan: an operator looks at what a campaign would do, and then has exactly that done.
. "$(dirname "$0")/lib.sh"

version=$(full v1.1.0)
given_policy '.waves[0].size = {count: 5}'
given_fleet 20 v1.0.5 --prefix lamp- --boot-seconds 1
given_fleet 3 v1.2.0 --prefix newer-
given_firmware v1.1.0
sql "UPDATE devices SET tags = '{lab}' WHERE device_id IN ('lamp-00001', 'lamp-00002')" > /dev/null
choice=(--firmware "$version" --policy "$work/policy.json" --select 'not tag:lab and online')

# For people and for programs; and nobody is offered anything.
ctl 0 'canary *5' campaign plan "${choice[@]}"
grep -q 'wide *13' "$work/out" && grep -q 'version *3' "$work/out"
grep -q 'campaign create NAME --plan 1$' "$work/out"
json '.members == 18 and .bytes > 0 and .left_out == [{"reason": "version", "devices": 3}]' campaign plan "${choice[@]}"
json '[.devices[].device] | length == 18 and all(. != "lamp-00001")' plan devices 2
json '.devices | length == 5 and all(.wave == 0)' plan devices 2 --wave 0
json '[.devices[].device] == ["newer-00001", "newer-00002", "newer-00003"]' plan left-out 2
[ "$(sql 'SELECT count(*) FROM targets')" = 0 ]

# What the campaign does is what the plan shows.
orchestratorctl plan devices 2 --json | jq -r '.devices[] | "\(.device) \(.wave)"' | sort > "$work/planned"
ctl 0 'created and started' campaign create june --plan 2 --start
then_campaign_is june completed
sql "SELECT device_id || ' ' || wave FROM targets ORDER BY 1" | sort > "$work/done"
diff "$work/planned" "$work/done"
then_devices_run v1.1.0 18
then_everything_adds_up

# What cannot be is refused, and says where.
ctl 1 'plan: there is no plan 99' campaign create july --plan 99
ctl 2 '\-\-firmware is not allowed beside --plan' campaign create july --plan 2 --firmware "$version"
ctl 1 'select: "tag" at character 1' campaign plan "${choice[@]:0:4}" --select tag
ctl 2 'policy is missing' campaign plan --firmware "$version"
ctl 1 'no plan (or not any more) has the number 77' plan show 77
ctl 1 'no plan (or not any more) has the number 77' plan devices 77
