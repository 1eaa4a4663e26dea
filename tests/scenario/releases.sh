#!/usr/bin/env bash
# A release's life through the command line, as in the guide's section 2.4: upload, set as current, what a device can be upgraded to,
# and deletion; with every refusal.
. "$(dirname "$0")/lib.sh"

given_an_orchestrator
given_firmware v1.0.5
given_firmware v1.1.0
orchestratorctl device register light-001 --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
images=("$work/firmware-v1.1.0/user1.bin" "$work/firmware-v1.1.0/user2.bin")
mkdir "$work/files"
cd "$work/files"
for name in boot.bin eagle.flash.bin eagle.irom0text.bin 3 4 5 6 7 8 9 10; do
    echo "the file $name" > "$name"
done

# --- upload: refused, and nothing is stored
before=$(sql 'SELECT count(*) FROM image_bytes')
ctl 2 'at most 10 files; these are 11' firmware upload "$(full v1.2.0)" {3,4,5,6,7,8,9,10} boot.bin eagle.flash.bin eagle.irom0text.bin
ctl 2 '' firmware upload "$(full v1.2.0)"
ctl 1 'user2.bin.*is missing' firmware upload "$(full v1.2.0)" "${images[0]}" boot.bin
ctl 1 'user1.bin.*is missing' firmware upload "v1.2.0t$ptype(l)" eagle.flash.bin
ctl 1 'given twice' firmware upload "$(full v1.2.0)" "${images[@]}" "${images[0]}"
ctl 1 'is an image for upgrades' firmware upload "v1.2.0t$ptype(n)" eagle.flash.bin "${images[0]}"
ctl 1 'eagle.flash.bin, eagle.irom0text.bin or both' firmware upload "v1.2.0t$ptype(n)" boot.bin
ctl 1 'at most 64 characters' firmware upload "$(full v1.2.0)" "${images[@]}" --corename "$(printf 'c%.0s' {1..65})"
ctl 1 'codename: .*one line' firmware upload "$(full v1.2.0)" "${images[@]}" --codename "$(printf 'tab\there')"
ctl 1 'cannot read no-such-file: No such file' firmware upload "$(full v1.2.0)" "${images[@]}" no-such-file
echo x > 'two words'
: > empty
truncate --size $((1024 * 1024 + 1)) large
ctl 1 'no name for a file' firmware upload "$(full v1.2.0)" "${images[@]}" 'two words'
ctl 1 'empty.*is empty' firmware upload "$(full v1.2.0)" "${images[@]}" empty
ctl 1 'has 1048577 bytes; allowed are 1048576' firmware upload "$(full v1.2.0)" "${images[@]}" large
[ "$(sql 'SELECT count(*) FROM firmware')" = 2 ]
[ "$(sql 'SELECT count(*) FROM image_bytes')" = "$before" ]

# --- upload: ten files, and a release without FOTA
ctl 0 'uploaded$' firmware upload "$(full v1.2.0)" "${images[@]}" boot.bin 3 4 5 6 7 8 9 --corename nonos-2.0.0 --codename ocelot
json '.files | length == 10 and .[0].name == "user1.bin" and .[1].name == "user2.bin"' firmware show "$(full v1.2.0)"
ctl 0 'Core name: *nonos-2.0.0$' firmware show "$(full v1.2.0)"
ctl 0 'Code name: *ocelot$' firmware show "$(full v1.2.0)"
ctl 0 '^boot.bin  *18  [0-9a-f]\{64\}$' firmware show "$(full v1.2.0)"
sha=$(sha256sum boot.bin | cut -d' ' -f1)
curl -sf -H "Authorization: Bearer $ORCHESTRATOR_TOKEN" "$ORCHESTRATOR_URL/v1/images/$sha" | cmp - boot.bin
[ "$(curl -s -o "$work/out" -w '%{http_code}' "$ORCHESTRATOR_URL/v1/images/$sha")" = 401 ]
ctl 0 'uploaded$' firmware upload "v1.2.0t$ptype(n)" eagle.flash.bin eagle.irom0text.bin
ctl 1 'class n cannot be installed online' campaign create n --firmware "v1.2.0t$ptype(n)" --policy "$root/policies/cautious.json"
ctl 0 'uploaded$' firmware upload "v1.6.0t$ptype(l)" "${images[@]}"
ctl 1 'class l cannot be installed online' campaign create l --firmware "v1.6.0t$ptype(l)" --policy "$root/policies/cautious.json"
sha=$(sha256sum "${images[1]}" | cut -d' ' -f1) # whoever upgrades locally gets it by a token
curl -sf -H "Authorization: Bearer $ORCHESTRATOR_TOKEN" "$ORCHESTRATOR_URL/v1/images/$sha" | cmp - "${images[1]}"
ctl 0 'deleted$' firmware delete "v1.6.0t$ptype(l)"
sha=$(sha256sum boot.bin | cut -d' ' -f1)

# --- the current release, and "you can upgrade to"
ctl 0 'Upgrade to: *-$' device show light-001
ctl 1 'never uploaded' firmware set-current "$(full v1.9.0)"
ctl 0 'is current$' firmware set-current "$(full v1.1.0)" --reason 'the guide says so'
ctl 0 'nothing changed' firmware set-current "$(full v1.1.0)"
ctl 0 "Upgrade to: *$(full v1.1.0)\$" device show light-001
ctl 0 'Current: *yes$' firmware show "$(full v1.1.0)"
ctl 0 "$(full v1.1.0)  *$ptype  yes  *2 " firmware list
ctl 0 "$(full v1.0.5)  *$ptype  no  *2 " firmware list
json '.audit[0] | .action == "set_current_firmware" and .reason == "the guide says so" and .detail.previous == null' audit list
ctl 0 'is current$' firmware set-current "v1.2.0t$ptype(n)"
ctl 0 'Upgrade to: *-$' device show light-001
ctl 0 'it is current now$' firmware upload "$(full v1.3.0)" "${images[@]}" --current
ctl 0 "Upgrade to: *$(full v1.3.0)\$" device show light-001

# --- deletion
ctl 1 "cannot be deleted: it is the current release of ptype $ptype" firmware delete "$(full v1.3.0)"
ctl 1 'cannot be deleted: 1 device runs it' firmware delete "$(full v1.0.5)"
ctl 0 created campaign create spring --firmware "$(full v1.1.0)" --policy "$root/policies/cautious.json"
ctl 1 'cannot be deleted: campaigns have it: spring' firmware delete "$(full v1.1.0)"
ctl 1 'never uploaded' firmware delete "$(full v1.9.0)"
viewer=$(orchestratord token create --role viewer --name looks-on --config "$work/state/orchestratord.conf")
ORCHESTRATOR_TOKEN=$viewer ctl 1 'role' firmware delete "$(full v1.2.0)"
ORCHESTRATOR_TOKEN=$viewer ctl 1 'role' firmware set-current "$(full v1.2.0)"
ctl 0 'deleted$' firmware delete "$(full v1.2.0)"
ctl 1 'never uploaded' firmware delete "$(full v1.2.0)"
[ "$(curl -s -o "$work/out" -w '%{http_code}' -H "Authorization: Bearer $ORCHESTRATOR_TOKEN" "$ORCHESTRATOR_URL/v1/images/$sha")" = 404 ]
json '.audit[0] | .action == "delete_firmware"' audit list
json '.files | length == 2' firmware show "$(full v1.1.0)" # its images were those of the deleted one
[ "$(sql 'SELECT count(*) FROM image_bytes b WHERE NOT EXISTS (SELECT FROM firmware_contents c WHERE c.sha256 = b.sha256)')" = 0 ]
[ "$(sql 'SELECT count(*) FROM firmware')" = 4 ]
