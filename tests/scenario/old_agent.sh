#!/usr/bin/env bash
# Devices of the first release, as they are in the field, with the orchestrator of today: they are
# updated, and go back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/baseline.sh"

given_an_orchestrator
given_devices_of "$build/baseline"
then_they_update_and_go_back
