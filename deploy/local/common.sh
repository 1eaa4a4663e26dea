# What the parts of local.sh share: messages, processes, ports. Sourced.

say() {
    echo "local: $*"
}

# die MESSAGE [LOG]: with the last lines of the log that tells why.
die() {
    echo "local: $1" >&2
    if [ -n "${2:-}" ] && [ -s "${2:-}" ]; then
        echo "local: the last lines of $2:" >&2
        tail -n 15 "$2" | sed 's/^/    /' >&2
    fi
    exit 1
}

# Process numbers of PROGRAM with MARK as one whole argument. The mark is a path inside the state directory, so a
# number that was used again by something else is never taken for ours, and no pid file can be stale.
processes_of() {
    local program=$1 mark=$2 file pid
    local -a words
    for file in $(grep -slF -- "$mark" /proc/[0-9]*/cmdline); do
        pid=${file#/proc/}
        pid=${pid%/cmdline}
        mapfile -d '' -t words 2>/dev/null < "$file" || continue
        [ "${words[0]+${words[0]##*/}}" = "$program" ] || continue
        [[ " ${words[*]:1} " == *" $mark "* ]] && echo "$pid"
    done
    return 0
}

# stop_processes PROGRAM MARK SIGNAL SECONDS: asks, waits, then kills.
stop_processes() {
    local pids tries=$(($4 * 20))
    pids=$(processes_of "$1" "$2")
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086 # a list of numbers
    kill -s "$3" $pids 2>/dev/null || true
    while [ -n "$(processes_of "$1" "$2")" ] && [ $tries -gt 0 ]; do
        sleep 0.05
        tries=$((tries - 1))
    done
    pids=$(processes_of "$1" "$2")
    [ -n "$pids" ] || return 0
    say "$1 did not stop in $4 seconds: killed"
    # shellcheck disable=SC2086
    kill -s KILL $pids 2>/dev/null || true
}

port_is_open() {
    (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# choose_port FILE: prints the port of last time when it is free, else another. Below the ephemeral ports.
choose_port() {
    local port
    port=$(cat "$1" 2>/dev/null || true)
    while [ -z "$port" ] || port_is_open "$port"; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    done
    echo "$port" > "$1"
    echo "$port"
}

# http_ok PORT PATH: whether it answers 200. No curl needed.
http_ok() (
    exec 2> /dev/null 3<> "/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
    IFS= read -r -t 5 status <&3
    [[ $status == *' 200 '* ]]
)

# start_program LOG COMMAND...: in its own session, so that Ctrl-C at make does not reach it.
start_program() {
    local log=$1
    shift
    setsid "$@" < /dev/null >> "$log" 2>&1 9>&- &
}
