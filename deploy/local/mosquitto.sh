# The private broker. Sourced by local.sh.

mosquitto_conf=$state/mosquitto.conf
mosquitto_log=$state/mosquitto.log

mosquitto_program() {
    PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto || die "mosquitto is not found: run \`make deps\`"
}

mosquitto_running() {
    [ -n "$(processes_of mosquitto "$mosquitto_conf")" ]
}

mosquitto_write_conf() {
    cp "$root/deploy/mosquitto/acl" "$state/mosquitto.acl"
    chmod 600 "$state/mosquitto.acl"
    sed -e "s|@PORT@|$1|" -e 's|@ADDRESS@|127.0.0.1|' -e 's|@ALLOW_ANONYMOUS@|true|' \
        -e "s|@ACL_FILE@|$state/mosquitto.acl|" -e "s|@USER@|$(id -un)|" \
        "$root/deploy/mosquitto/mosquitto.conf" > "$mosquitto_conf"
}

mosquitto_start_once() {
    local port tries=200
    port=$(choose_port "$state/mosquitto.port")
    mosquitto_write_conf "$port"
    : > "$mosquitto_log"
    start_program "$mosquitto_log" "$(mosquitto_program)" -c "$mosquitto_conf"
    local pid=$!
    while [ $tries -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
        port_is_open "$port" && grep -q ' running$' "$mosquitto_log" && return 0
        sleep 0.05
        tries=$((tries - 1))
    done
    kill -KILL "$pid" 2>/dev/null || true
    return 1
}

mosquitto_up() {
    if mosquitto_running; then
        [ ! -s "$state/mosquitto.port" ] || return 0
        stop_processes mosquitto "$mosquitto_conf" TERM 5 # its files were removed under it
    fi
    local tries
    for tries in 1 2 3; do
        mosquitto_start_once && break
        [ "$tries" != 3 ] || die "mosquitto did not start" "$mosquitto_log"
    done
    say "mosquitto runs on port $(cat "$state/mosquitto.port")"
}

mosquitto_down() {
    mosquitto_running || return 0
    stop_processes mosquitto "$mosquitto_conf" TERM 5
    say "mosquitto stopped"
}
