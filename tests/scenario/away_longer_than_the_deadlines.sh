#!/usr/bin/env bash
# orchestratord, then PostgreSQL, then the broker are away for longer than the deadlines of what is in flight: no release is rolled back
# for that.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/outages.sh"

given_an_orchestrator
given_agents 6 --min-uptime 4
given_short_deadlines
given_firmware v1.1.0
given_firmware v1.2.0
given_firmware v1.3.0

# is_away PROGRAM PART SECONDS VERSION: during an update to that version.
is_away() {
    when_campaign "$1" "$4"
    when_in_flight "$1" 6
    when_killed_for "$1" "$3"
    then_campaign_is "$1" completed
    then_targets "$1" confirmed 6
    then_nobody_was_judged "$1"
    then_an_outage_was_recorded "$2" $(($3 - 1))
}
is_away orchestratord orchestrator 25 v1.1.0 # also longer than its lease
is_away postgres database 15 v1.2.0
is_away mosquitto broker 15 v1.3.0
then_everything_adds_up
