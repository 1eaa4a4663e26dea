#!/usr/bin/env bash
# Products through the command line: what is shown, what can be changed, the scheme of their versions, and their ceiling.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator

# --- the guide's page of a product (section 2.4)
ctl 0 created product create --name ESP-light --serial 604e2cb5 --ptype 23701 --description 'a smart light'
orchestratorctl device register light-001 --ptype 23701 > /dev/null
ctl 0 '^Name: *ESP-light$' product show ESP-light
ctl 0 '^Serial: *604e2cb5$' product show ESP-light
ctl 0 '^Status: *developing$' product show 604e2cb5
ctl 0 '^Activated / Total: *0 / 1$' product show 604e2cb5
ctl 0 '^Progress: *0%$' product show "$(sql "SELECT product_id FROM products WHERE name = 'ESP-light'")"
ctl 0 '^ESP-light  *23701  *seed  *-  *developing  *no  *0  *1  *0  *604e2cb5  *a smart light' product list
sql "UPDATE devices SET activated_at = now() WHERE device_id = 'light-001'"
ctl 0 '^Activated / Total: *1 / 1$' product show ESP-light
ctl 0 '^Progress: *100%$' product show ESP-light
json '.devices == 1 and .activated == 1 and .progress == 100 and .versions == [{version: null, devices: 1}]' product show ESP-light
ctl 1 'no product has the name, number or serial nothing' product show nothing

# --- changes
ctl 0 'changed$' product set ESP-light --status deployed --private --max-version 1.4.0 --description new --require-signature
json '.status == 2 and .is_private == 1 and .max_version == "v1.4.0" and .description == "new" and .require_signature' product show ESP-light
ctl 0 'nothing changed' product set ESP-light --status deployed --private --max-version v1.4.0
json '.changed == false' product set ESP-light --status deployed
ctl 0 'changed$' product set 604e2cb5 --public --no-max-version --no-require-signature --status developing --serial 604e2cb6
json '.status == 1 and .is_private == 0 and .max_version == null and .serial == "604e2cb6"' product show ESP-light
json '.audit[0] | .action == "set_product" and .object == "ESP-light" and .detail.status == {from: 2, to: 1}' audit list
ctl 2 'exclude each other' product set ESP-light --private --public
ctl 2 'exclude each other' product set ESP-light --max-version v1.4.0 --no-max-version
ctl 2 'allowed is developing or deployed' product set ESP-light --status broken
ctl 2 'nothing to change' product set ESP-light
ctl 2 '' product set
ctl 1 'no product' product set nothing --private
ctl 1 'max_version: .*one digit' product set ESP-light --max-version v1.10.0
ctl 1 'max_version: .*no product type' product set ESP-light --max-version 'v1.4.0t23701(a)'
ctl 1 'allowed are seed and semver' product set ESP-light --version-scheme pep440
ctl 1 'is taken' product create --serial 604e2cb6
viewer=$(orchestratord token create --role operator --name oscar --config "$work/state/orchestratord.conf")
ORCHESTRATOR_TOKEN=$viewer ctl 1 'role' product set ESP-light --private

# --- schemes
ctl 0 created product create --name bell --ptype 777 --version-scheme semver
ctl 1 'all products of a ptype have one scheme' product create --name other --ptype 777
given_firmware v1.0.5 # of the product lamp
mkdir "$work/images"
cp "$work"/firmware-v1.0.5/user?.bin "$work/images"
images=("$work/images/user1.bin" "$work/images/user2.bin")
ctl 1 'scheme seed, the products of ptype 777 have semver' firmware upload 'v1.4.0t777(a)' "${images[@]}"
ctl 1 "scheme semver, the products of ptype $ptype have seed" firmware upload "1.4.0t$ptype(a)" "${images[@]}"
ctl 0 uploaded firmware upload '1.4.0-rc.1t777(a)' "${images[@]}"
ctl 0 uploaded firmware upload '1.4.0+b.1t777(a)' "${images[@]}"
ctl 1 'cannot stand beside' firmware upload '1.4.0+b.2t777(o)' "${images[@]}"
ctl 0 '1.4.0+b.1t777(a)' firmware show '1.4.0+b.1t777(a)'
ctl 0 'is current$' firmware set-current '1.4.0+b.1t777(a)'
ctl 0 '^Current release: *1.4.0+b.1t777(a)$' product show bell
ctl 0 '^Releases: *2$' product show bell
ctl 0 'deleted$' firmware delete '1.4.0-rc.1t777(a)'
ctl 1 'version_scheme: cannot be changed' product set bell --version-scheme seed
ctl 1 'from: .*character 3' campaign create x --firmware '1.4.0+b.1t777(a)' --from '>=v1.0.0' --policy policies/cautious.json
printf 'id,ptype,version,product\nbell-1,777,1.3.9t777(a),bell\nbell-2,777,1.4.0-rc.1+x.7t777(a),bell\n' > "$work/bells.csv"
ctl 0 '2 devices registered' device import "$work/bells.csv"
ctl 0 'bell-2' device list --version '1.4.0-rc.1+x.7t777(a)'
printf 'id,ptype,version\nbell-3,777,1.3t777(a)\n' > "$work/bells.csv"
ctl 1 'MAJOR.MINOR.PATCH' device import "$work/bells.csv"
printf 'id,ptype,version\nbell-3,777,v1.3.0t777(a)\n' > "$work/bells.csv"
ctl 1 'bells.csv:2: version: .*scheme seed' device import "$work/bells.csv"

# --- ceilings: nothing above is uploaded, made current or rolled out
ctl 0 'changed$' product set bell --max-version 1.4.0-rc.2
ctl 1 'above 1.4.0-rc.2, the highest version that product bell takes' firmware upload '1.5.0t777(a)' "${images[@]}"
ctl 1 'above 1.4.0-rc.2' campaign create x --firmware '1.4.0+b.1t777(a)' --policy policies/cautious.json
ctl 0 'Upgrade to: *-$' device show bell-1
ctl 1 'above 1.4.0-rc.2' device upgrade bell-1 --to '1.4.0+b.1t777(a)'
ctl 0 'changed$' product set bell --no-max-version
ctl 0 'Upgrade to: *1.4.0+b.1t777(a)$' device show bell-1
ctl 0 created campaign create x --firmware '1.4.0+b.1t777(a)' --policy policies/cautious.json
ctl 1 'not offered\|offline' device upgrade bell-2 --to '1.4.0+b.1t777(a)' --wait 1
ctl 0 '^upgrade-bell-2-1.4.0-' campaign list

# --- known product types, without a server
ORCHESTRATOR_URL=http://127.0.0.1:1 ctl 0 '^45772  *Smart Light' product types
json 'length == 9 and .[2].ptype == 12335 and (map(.source) | all(. != ""))' product types
