#!/usr/bin/env bash
# orchestratorctl: what it shows is JSON when asked, what is wrong gets one clear line, and the exit code says which kind it is.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
given_firmware v1.1.0
orchestratorctl device register lamp-1 --ptype "$ptype" --version "$(full v1.0.5)" --tag kitchen > /dev/null

# usage
ctl 2 '' campaign fly
ctl 2 'firmware' campaign create x --policy policies/cautious.json
ctl 2 '' product create --colour red
ctl 2 'allowed is one of pending, offered, ' campaign targets x --state ended
ctl 0 'campaign' --help
ctl 0 'policy' campaign create --help

# refused
images=("$work/firmware-v1.1.0/user1.bin" "$work/firmware-v1.1.0/user2.bin")
ctl 1 'exists already' firmware upload "$(full v1.1.0)" "${images[@]}"
ctl 1 'cannot stand beside' firmware upload "b1.1.0t$ptype(o)" "${images[@]}"
ctl 1 'one digit' firmware upload 'v1.10.0t45772(a)' "${images[@]}"
cp "${images[0]}" "$work/user2.bin"
ctl 1 'slot' firmware upload "$(full v1.3.0)" "${images[0]}" "$work/user2.bin"
mkdir "$work/broken"
cp "${images[@]}" "$work/broken"
printf 'X' | dd of="$work/broken/user1.bin" bs=1 seek=5000 conv=notrunc status=none
ctl 1 'user1.bin' firmware upload "$(full v1.3.0)" "$work/broken/user1.bin" "$work/broken/user2.bin"
ctl 1 'never uploaded' campaign create x --firmware "$(full v1.9.0)" --policy policies/cautious.json
ctl 1 'no device is eligible' campaign create x --firmware "$(full v1.1.0)" --from '=v0.0.1' --policy policies/cautious.json --start
ctl 1 'from' campaign create x --firmware "$(full v1.1.0)" --from '>=banana' --policy policies/cautious.json
echo '{"name":"p","waves":"all"}' > "$work/wrong.json"
ctl 1 'waves' policy check "$work/wrong.json"
ctl 1 'waves' campaign create x --firmware "$(full v1.1.0)" --policy "$work/wrong.json"
ctl 0 'cautious' policy check policies/cautious.json
printf '\357\273\277%s\r\n' "$ORCHESTRATOR_TOKEN" > "$work/token"
exits 0 lamp-1 env -u ORCHESTRATOR_TOKEN orchestratorctl device list --token-file "$work/token"
ctl 0 'Online: *no, for\|Online: *no$' device show lamp-1
ctl 0 'Registered: *20.* ago)$' device show lamp-1
ctl 1 'no campaign' campaign pause nothing
printf 'id,ptype,version\nlamp-2,45772,\nbad id,45772,\nlamp-3,x,\n' > "$work/bad.csv"
ctl 1 '3' device import "$work/bad.csv"
printf 'id,ptype,version\nlamp-2,45772,\n\nlamp-3,999,\n' > "$work/bad.csv" # good by itself: only the server knows of ptypes
ctl 1 "$work/bad.csv:4: ptype" device import "$work/bad.csv"
[ "$(sql 'SELECT count(*) FROM devices')" = 1 ]
[ "$(sql 'SELECT count(*) FROM firmware')" = 1 ]
[ "$(sql 'SELECT count(*) FROM campaigns')" = 0 ]

# who may do what
viewer=$(orchestratord token create --role viewer --name looks-on --config "$work/state/orchestratord.conf")
ctl 0 lamp-1 device list
exits 0 lamp-1 env ORCHESTRATOR_TOKEN="$viewer" orchestratorctl device list
exits 0 looks-on orchestratord token list --config "$work/state/orchestratord.conf"
exits 1 'role' env ORCHESTRATOR_TOKEN="$viewer" orchestratorctl device register lamp-9 --ptype "$ptype"
exits 1 'token' env ORCHESTRATOR_TOKEN=wrong orchestratorctl device list
exits 2 'ORCHESTRATOR_TOKEN' env -u ORCHESTRATOR_TOKEN orchestratorctl device list
exits 3 '' env ORCHESTRATOR_URL=http://127.0.0.1:1 orchestratorctl device list

orchestratord token list --json --config "$work/state/orchestratord.conf" | jq -es 'length == 1 and (.[0].tokens | length == 2)' > /dev/null
exits 0 revoked orchestratord token revoke --name looks-on --config "$work/state/orchestratord.conf"
exits 1 revoked env ORCHESTRATOR_TOKEN="$viewer" orchestratorctl device list
exits 1 'no token' orchestratord token revoke --name looks-on --config "$work/state/orchestratord.conf"

# a campaign that names its devices, in words and in a file
create=(campaign create named --firmware "$(full v1.1.0)" --policy policies/all-at-once.json)
printf '# the kitchen\nlamp-1\n\nbad id\n lamp-1 \n' > "$work/ids"
ctl 1 "$work/ids:4: id \"bad id\": allowed are" "${create[@]}" --devices "$work/ids"
ctl 1 'nothing was sent' "${create[@]}" --devices "$work/ids"
printf '# the kitchen\nlamp-1\n\nlamp-77\n' > "$work/ids"
ctl 1 "$work/ids:4: no device of ptype $ptype has the id lamp-77" "${create[@]}" --devices "$work/ids"
printf '# nobody\n' > "$work/ids"
ctl 1 'names no device' "${create[@]}" --devices "$work/ids"
ctl 1 'cannot open' "${create[@]}" --devices "$work/no-such-file"
ctl 1 'device "bad id"' "${create[@]}" --device 'bad id'
[ "$(sql 'SELECT count(*) FROM campaigns')" = 0 ]
orchestratorctl device register lamp-2 --ptype "$ptype" > /dev/null
printf '\357\273\277# the kitchen\r\n\r\nlamp-1\r\n' > "$work/ids"
exits 0 'created' orchestratorctl "${create[@]}" --devices - --device lamp-2 < "$work/ids"
[ "$(sql "SELECT devices FROM campaigns WHERE name = 'named'")" = '{lamp-1,lamp-2}' ]
ctl 0 'Only: *lamp-1 lamp-2$' campaign show named
ctl 0 'Rate a minute: *no limit$' campaign show named
[ "$(orchestratorctl campaign show named --json | jq .rate_per_minute)" = 0 ]
for number in 3 4 5 6; do
    orchestratorctl device register "lamp-$number" --ptype "$ptype" > /dev/null
    echo "lamp-$number" >> "$work/ids"
done
ctl 0 'created' "${create[@]/named/long}" --devices "$work/ids"
ctl 0 'lamp-6$' campaign show long
ctl 0 'created' "${create[@]/named/longer}" --devices "$work/ids" --device lamp-2
ctl 0 'Only: *6 devices, by name$' campaign show longer

# JSON: one document
orchestratorctl campaign create spring --firmware "$(full v1.1.0)" --policy policies/cautious.json > /dev/null
for words in 'product list' 'device list' 'device show lamp-1' 'firmware list' "firmware show $(full v1.1.0)" 'campaign list' \
    'campaign show spring' 'campaign targets spring' 'fleet status' 'audit list' 'policy check policies/cautious.json'; do
    # shellcheck disable=SC2086
    orchestratorctl $words --json | jq -es 'length == 1' > /dev/null || fail "$words --json is not one JSON document"
done

# "$UNSET" in a script is no request for something else.
for command in 'device show' 'campaign show' 'product show' 'firmware show' 'firmware delete' 'plan show' 'device reboot'; do
    # shellcheck disable=SC2086 # two words
    ctl 2 'an argument is empty' $command ''
done
