# The daemon of this checkout. Sourced by local.sh.

orchestratord=$build/bin/orchestratord
orchestratord_conf=$state/orchestratord.conf
orchestratord_log=$state/orchestratord.log

orchestratord_running() {
    [ -n "$(processes_of orchestratord "$orchestratord_conf")" ]
}

orchestratord_write_conf() {
    (umask 077 && cat > "$orchestratord_conf.new") << CONFIGURATION
# Made by deploy/local; changes are lost at the next start.
database_url = "$(postgres_url orchestrator orchestrator)"
mqtt_url = mqtt://orchestrator@127.0.0.1:$(cat "$state/mosquitto.port")
http_address = 127.0.0.1
http_port = $1
cache_directory = "$state/images"
$(cat "$state/extra.conf" 2>/dev/null)
CONFIGURATION
    mv "$orchestratord_conf.new" "$orchestratord_conf"
}

orchestratord_migrate() {
    "$orchestratord" migrate --config "$orchestratord_conf" >> "$orchestratord_log" 2>&1 ||
        die "orchestratord migrate failed" "$orchestratord_log"
}

# A token is made once; the database keeps only its hash.
orchestratord_token() {
    [ ! -s "$state/token" ] || return 0
    local name token
    for name in local "local-$(date +%s)"; do
        if token=$("$orchestratord" token create --role admin --name "$name" --config "$orchestratord_conf" \
            2>> "$orchestratord_log"); then
            (umask 077 && echo "$token" > "$state/token.new")
            mv "$state/token.new" "$state/token"
            return 0
        fi
    done
    die "orchestratord token create failed" "$orchestratord_log"
}

orchestratord_start_once() {
    local port=$1 tries=300
    start_program "$orchestratord_log" "$orchestratord" run --config "$orchestratord_conf"
    local pid=$!
    while [ $tries -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
        http_ok "$port" /readyz && kill -0 "$pid" 2>/dev/null && return 0
        sleep 0.1
        tries=$((tries - 1))
    done
    return 1
}

# One that runs with other settings, such as the broker's port before the broker was killed, is started anew.
orchestratord_is_current() {
    orchestratord_running && [ -s "$state/http.port" ] || return 1
    local before
    before=$(cat "$orchestratord_conf" 2>/dev/null || true)
    orchestratord_write_conf "$(cat "$state/http.port")"
    [ "$before" = "$(cat "$orchestratord_conf")" ] && [ -s "$state/token" ]
}

orchestratord_up() {
    [ -x "$orchestratord" ] || die "$orchestratord is not built: run \`make\`"
    local port tries
    ! orchestratord_is_current || return 0
    orchestratord_down
    for tries in 1 2 3; do
        port=$(choose_port "$state/http.port")
        orchestratord_write_conf "$port"
        orchestratord_migrate
        orchestratord_token
        orchestratord_start_once "$port" && break
        ! orchestratord_running || die "orchestratord runs, but is not ready" "$orchestratord_log"
        { port_is_open "$port" && [ "$tries" != 3 ]; } || die "orchestratord did not start" "$orchestratord_log"
    done
    say "orchestratord runs on port $port"
}

orchestratord_down() {
    orchestratord_running || return 0
    stop_processes orchestratord "$orchestratord_conf" TERM 15
    say "orchestratord stopped"
}
