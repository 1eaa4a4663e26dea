# The words in which the rows of both state machines are told, one story a row. A scenario sources lib.sh and this, and tells
# stories: each has a campaign of its own, and devices of its own that do nothing but what the story says, over a real broker.
# How each story ends is held against the event log and against its row of tests/golden/. No state is made in the database.
# every_row_is_told.sh holds that no row is without its story.

old_sha256=$(printf '0%.0s' {1..64}) # of the image that every device runs at first
declare -A offers=()                 # device -> the last offer that it has taken notice of
declare -A hellos=()                 # device -> SLOT VERSION SHA256, where it answers when it is asked for a hello
declare -A answered=()               # device -> how often it has been asked
told=0                               # stories so far
patience=130                         # a busy host may be an outage, after which offline devices have a minute to come back

# story ROW WORDS: of the target's table
story() {
    begin_story target "$@"
}

# campaign_story ROW WORDS: of the campaign's
campaign_story() {
    begin_story campaign "$@"
}

begin_story() {
    table=$1 row=$2
    echo "$table, row $row: $3"
    golden=$(grep "^$row " "$root/tests/golden/${table}_fsm.txt") || fail "the $table's table has no row $row" || return 1
    told=$((told + 1))
    campaign=$table-$row-$told
    given_policy_of_the_story
    cast=()
}

# --- given ------------------------------------------------------------------------------------------------------------

given_a_stage() {
    given_an_orchestrator
    given_firmware v1.1.0
}

# A release that is reached only over v1.1.0.
given_a_release_behind_a_stepping_stone() {
    local slot
    mkdir "$work/behind"
    for slot in 1 2; do
        "$build/tools/make_image" --slot $slot --size 20480 --seed 12 --version "$(full v1.2.0)" --output "$work/behind/user$slot.bin"
    done
    orchestratorctl firmware upload "$(full v1.2.0)" "$work"/behind/user[12].bin --requires "$(full v1.1.0)" > /dev/null
}

# given_policy_of_the_story [JQ FILTER]: one wave of everybody, with time for everything but where the filter says otherwise.
given_policy_of_the_story() {
    given_policy 'del(.waves) | .timeouts = {offer_seconds: 600, download_seconds: 600, confirm_seconds: 600} | '"${1:-.}"
}

# given_an_offline_device [NAME]: registered, and known to run v1.0.5. It plays in the story from here on.
given_an_offline_device() {
    device=$campaign-${1:-device}
    cast+=("$device")
    orchestratorctl device register "$device" --ptype "$ptype" --version "$(full v1.0.5)" > /dev/null
}

# given_a_device [NAME]: the same, and it is online.
given_a_device() {
    given_an_offline_device "$@"
    the_device_comes_online
}

# the_device NAME: the next sentences are about this one.
the_device() {
    device=$campaign-$1
}

# given_a_draft [orchestratorctl options]: a campaign for the devices of the story.
given_a_draft() {
    campaign_for v1.1.0 "$@"
}

given_a_campaign() {
    campaign_for v1.1.0 --start "$@"
}

campaign_for() {
    local version=$1 member
    local -a members=()
    for member in "${cast[@]}"; do
        members+=(--device "$member")
    done
    orchestratorctl campaign create "$campaign" --firmware "$(full "$version")" --policy "$work/policy.json" \
        "${members[@]}" "${@:2}" > /dev/null
}

# a_device_is_offered_the_update [JQ FILTER]: how most stories begin; the filter is for the policy.
a_device_is_offered_the_update() {
    given_policy_of_the_story "${1:-.}"
    given_a_device
    given_a_campaign
    the_device_is_offered_it
}

# The next hop is not offered within the story: one offer a minute.
a_device_is_offered_the_stepping_stone() {
    given_policy_of_the_story ".rate.per_minute = 1 | ${1:-.}"
    given_a_device
    campaign_for v1.2.0 --start
    the_device_is_offered_it
}

# --- when: devices ----------------------------------------------------------------------------------------------------

publish() { # publish TOPIC PAYLOAD [mosquitto_pub options]
    mosquitto_pub --host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username "$device" --qos 1 \
        --topic "fota/v1/$device/$1" --message "$2" "${@:3}"
}

# The new image found no connection in its time. The old one has one, and will boot it again.
the_device_will_boot_it_again() {
    publish presence '{"online":true}' --retain
    publish report "$(hello_of 1 "$(full v1.0.5)" "$old_sha256" |
        jq -c ". + {activity: $(of_offer '{campaign, attempt, nonce, state: "retrial"} | tojson')}")"
}

# hello_of SLOT VERSION SHA256 [RESULT]: as JSON
hello_of() {
    echo '{"report":"hello","version":"'"$2"'","slot":'"$1"',"boot":"confirmed","sha256":"'"$3"'",
        "reset_reason":"power_on"'"${4:+,\"result\":$4}"'}'
}

# says_hello SLOT VERSION SHA256 [RESULT]: as at every connect.
says_hello() {
    publish presence '{"online":true}' --retain
    publish report "$(hello_of "$@")"
    hellos[$device]="$1 $2 $3"
}

# A busy host may be an outage, after which devices are asked whether they are there: those of the story that are do answer.
meanwhile() {
    local device asked
    for device in "${cast[@]}"; do
        [ -n "${hellos[$device]:-}" ] && [ -e "$work/$device.heard" ] || continue
        asked=$(times_asked)
        [ "$asked" -gt "${answered[$device]:-0}" ] || continue
        answered[$device]=$asked
        # shellcheck disable=SC2086 # three words
        publish report "$(hello_of ${hellos[$device]})"
    done
}

# Its ear.
the_device_listens() {
    : > "$work/$device.heard"
    stdbuf --output=L mosquitto_sub --host "${MQTT_ADDRESS%:*}" --port "${MQTT_ADDRESS#*:}" --username "$device" --qos 1 --debug \
        --topic "fota/v1/$device/command" > "$work/$device.heard" 2>&1 &
    helpers+=($!)
    local end=$((SECONDS + patience))
    until grep -q "^Subscribed" "$work/$device.heard"; do
        [ $SECONDS -lt $end ] || fail "$device cannot subscribe: $(tail -n 3 "$work/$device.heard")" || return 1
        sleep 0.02
    done
}

# Its ear, then what it says at every connect.
the_device_comes_online() {
    the_device_listens
    says_hello 1 "$(full v1.0.5)" "$old_sha256"
    eventually t "SELECT p.online AND d.image_sha256 IS NOT NULL FROM presence p JOIN devices d USING (device_id)
        WHERE device_id = '$device'"
}

# Somebody has updated it by hand; now it comes online.
the_device_runs_it_already() {
    says_hello 2 "$(full v1.1.0)" "$(sha256sum "$work/firmware-v1.1.0/user2.bin" | cut -d ' ' -f 1)"
}

the_device_goes_offline() {
    unset "hellos[$device]"
    publish presence '{"online":false}' --retain
    eventually f "SELECT online FROM presence WHERE device_id = '$device'"
}

# heard FILTER: the last command to the device for which that holds.
heard() {
    grep '^{' "$work/$device.heard" | jq -c "select($1)" | tail -n 1
}

# times_asked: how often the device was asked for a hello
times_asked() {
    grep -c '"command":"report"' "$work/$device.heard" || true
}

# the_device_is_asked_again TIMES: for a hello, more than so many times
the_device_is_asked_again() {
    local end=$((SECONDS + patience))
    until [ "$(times_asked)" -gt "$1" ]; do
        [ $SECONDS -lt $end ] || fail "$device was not asked for a hello" || return 1
        meanwhile
        sleep 0.05
    done
}

# The latest offer, of another attempt than the one it knows of: that one may be sent again, with other URLs.
the_device_is_offered_it() {
    local offer end=$((SECONDS + patience)) known=${offers[$device]:-null}
    until offer=$(heard '(.command == "update" or .command == "rollback") and
            [.campaign, .attempt] != ('"$known"' | [.campaign, .attempt])') && [ -n "$offer" ]; do
        [ $SECONDS -lt $end ] || fail "$device was offered nothing" || return 1
        meanwhile
        sleep 0.05
    done
    offers[$device]=$offer
}

of_offer() {
    jq -r "$1" <<< "${offers[$device]}"
}

the_device_is_told_to_stop() {
    local end=$((SECONDS + patience))
    until [ -n "$(heard ".command == \"cancel\" and .campaign == $(of_offer .campaign) and .attempt == $(of_offer .attempt)")" ]; do
        [ $SECONDS -lt $end ] || fail "$device was not told to stop" || return 1
        meanwhile
        sleep 0.05
    done
}

# report_of REPORT [REASON]: as JSON, of the attempt that the device was offered last.
report_of() {
    of_offer '{report: "'"$1"'", campaign, attempt} + {
        downloading: {progress: 10},
        trial: {reset_reason: "software"},
        confirmed: (if .command == "rollback" then {slot: 1, sha256} else {slot: 2, sha256: .images["2"].sha256} end
            + {nonce, version}),
        rejected: {reason: "'"${2:-}"'"},
        failed: {reason: "'"${2:-}"'"},
        reverted: {reason: "'"${2:-}"'", version: "'"$(full v1.0.5)"'", slot: 1, sha256: "'"$old_sha256"'"}
    }["'"$1"'"] | tojson'
}

# the_device_says REPORT [REASON]
the_device_says() {
    local report
    report=$(report_of "$@")
    publish report "$report"
    [ "$1" != confirmed ] || hellos[$device]=$(jq -r '"\(.slot) \(.version) \(.sha256)"' <<< "$report")
}

# the_device_comes_back_with REPORT [REASON]: the result is in its hello, as nobody has acknowledged it yet.
the_device_comes_back_with() {
    local result
    result=$(report_of "$@")
    # shellcheck disable=SC2046 # three words
    says_hello $(jq -r '"\(.slot // 1) \(.version // "'"$(full v1.0.5)"'") \(.sha256 // "'"$old_sha256"'")"' <<< "$result") "$result"
}

# --- when: campaigns ------------------------------------------------------------------------------------------------

# two_devices_are_offered_the_update: first and second; the story goes on with the first.
two_devices_are_offered_the_update() {
    given_a_device first
    given_a_device second
    given_a_campaign
    the_device_is_offered_it
    the_device first
    the_device_is_offered_it
}

# the_campaign_halts: by its second device, while the first one goes on.
the_campaign_halts() {
    the_device second
    the_device_says failed bad_image
    then_campaign_is "$campaign" halted
    the_device first
}

# --- then -------------------------------------------------------------------------------------------------------------

# ends_as TIMELINE WAY...: the states of the timeline, one after the other, and no others. The last step is the story's row. After
# "because" comes the reason of that step (may hold %); it has none when nothing is said.
ends_as() {
    local timeline=$1 reason= query
    local -a way=()
    shift
    while [ $# -gt 0 ] && [ "$1" != because ]; do
        way+=("$1")
        shift
    done
    [ $# = 0 ] || reason=$2
    # shellcheck disable=SC2053 # a pattern
    [[ $golden == "$row ${way[-2]} --"*"--> ${way[-1]}: "* ]] ||
        fail "the story's last step is ${way[-2]} to ${way[-1]}, and its row is $golden" || return 1
    query="SELECT coalesce((array_agg(from_state ORDER BY at))[1] || ' ' || string_agg(to_state, ' ' ORDER BY at), 'nothing')
        || CASE WHEN coalesce((array_agg(reason ORDER BY at DESC))[1], '') LIKE '$reason' THEN ''
           ELSE ' because ' || (array_agg(reason ORDER BY at DESC))[1] END FROM $timeline"
    eventually "${way[*]}" "$query"
}

# then_its_way_was STATE... [because REASON]: the device's in the campaign
then_its_way_was() {
    ends_as "ops.device_timeline WHERE device = '$device' AND campaign = '$campaign'" "$@"
}

# then_the_campaign_went STATE... [because REASON]
then_the_campaign_went() {
    ends_as "ops.campaign_timeline WHERE subject = 'campaign' AND campaign = '$campaign'" "$@"
}

# then_it_is STATE: in the middle of a story
then_it_is() {
    eventually "$1" "SELECT t.state FROM targets t JOIN campaigns c USING (campaign_id)
        WHERE device_id = '$device' AND c.name = '$campaign'"
}
