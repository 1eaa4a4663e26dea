#!/usr/bin/env bash
# Releases are signed on the operator's machine, and only what is signed reaches the devices of a product that requires it.
. "$(dirname "$0")/lib.sh"

images() { # images VERSION
    local slot
    for slot in 1 2; do
        "$build/tools/make_image" --slot $slot --size 20480 --version "$(full "$1")" --output "$work/user$slot.bin"
    done
}
PATH=$build/bin:$PATH # before there is any server
version=$(full v1.1.0)
key=$work/release.pem

# Keys: made without a server, for their owner only, never overwritten; OpenSSL reads them.
ctl 0 "private key: $key" key generate "$key"
[ "$(stat -c %a "$key")" = 600 ] || fail "the private key can be read by others"
openssl ec -in "$key" -pubout 2> /dev/null | cmp - "$work/release.pub.pem"
id=$(openssl ec -in "$key" -pubout -outform DER 2> /dev/null | sha256sum | cut -d ' ' -f 1)
grep -q "^key $id$" "$work/out"
sum=$(sha256sum "$work"/release*.pem)
ctl 1 'never overwritten' key generate "$key"
mv "$key" "$work/kept.pem"
ctl 1 'release.pub.pem exists; a key is never overwritten' key generate "$key"
[ ! -e "$key" ] || fail "half a key was written"
mv "$work/kept.pem" "$key"
[ "$sum" = "$(sha256sum "$work"/release*.pem)" ] || fail "a key was changed"
ctl 2 'must end in .pem' key generate "$work/release.key"
echo 'correct horse' > "$work/passphrase"
: > "$work/empty"
ctl 1 'no passphrase' key generate "$work/other.pem" --passphrase-file "$work/empty"
ctl 0 'key [0-9a-f]' key generate "$work/other.pem" --passphrase-file "$work/passphrase"
grep -q 'BEGIN ENCRYPTED PRIVATE KEY' "$work/other.pem"

# Signing needs no server either; images are checked, and OpenSSL agrees with the signature.
images v1.1.0
sign() { # sign CODE WORDS OPTION...
    local code=$1 words=$2
    shift 2
    ctl "$code" "$words" firmware sign "$version" "$work/user1.bin" "$work/user2.bin" --output "$work/release.json" --force "$@"
}
sign 0 "signed with key $id" --key "$key" --sequence 7 --requires "$(full v1.0.0)"
jq -r '.manifest[]' "$work/release.json" > "$work/manifest"
diff "$work/manifest" <(printf '%s\n' fota-manifest-1 "ptype $ptype" "version $version" 'sequence 7' "requires $(full v1.0.0)" \
    "slot 1 20480 $(sha256sum < "$work/user1.bin" | cut -d ' ' -f 1)" "slot 2 20480 $(sha256sum < "$work/user2.bin" | cut -d ' ' -f 1)")
digits=$(jq -r .signature "$work/release.json")
asn1() { # one number of the signature as OpenSSL reads it
    printf 'INTEGER:0x%s\n' "$1"
}
printf 'asn1=SEQUENCE:pair\n[pair]\nr=%s\ns=%s\n' "$(asn1 "${digits:0:64}")" "$(asn1 "${digits:64}")" > "$work/pair.cnf"
openssl asn1parse -genconf "$work/pair.cnf" -noout -out "$work/signature.der"
openssl dgst -sha256 -verify "$work/release.pub.pem" -signature "$work/signature.der" "$work/manifest" > "$work/out"
sign 1 'passphrase is needed' --key "$work/other.pem"
sign 1 'holds a public key' --key "$work/release.pub.pem"
sign 1 'lower than v1.1.0' --key "$key" --requires "$version"
sign 2 'sequence is "4294967296"' --key "$key" --sequence 4294967296
ctl 1 'user2.bin: is missing' firmware sign "$version" "$work/user1.bin" --key "$key" --output "$work/x.json"
ctl 1 'user1.bin: ' firmware sign "$version" "$work/user2.bin" "$work/passphrase" --key "$key" --output "$work/x.json"
ctl 1 'exists' firmware sign "$version" "$work/user1.bin" "$work/user2.bin" --key "$key" --output "$work/release.json"

# Public keys are registered; private ones are not even sent.
given_an_orchestrator
ctl 1 'PRIVATE key' key register release "$key"
ctl 1 'PRIVATE key' key register other "$work/other.pem"
openssl ecparam -name secp384r1 -genkey -noout 2> /dev/null | openssl ec -pubout > "$work/wrong.pem" 2> /dev/null
ctl 1 'secp384r1; allowed are ECDSA keys on P-256' key register wrong "$work/wrong.pem"
ctl 1 'no public key' key register wrong "$work/passphrase"
ctl 0 "key release registered: $id" key register release "$work/release.pub.pem"
ctl 1 'registered already' key register again "$work/release.pub.pem"
ctl 1 'named release exists' key register release "$work/other.pub.pem"
ctl 0 "$id" key list
ctl 0 'BEGIN PUBLIC KEY' key show release
sed -n '/BEGIN/,$p' "$work/out" | cmp - "$work/release.pub.pem"

# Where signatures are required, only a good one by a known key over this very release gets in.
sql "UPDATE products SET require_signature = true"
upload() { # upload CODE WORDS OPTION...
    local code=$1 words=$2
    shift 2
    ctl "$code" "$words" firmware upload "$version" "$work/user1.bin" "$work/user2.bin" "$@"
}
upload 1 'product lamp requires one'
upload 1 'line 4: signed was "sequence 7", this release has "sequence 8"' --signature "$work/release.json" --sequence 8
upload 1 'line 5: signed was "requires' --signature "$work/release.json" --requires "$(full v1.0.1)"
upload 1 'is no signature of firmware sign' --signature "$key"
jq '.signature |= (.[1:] + .[:1])' "$work/release.json" > "$work/bad.json"
upload 1 'is not a signature by key release over this manifest' --signature "$work/bad.json"
jq '.key_id |= (.[1:] + .[:1])' "$work/release.json" > "$work/bad.json"
upload 1 'no key with the id' --signature "$work/bad.json"
cp "$work/user1.bin" "$work/kept.bin"
"$build/tools/make_image" --slot 1 --size 24576 --version "$version" --output "$work/user1.bin"
upload 1 'line 6: signed was "slot 1 20480' --signature "$work/release.json"
mv "$work/kept.bin" "$work/user1.bin"
[ "$(sql 'SELECT count(*) FROM firmware')" = 0 ] || fail "a refused release was stored"
upload 0 uploaded --signature "$work/release.json"
[ "$(sql 'SELECT sequence, requires FROM firmware')" = "7|$(full v1.0.0)" ]
ctl 0 'release *yes' firmware show "$version"

# Checked here, with the key that the operator has.
ctl 0 'release *yes *yes' firmware verify "$version" --key "$work/release.pub.pem"
ctl 0 'slot 2 20480' firmware verify "$version"
ctl 1 'no good signature by this key' firmware verify "$version" --key "$work/other.pub.pem"

# The keys change while a fleet is updated: a second signature, the old key revoked, and the campaign goes on ...
given_fleet 6 v1.0.5 --boot-seconds 1
sign 0 signed --key "$work/other.pem" --passphrase-file "$work/passphrase" --sequence 7 --requires "$(full v1.0.0)"
ctl 1 'no key with the id' firmware add-signature "$version" "$work/release.json"
ctl 0 registered key register other "$work/other.pub.pem"
ctl 0 'signature added' firmware add-signature "$version" "$work/release.json"
given_policy '.waves[0].size = {count: 1} | .waves[0].gate.min_sample = 1 | .waves[0].soak_seconds = 3600'
when_campaign spring v1.1.0
when_confirmed spring 1
ctl 0 'is revoked' key revoke release --reason 'its owner left'
ctl 0 'nothing changed' key revoke release
then_no_offer_goes_out spring
ctl 0 'release *no' firmware show "$version"
then_campaign_is spring running
# ... until no key is left.
ctl 0 'is revoked' key revoke other
then_campaign_is spring halted
ctl 0 'has no signature by a key in force, and product lamp requires one' campaign show spring
ctl 1 'requires one' campaign resume spring
ctl 1 'requires one' campaign create summer --firmware "$version" --policy "$work/policy.json"
ctl 1 'no good signature by a key in force' firmware verify "$version"
then_devices_run v1.1.0 1

# Nothing of a private key ever came here, neither as PEM nor as a number.
pg_dump --dbname "$DATABASE_URL" > "$work/state/dump.sql"
grep -qr "$id" "$work/state" || fail "the search finds nothing at all"
number=$(openssl ec -in "$key" -noout -text 2> /dev/null | sed -n '/^priv:/,/^pub:/p' | grep '^ ' | tr -d ' :\n')
[ ${#number} -ge 64 ] || fail "no private number was found"
for secret in "$number" $(grep -h -v -e ----- "$key" "$work/other.pem"); do
    ! grep -qr -e "$secret" "$work/state" || fail "a private key has come to the server"
done
then_everything_adds_up
