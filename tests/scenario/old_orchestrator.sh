#!/usr/bin/env bash
# Devices of today with the orchestrator of the first release, built from the history: they are
# updated, and go back. Part of `make check-long`.
baseline=5e623cc
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/baseline.sh"

if ! git -C "$root" cat-file -e "$baseline^{commit}" 2> /dev/null; then
    echo "$scenario: NOT TESTED: this checkout has no history with the commit $baseline, which is the first release"
    exit 0
fi

# Built once: a commit does not change.
old=$build/old-orchestrator
if [ ! -e "$old/complete" ]; then
    rm -rf "$old"
    mkdir -p "$old"
    git -C "$root" archive "$baseline" | tar --extract --directory "$old"
    env -u MAKEFLAGS -u MAKELEVEL make -C "$old" -j"$(nproc)" BUILD="$old/build" programs \
        > "$old/build.log" 2>&1 || fail "the first release does not build: $(tail -n 20 "$old/build.log")"
    touch "$old/complete"
fi

services() {
    "$old/deploy/local/local.sh" --state "$work/state" --build "$old/build" --fast "$@"
}

given_an_orchestrator
case $(command -v orchestratorctl) in
"$old"/*) ;;
*) fail "this is not the orchestratorctl of the first release" ;;
esac
given_devices_of "$build/bin"
then_they_update_and_go_back
