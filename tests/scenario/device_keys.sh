#!/usr/bin/env bash
# Keys of devices through the command line: made at registration and shown once, brought along, written to files that are never
# replaced, issued anew and revoked; and the file is what flash-map build takes.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
cd "$work"

keys_in_force() { # keys_in_force COUNT
    eventually "$1" 'SELECT count(*) FROM device_keys WHERE revoked_at IS NULL'
}
is_key_of() { # is_key_of DEVICE KIND KEY
    [[ $3 =~ ^[0-9a-f]{40}$ ]] || fail "\"$3\" is no key"
    eventually "$1 $2" "SELECT device_id || ' ' || kind FROM device_keys WHERE revoked_at IS NULL
        AND key_sha256 = encode(sha256('$3'), 'hex')"
}
is_secret() { # is_secret FILE
    [ "$(stat -c %a "$1")" = 600 ] || fail "$1 has the mode $(stat -c %a "$1")"
}

# --- one device: shown once, or written to a file
ctl 0 'master key: [0-9a-f]\{40\} ' device register lamp-1 --ptype "$ptype"
is_key_of lamp-1 master "$(sed -n 's/^master key: \([0-9a-f]*\) .*/\1/p' out)"
ctl 0 'master key written to key.bin' device register lamp-2 --ptype "$ptype" --key-bin key.bin --flash-kb 1024
! grep -q "$(cat key.bin)" out || fail 'a key that was written was shown too'
is_key_of lamp-2 master "$(cat key.bin)"
is_secret key.bin
ctl 1 'key.bin exists already' device register lamp-3 --ptype "$ptype" --key-bin key.bin
ctl 1 'cannot write beside' device register lamp-3 --ptype "$ptype" --key-bin nowhere/key.bin
ctl 1 'flash_map' device register lamp-3 --ptype "$ptype" --flash-kb 4096
ctl 2 'flash-kb' device register lamp-3 --ptype "$ptype" --flash-kb 4M
keys_in_force 2
eventually '1024 512+512 434176' "SELECT flash_kb || ' ' || flash_map || ' ' || image_max FROM devices WHERE device_id = 'lamp-2'"

# in a directory it is named like the key, as the guide has it
mkdir keys
ctl 0 'master key written to keys/[0-9a-f]\{40\}.bin' device register lamp-3 --ptype "$ptype" --key-bin keys/
file=$(echo keys/*)
[ "$file" = "keys/$(cat "$file").bin" ] || fail "$file is not named like its key"
is_key_of lamp-3 master "$(cat "$file")"

# and it is what a device's flash is made of
"$build/tools/make_image" --slot 1 --size 20480 --version "$(full v1.0.0)" --output user1.bin
printf '\351\1\0\0\0\0\20\100\0\0\20\100\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\357' > boot.bin # one segment of four zeros
ctl 0 master_device_key.bin flash-map build --size 1024 --boot boot.bin --user1 user1.bin --key "$file" --output full.bin
[ "$(dd if=full.bin bs=1 skip=$((0x7E000)) count=40 status=none)" = "$(cat "$file")" ]

# --- issued anew and revoked
old=$(cat key.bin)
ctl 0 'master key written to new.bin' device key lamp-2 --key-bin new.bin --reason 'board changed'
[ "$(cat new.bin)" != "$old" ]
is_key_of lamp-2 master "$(cat new.bin)"
eventually 0 "SELECT count(*) FROM device_keys WHERE key_sha256 = encode(sha256('$old'), 'hex') AND revoked_at IS NULL"
ctl 0 'owner key: [0-9a-f]\{40\} ' device key lamp-2 --owner
is_key_of lamp-2 owner "$(sed -n 's/^owner key: \([0-9a-f]*\) .*/\1/p' out)"
is_key_of lamp-2 owner "$(orchestratorctl device key lamp-2 --owner --json | jq -r .key)"
is_key_of lamp-2 master "$(cat new.bin)"
ctl 2 'key-bin is for master keys' device key lamp-2 --owner --key-bin other.bin
ctl 1 'exists already' device key lamp-2 --key-bin new.bin
is_key_of lamp-2 master "$(cat new.bin)"
ctl 1 'no device has the id nobody' device key nobody
ctl 0 'owner key of lamp-2 revoked' device revoke-key lamp-2 --owner
ctl 1 'no owner key in force' device revoke-key lamp-2 --owner
ctl 0 'master key of lamp-2 revoked' device revoke-key lamp-2
keys_in_force 2
ctl 0 'board changed' audit list --json
! grep -q -e "$old" -e "$(cat new.bin)" out || fail 'the audit holds a key'

# --- an import: keys to a file, keys that are brought along, and neither
own=0123456789abcdef0123456789abcdef01234567
printf 'id,ptype,key,flash_kb,flash_map\na-1,%s,,,\na-2,%s,%s,4096,1024+1024\na-3,%s,,512,\n' \
    "$ptype" "$ptype" "$own" "$ptype" > devices.csv
touch taken.csv
ctl 1 'taken.csv exists already' device import devices.csv --keys taken.csv
keys_in_force 2
ctl 0 '2 new keys written to keys.csv' device import devices.csv --keys keys.csv
is_secret keys.csv
[ "$(cut -d, -f1 keys.csv | tr '\n' ' ')" = 'id a-1 a-3 ' ] || fail "$(cat keys.csv)"
is_key_of a-1 master "$(sed -n 's/^a-1,//p' keys.csv)"
is_key_of a-3 master "$(sed -n 's/^a-3,//p' keys.csv)"
is_key_of a-2 master "$own"
sed -i "s/^a-/b-/; s/^b-3,$ptype,/&$own/" devices.csv
ctl 1 'devices.csv:4: its key is in line 3 already' device import devices.csv
sed -i "/^b-3/d" devices.csv
ctl 1 'devices.csv:3: key: is, or was, a key of another device' device import devices.csv --keys none.csv
[ ! -e none.csv ]
printf 'id,ptype,product\nb-1,%s,\nb-2,%s,caf\351\n' "$ptype" "$ptype" > devices.csv
ctl 1 'devices.csv:3: product is not UTF-8' device import devices.csv
printf 'id,ptype\nb-1,%s\n' "$ptype" > devices.csv
ctl 0 '1 device registered' device import devices.csv
grep -q 'not shown: --keys would have kept them' out || fail "$(cat out)"
! grep -qE '[0-9a-f]{40}' out || fail 'a key was shown'
orchestratorctl device import <(printf 'id,ptype\nb-2,%s\n' "$ptype") --json | jq -e '. == {registered: 1}' > /dev/null
keys_in_force 7

# --- without keys in the log
! grep -qE "$own|$(cat new.bin)" "$work/state/orchestratord.log" || fail 'the log holds a key'

# What only the server knows is said of every line too, the first of them first.
(echo id,ptype,version && for n in $(seq 1 15); do echo "again-$n,$ptype,"; done) > "$work/again.csv"
ctl 0 '15 devices' device import "$work/again.csv"
(echo id,ptype,version && echo "new-1,$ptype," && tail -n +2 "$work/again.csv") > "$work/more.csv"
ctl 1 'more.csv:3: id: again-1 is registered already; the same of line 4, line 5, .*line 13 and 4 more$' device import "$work/more.csv"
printf 'id,ptype,version\nnew-1,%s,\nnew-2,99,\nnew-3,98,\n' "$ptype" > "$work/nowhere.csv"
ctl 1 'nowhere.csv:3: ptype: there is no product of this ptype.*; the same of line 4$' device import "$work/nowhere.csv"
[ "$(sql "SELECT count(*) FROM devices WHERE device_id LIKE 'new-%'")" = 0 ]
