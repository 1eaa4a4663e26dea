#!/bin/sh
# Installs the Debian packages that the build, the tests and the demo need and that are not there
# yet. `deps.sh lint`, `fuzz`, `chaos` and `bench` add those of `make lint`, `make fuzz`, `make
# chaos` and `make bench`. Does nothing, quickly, when all are there. `deps.sh --list [SET]`
# prints the packages instead. tests/make/programs.txt says what each is called for.
set -eu

list=
[ "${1:-}" != --list ] || { list=yes && shift; }

packages='gcc libc6-dev make git
libpq-dev libmosquitto-dev libmicrohttpd-dev libjansson-dev libcurl4-openssl-dev libssl-dev
libbearssl-dev libjsmn-dev libcmocka-dev
postgresql mosquitto mosquitto-clients curl jq openssl
gcc-xtensa-lx106 binutils-xtensa-lx106 picolibc-xtensa-lx106-elf qemu-system-misc xz-utils'
case ${1:-} in
lint) packages="$packages clang-format cppcheck binutils" ;;
fuzz) packages="$packages clang libclang-rt-dev" ;;
chaos) packages="$packages iproute2" ;; # hosts in network namespaces
bench) packages="$packages nginx-light time" ;; # what images are compared with; GNU time
esac

# shellcheck disable=SC2086 # a list of words
[ -z "$list" ] || { printf '%s\n' $packages && exit 0; }

if ! command -v dpkg-query > /dev/null; then
    echo "deps: this is no Debian. Install what these Debian packages hold:" $packages
    exit 0
fi

missing=
for package in $packages; do
    dpkg-query --show --showformat '${db:Status-Status}\n' "$package" 2> /dev/null | grep -qx installed ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "deps: will install:$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo > /dev/null; then
    as_root=sudo
else
    echo "deps: neither root nor sudo: as root, run: apt-get install$missing" >&2
    exit 1
fi

# The packages' own server and broker are not wanted: each checkout starts its own. Debian's way
# to say so for a while.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap '$as_root rm -f $policy' EXIT
    trap 'exit 143' INT TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy > /dev/null
    $as_root chmod 755 $policy
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086 # lists of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
echo "deps: installed"
