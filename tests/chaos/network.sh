#!/usr/bin/env bash
# Orchestrators, broker, database and devices on hosts of their own, and a network between them that delays, loses and reorders packets, is cut
# and heals, and lets hosts vanish without a word: nobody gets a FIN or a RST, and timeouts must find it out. A campaign goes on through all of it.
#   NETWORK_DEVICES (300), NETWORK_SEED (drawn), NETWORK_FAULTS (all; their numbers)
# Needs root and /dev/net/tun. The hosts are network namespaces inside one that has no way out.
if [ -z "${NETWORK_IS_OURS:-}" ]; then
    if [ "$(id -u)" != 0 ] || ! unshare --net --mount true 2> /dev/null || [ ! -c /dev/net/tun ]; then
        echo "network: skipped: needs root, the right to make network namespaces, and /dev/net/tun"
        exit 0
    fi
    export NETWORK_IS_OURS=yes
    exec unshare --net --mount --propagation private "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
devices=${NETWORK_DEVICES:-300}
faults=${NETWORK_FAULTS:-1 2 3 4 5 6 7 8 9 10}
RANDOM=${NETWORK_SEED:=$RANDOM}
read -r -a fault_list <<< "$faults"
net=192.0.2
patience=40 # after each fault: it takes 25 seconds to notice that somebody is gone, and then the next try
declare -A number=([one]=1 [two]=2 [three]=3 [broker]=4 [database]=5 [devices]=6 [operator]=7)
declare -A process=()
cluster=

# --- hosts and the network ----------------------------------------------------------------------------------------------

clean_up() {
    [ "$code" = 0 ] || tail -n 15 "$work"/{one,two,three,broker,database,network}.log 2> /dev/null
    kill -KILL "${process[@]}" 2> /dev/null
    rm -rf "${cluster%/data}"
}

given_hosts() {
    local host
    mkdir -p /run/netns
    mount -t tmpfs tmpfs /run/netns
    ip link set lo up
    for host in one two three broker database devices; do
        ip netns add $host
        ip -n $host link set lo up
    done
    mkfifo "$work/orders"
    "$build/tests/chaos/network" "$NETWORK_SEED" one two three broker database devices - < "$work/orders" > "$work/network.log" 2>&1 &
    helpers+=($!)
    exec 7> "$work/orders"
    until grep -q ready "$work/network.log"; do kill -0 "${helpers[-1]}" || fail "$(cat "$work/network.log")"; done
    for host in one two three broker database devices; do
        ip -n $host address add "$net.${number[$host]}/24" dev net0
        ip -n $host link set net0 up
    done
    ip address add "$net.${number[operator]}/24" dev net0
    ip link set net0 up
}

# way A B ORDER: of tests/chaos/network.c, for packets from A to B.
way() {
    echo "${number[$1]} ${number[$2]} ${*:3}" >&7
}
# between A B ORDER: both ways.
between() {
    way "$1" "$2" "${@:3}"
    way "$2" "$1" "${@:3}"
}
# all_ways ORDER: between all hosts but the operator's, where the test looks at it from.
all_ways() {
    local a b
    for a in one two three broker database devices; do
        for b in one two three broker database devices; do way $a $b "$@"; done
    done
}
# vanish HOST: nobody hears of it any more, not even that its programs have ended.
vanish() {
    local other
    for other in "${!number[@]}"; do between "$1" "$other" cut; done
    sleep 0.2
    kill -KILL "${process[$1]}"
}
return_of() {
    local other
    for other in "${!number[@]}"; do between "$1" "$other" heal; done
}

# --- the programs, each on its host -------------------------------------------------------------------------------------

# start HOST COMMAND...
start() {
    local host=$1
    shift
    ip netns exec "$host" "$@" >> "$work/$host.log" 2>&1 7>&- & # becomes the program
    process[$host]=$!
    disown # its end is no news
}
start_database() {
    rm -f "$cluster/postmaster.pid"
    start database setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups -- "$postgres" -D "$cluster" -p 5432 \
        -c "listen_addresses=$net.${number[database]}"
}
start_broker() {
    start broker "$mosquitto" -c "$work/broker.conf"
}
start_orchestratord() {
    local host=$1
    sed -e "s|^database_url = .*|database_url = \"$DATABASE_URL\"|" -e "s|^mqtt_url = .*|mqtt_url = mqtt://orchestrator@$MQTT_ADDRESS|" \
        -e "s|^http_address = .*|http_address = $net.${number[$host]}|" -e "s|^http_port = .*|http_port = 8080|" \
        -e "s|^cache_directory = .*|cache_directory = \"$work/images-$host\"|" "$work/state/orchestratord.conf" > "$work/$host.conf"
    start "$host" "$build/bin/orchestratord" --config "$work/$host.conf"
}

# A database that is migrated, with the operator's token, is made by the local services and then moved to its host.
given_services() {
    given_an_orchestrator
    postgres=$(readlink "/proc/$(services pid postgres | head -n 1)/exe")
    mosquitto=$(readlink "/proc/$(services pid mosquitto)/exe")
    services down > "$work/services.log"
    touch "$work/state/env" # there is an orchestrator
    cluster=$(mktemp -d /tmp/fota-network.XXXXXX)
    owner=$(stat -c %U "$work/state/postgres")
    chown "$owner" "$cluster"
    mv "$work/state/postgres" "$cluster/data"
    cluster=$cluster/data
    echo "host all all $net.0/24 scram-sha-256" >> "$cluster/pg_hba.conf"
    sed "s|^listener .*|listener 1883 $net.${number[broker]}|" "$work/state/mosquitto.conf" > "$work/broker.conf"
    DATABASE_URL=${DATABASE_URL/@*\//@$net.${number[database]}:5432/}
    MQTT_ADDRESS=$net.${number[broker]}:1883
    ORCHESTRATOR_URL=http://$net.${number[one]}:8080
    start_database
    start_broker
    eventually 1 'SELECT 1' 2> "$work/out"
    start_orchestratord one
    start_orchestratord two
    then_ready one
    then_ready two
    fleet_host=(ip netns exec devices)
    services() {
        [ "$1" != down ] || kill "${process[one]}" "${process[three]:-${process[two]}}"
    }
}

# --- what must follow a fault -------------------------------------------------------------------------------------------

# then_ready HOST: its orchestrator has database and broker, and answers.
then_ready() {
    local end=$((SECONDS + patience))
    until curl --silent --fail --max-time 2 "http://$net.${number[$1]}:8080/readyz" > "$work/out"; do
        [ $SECONDS -lt $end ] || fail "orchestrator $1 is not ready after $patience seconds: $(cat "$work/out")" || return 1
        sleep 0.2
    done
}
confirmed() {
    sql 'SELECT confirmed FROM ops.campaign_progress'
}
# then_it_goes_on SINCE: more than that is confirmed.
then_it_goes_on() {
    eventually t "SELECT confirmed > $1 OR state = 'completed' FROM ops.campaign_progress"
}
# after WORDS: both orchestrators are at work again, and devices are updated.
after() {
    local began=$SECONDS before
    then_ready one
    then_ready "$second"
    before=$(confirmed)
    then_it_goes_on "$before"
    echo "network: $*: at work again $((SECONDS - began)) seconds later, $(confirmed) of $devices confirmed"
}

# --- the faults ---------------------------------------------------------------------------------------------------------

partition() {
    between "$1" "$2" cut
    sleep 12
    between "$1" "$2" heal
    after "$1 and $2 did not hear of each other for 12 seconds"
}
fault_1() {
    all_ways 100 50 50
    sleep 12
    all_ways 5 5 5
    after "everything was 100 to 150 ms late for 12 seconds, and a packet of 20 was lost"
}
fault_2() { partition one database; }
fault_3() { partition two broker; }
fault_4() { partition devices broker; }
fault_5() { partition devices one; } # no image comes from there
fault_6() {
    way database one cut
    way database two cut
    sleep 12
    way database one heal
    way database two heal
    after "the database heard the orchestrators and its answers were lost for 12 seconds"
}
fault_7() {
    local before
    between one database cut
    between one broker cut
    before=$(confirmed)
    then_it_goes_on "$before"
    sleep 75
    between one database heal
    between one broker heal
    after "orchestrator one was cut off from database and broker for 75 seconds, the other one worked on"
}
fault_8() {
    vanish two
    second=three
    start_orchestratord three
    after "orchestrator two vanished with its connections open, a third took its place"
}
fault_9() {
    vanish broker
    sleep 2
    start_broker
    return_of broker
    after "the broker vanished with its connections open, and came back"
}
fault_10() {
    vanish database
    sleep 2
    start_database
    return_of database
    eventually 1 'SELECT 1' 2> "$work/out"
    after "the database vanished with its connections open, and came back"
}

second=two
given_hosts
given_services
given_fleet "$devices" v1.0.5 --fail-download 2% --crash-on-boot 2% --fail-health 2% --reconnect 0.3
given_firmware v1.1.0
given_policy ".in_flight = 20 | .rate.per_minute = $((devices * 60 / (20 * ${#fault_list[@]}))) | .waves |= map(.gate.success_percent = 50 |
    .gate.failure_percent = 60) | .timeouts = {offer_seconds: 60, download_seconds: 60, confirm_seconds: 60} |
    .retry = {attempts: 2, on: [\"failed\", \"silent\"], backoff_seconds: 1}"
all_ways 5 5 5
when_campaign storm v1.1.0
when_confirmed storm 5
for fault in "${fault_list[@]}"; do
    "fault_$fault"
done
patience=300
then_campaign_is storm completed
then_nothing_is_in_flight storm
eventually 0 'SELECT count(*) FROM presence WHERE NOT online'
all_ways 0 0 0
sleep 3 # the last acks
when_fleets_end
then_nothing_was_lost
then_cap_held storm 20
echo "network: seed $NETWORK_SEED, $devices devices, $(sql "SELECT confirmed || ' confirmed, ' || failed || ' failed, ' || reverted || ' reverted, ' ||
    silent || ' silent, ' || skipped || ' skipped' FROM ops.campaign_progress"); nothing lost, nothing flashed twice"
