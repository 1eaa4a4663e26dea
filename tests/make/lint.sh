#!/usr/bin/env bash
# Format, static analysis, forbidden functions, the programs of the scripts, and the layers as the
# linker sees them.
set -u
build=${BUILD:-build}
failed=

report() {
    echo "lint: $*" >&2
    failed=yes
}

mapfile -t files < <(find orchestrator agent-firmware tests -name '*.[ch]' | sort)

# --- sources
clang-format --dry-run -Werror "${files[@]}" || report "run \`make format\`"

if grep -nE '\b(strcpy|strcat|v?sprintf|gets|strtok)[[:space:]]*\(' "${files[@]}"; then
    report "strcpy, strcat, sprintf, vsprintf, gets and strtok are forbidden"
fi

includes=()
for layer in base core crypto wire store engine mqtt http daemon ctl; do
    includes+=("-Iorchestrator/$layer")
done
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
    --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=varFuncNullUB -j "$(nproc)" -D_GNU_SOURCE -DFOTA_LOCAL_UPGRADE=1 "${includes[@]}" \
    -Iagent-firmware/include -Iagent-firmware/core -Iagent-firmware/boot -Iagent-firmware/local -Iagent-firmware/port/host -I"$build/gen" \
    orchestrator agent-firmware || report "cppcheck has found something"

diff -q <(tests/make/diagrams.sh) docs/state-machines.md > /dev/null ||
    report "docs/state-machines.md is stale: tests/make/diagrams.sh > docs/state-machines.md"

tests/make/programs.sh || report "a bare Debian could not run all of this"

# --- layers
undefined() {
    nm --undefined-only "$1" | awk '$1 == "U" {print $2}' | sort -u
}

# only LAYERS PATTERN WHAT: nobody else's library may need symbols that match
only() {
    local layer found
    for layer in base core crypto wire store engine mqtt http daemon ctl; do
        case " $1 " in *" $layer "*) continue ;; esac
        found=$(undefined "$build/lib/lib$layer.a" | grep -E "$2" | tr '\n' ' ')
        [ -z "$found" ] || report "$layer/ uses $3: $found"
    done
}
only store '^PQ' libpq
only crypto '^(EVP|SHA(1|224|256|384|512)|HMAC|CRYPTO|OPENSSL|OSSL|RAND|PEM|BIO|BN|EC|ECDSA|ERR|X509|[di]2[di])_?' OpenSSL
only 'wire ctl' '^json_' jansson
only mqtt '^mosquitto_' libmosquitto
only http '^MHD_' libmicrohttpd
only ctl '^curl_' libcurl
# What is stored or compared goes by the database's clock: docs/architecture.md, "Time".
only '' '^(time|gettimeofday|timespec_get)$' "the host's clock"
found=$(grep -rlw CLOCK_REALTIME orchestrator | grep -vxE 'orchestrator/(base/log|daemon/watcher)\.c')
[ -z "$found" ] || report "the host's clock is used in: $found"

found=$(undefined "$build/lib/libcore.a" | grep -E '^(socket|connect|send|recv|open|read|write|fopen|f?printf|time|clock_gettime|gettimeofday|localtime(_r)?|gmtime(_r)?|rand|random|getenv|malloc|free|calloc|realloc)$' | tr '\n' ' ')
[ -z "$found" ] || report "core/ is not pure: $found"

# The agent core: string.h, what the compiler adds, BearSSL's SHA-256 and check of a signature, and itself.
defined=$(nm --defined-only "$build/lib/libagent_core.a" | awk 'NF == 3 {print $3}' | sort -u)
found=$(undefined "$build/lib/libagent_core.a" | grep -vxF -f <(echo "$defined") |
    grep -vE '^(mem(cpy|move|set|cmp|chr)|str(n?len|n?cmp|r?chr)|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|br_sha(224|256|2small)_[a-z]+|br_ecdsa_i15_vrfy_raw|br_ec_p256_m15)$' |
    tr '\n' ' ')
[ -z "$found" ] || report "the agent core needs more than string.h: $found"

# links PROGRAM PATTERN: what the program must not be linked with
links() {
    local found
    found=$(ldd "$build/bin/$1" | grep -oE "lib($2)[^ ]*\.so[^ ]*" | sort -u | tr '\n' ' ')
    [ -z "$found" ] || report "$1 is linked with $found"
}
links orchestratorctl 'mosquitto|microhttpd'
links fota-agent 'microhttpd|jansson'
links fleetsim 'microhttpd|jansson'

[ -z "$failed" ] || exit 1
echo "lint: clean (${#files[@]} files)"
