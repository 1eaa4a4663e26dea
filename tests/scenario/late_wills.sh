#!/usr/bin/env bash
# The broker sends the last will of a connection that a device has long replaced by another one. A device that names its sessions stays
# online and is offered the update; of one that does not the will is believed, and it is asked for a hello: at once, and whenever it says
# something.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stories.sh"

# of_session SESSION: presence and hello of it
of_session() {
    publish presence '{"online":true,"session":"'"$1"'"}' --retain
    publish report "$(hello_of 1 "$(full v1.0.5)" "$old_sha256" | jq -c ".session = \"$1\"")"
    eventually t "SELECT online FROM presence WHERE device_id = '$device'"
}

given_a_stage
campaign=spring
cast=()
given_policy_of_the_story

given_an_offline_device new
the_device_listens
of_session 9f3c0a5b.1
of_session 9f3c0a5b.2
publish presence '{"online":false,"session":"9f3c0a5b.1"}' --retain
given_a_device old # stored after the will

given_a_campaign
the_device new
the_device_is_offered_it
eventually t "SELECT online FROM presence WHERE device_id = '$device'"

the_device old
the_device_is_offered_it
the_device_says accepted
then_it_is accepted
unset "hellos[$device]" # its answers are said here
asked=$(times_asked)
publish presence '{"online":false}' --retain
eventually f "SELECT online FROM presence WHERE device_id = '$device'"
the_device_is_asked_again "$asked"
asked=$(times_asked)
the_device_says downloading
the_device_is_asked_again "$asked"
publish report "$(hello_of 1 "$(full v1.0.5)" "$old_sha256")"
eventually t "SELECT online FROM presence WHERE device_id = '$device'"
