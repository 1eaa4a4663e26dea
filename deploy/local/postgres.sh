# The private PostgreSQL cluster. Sourced by local.sh.
#
# PostgreSQL refuses to run as root: root runs it as the user postgres, or nobody. When that user cannot reach the
# state directory the cluster lies under TMPDIR while it runs, and comes back into the state directory when stopped.

postgres_home=$state/postgres
postgres_log=$state/postgres.log
postgres_place=$state/postgres.directory # holds the path of the data directory while it is elsewhere

postgres_directory() {
    cat "$postgres_place" 2>/dev/null || echo "$postgres_home"
}

postgres_tool() {
    local directory found=
    for directory in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin "$(pg_config --bindir 2>/dev/null)"; do
        [ -x "$directory/initdb" ] && [ -x "$directory/postgres" ] && found=$directory
    done
    [ -n "$found" ] || die "PostgreSQL's initdb and postgres are not found: run \`make deps\`"
    echo "$found/$1"
}

postgres_user() {
    if id postgres > /dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# Runs a command as the user of the cluster, in a directory that user can be in.
as_postgres() {
    if [ "$(id -u)" != 0 ]; then
        (cd / && exec "$@")
        return
    fi
    local user
    user=$(postgres_user)
    (cd / && HOME=/nonexistent exec setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups -- "$@")
}

postgres_running() {
    [ -n "$(processes_of postgres "$(postgres_directory)")" ]
}

# Puts the data directory where the user of the cluster can reach it.
postgres_settle() {
    local base elsewhere
    if as_postgres test -x "$state"; then
        mkdir -p "$postgres_home"
    else
        base=${TMPDIR:-/tmp}
        as_postgres test -x "$base" || base=/tmp
        elsewhere=$(cat "$postgres_place" 2>/dev/null || true)
        if [ -z "$elsewhere" ] || [ ! -d "$elsewhere" ]; then
            elsewhere=$(mktemp -d "$base/fota-postgres.XXXXXX")
            echo "$elsewhere" > "$postgres_place"
            [ ! -d "$postgres_home" ] || { rmdir "$elsewhere" && mv "$postgres_home" "$elsewhere"; }
        fi
    fi
    [ "$(id -u)" != 0 ] || chown "$(postgres_user)" "$(postgres_directory)"
    chmod 700 "$(postgres_directory)"
}

postgres_come_back() {
    local elsewhere
    elsewhere=$(cat "$postgres_place" 2>/dev/null || true)
    [ -n "$elsewhere" ] || return 0
    [ ! -d "$elsewhere" ] || { rm -rf "$postgres_home" && mv "$elsewhere" "$postgres_home"; }
    rm -f "$postgres_place"
}

# A half made cluster, of a run that was killed, is made again.
postgres_initialise() {
    local directory password
    directory=$(postgres_directory)
    [ ! -e "$directory/complete" ] || return 0
    find "$directory" -mindepth 1 -delete
    rm -f "$state/token" # it was of another database
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && echo "$password" > "$state/password")
    # shellcheck disable=SC2016 # the shell of that user opens the pipe: root's it could not read
    echo "$password" | as_postgres bash -c '"$0" --pwfile <(cat) "$@"' "$(postgres_tool initdb)" \
        --pgdata "$directory" --username postgres --auth scram-sha-256 --encoding UTF8 --locale C \
        --no-sync --no-instructions \
        >> "$postgres_log" 2>&1 || die "initdb failed" "$postgres_log"
    cat >> "$directory/postgresql.conf" << CONFIGURATION
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
timezone = 'UTC'
log_timezone = 'UTC'
max_connections = 200
max_wal_size = '2GB'
CONFIGURATION
    # Only for tests: after a power cut such a cluster is lost. What was committed survives kill -9 all the same.
    [ -z "$fast" ] || cat >> "$directory/postgresql.conf" << CONFIGURATION
fsync = off
full_page_writes = off
CONFIGURATION
    touch "$directory/complete"
}

postgres_url() {
    echo "postgresql://$1:$(cat "$state/password")@127.0.0.1:$(cat "$state/postgres.port")/$2"
}

postgres_sql() {
    "$(postgres_tool psql)" "$(postgres_url postgres "$1")" --no-psqlrc --quiet --tuples-only --no-align \
        --set ON_ERROR_STOP=1 --command "$2" 2>> "$postgres_log"
}

postgres_start_once() {
    local directory port tries=600
    directory=$(postgres_directory)
    # Nothing of ours runs (the caller looked), so this file is of a process that was killed.
    rm -f "$directory/postmaster.pid"
    port=$(choose_port "$state/postgres.port")
    if [ "$(id -u)" = 0 ]; then
        start_program "$postgres_log" setpriv --reuid "$(postgres_user)" --regid "$(id -g "$(postgres_user)")" \
            --clear-groups -- "$(postgres_tool postgres)" -D "$directory" -p "$port"
    else
        start_program "$postgres_log" "$(postgres_tool postgres)" -D "$directory" -p "$port"
    fi
    local pid=$!
    while [ $tries -gt 0 ]; do
        postgres_sql postgres 'SELECT 1' > /dev/null && return 0
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.1
        tries=$((tries - 1))
    done
    return 1
}

# The role of the program: it may make databases (for tests) and roles (ops_reader), and is no superuser.
postgres_prepare() {
    local password
    password=$(cat "$state/password")
    [ "$(postgres_sql postgres "SELECT 1 FROM pg_roles WHERE rolname = 'orchestrator'")" = 1 ] ||
        postgres_sql postgres "CREATE ROLE orchestrator LOGIN CREATEDB CREATEROLE PASSWORD '$password'" ||
        die "cannot make the role orchestrator" "$postgres_log"
    [ "$(postgres_sql postgres "SELECT 1 FROM pg_database WHERE datname = 'orchestrator'")" = 1 ] ||
        postgres_sql postgres "CREATE DATABASE orchestrator OWNER orchestrator TEMPLATE template0" ||
        die "cannot make the database orchestrator" "$postgres_log"
}

postgres_up() {
    if postgres_running && { [ ! -s "$state/password" ] || [ ! -e "$(postgres_directory)/complete" ]; }; then
        stop_processes postgres "$(postgres_directory)" QUIT 5 # its files were removed under it
    fi
    if ! postgres_running; then
        postgres_settle
        postgres_initialise
        local tries
        for tries in 1 2 3 4 5; do
            postgres_start_once && break
            postgres_running && die "PostgreSQL did not answer" "$postgres_log"
            [ "$tries" != 5 ] || die "PostgreSQL did not start" "$postgres_log"
            sleep 0.3 # children of a server that was killed still go away, or the port was taken meanwhile
        done
        say "PostgreSQL runs on port $(cat "$state/postgres.port")"
    fi
    postgres_prepare
}

postgres_down() {
    if postgres_running; then
        # SIGINT is the fast shutdown: connections are ended, everything is written.
        stop_processes postgres "$(postgres_directory)" INT 30
        say "PostgreSQL stopped"
    fi
    postgres_come_back
}
