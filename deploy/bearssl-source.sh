#!/bin/sh
# Fetches the source of Debian's package bearssl, for the build for the chip: bearssl-source.sh DIRECTORY
# From the same places as the machine's packages, with lists of its own: nothing of the machine is changed.
set -eu
directory=$1

[ ! -e "$directory/complete" ] || exit 0
rm -rf "$directory"
mkdir -p "$directory/apt/parts" "$directory/apt/lists/partial" "$directory/download"
directory=$(cd "$directory" && pwd)

for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$file" ] || sed -n 's/^deb\(-src\)\{0,1\}[[:space:]]/deb-src /p' "$file"
done | sort -u > "$directory/apt/parts/machine.list"
for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" > "$directory/apt/parts/$(basename "$file")"
done

apt() {
    apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$directory/apt/parts" \
        -o Dir::State::lists="$directory/apt/lists" -o Dir::Cache="$directory/apt" -o Dir::Cache::pkgcache= \
        -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root "$@" > "$directory/apt/log" 2>&1
}
# A place without sources, or that is down, is no matter when another has the package.
apt update || true
(cd "$directory/download" && apt --download-only --tar-only source bearssl) || {
    echo "bearssl-source: the source of bearssl cannot be fetched:" >&2
    cat "$directory/apt/log" >&2
    exit 1
}
tar -xf "$directory"/download/bearssl_*.orig.tar.* -C "$directory" --strip-components=1
rm -rf "$directory/apt" "$directory/download"
touch "$directory/complete"
