#!/usr/bin/env bash
# docs/state-machines.md from the golden dumps of the tables (which tests hold to the code): diagrams.sh > docs/state-machines.md
set -eu
cd "$(dirname "$0")/../.."

# diagram FILE: one arrow for each pair of states, with all its events
diagram() {
    echo '```mermaid'
    echo 'stateDiagram-v2'
    sed -E 's/^[0-9]+ (\S+) --(\S+)--> ([^:]+): .*/\1 \3 \2/' "$1" | awk '
        { key = $1 " --> " $2; if (!(key in events)) { order[++n] = key; events[key] = $3 } else events[key] = events[key] ", " $3 }
        END { for (i = 1; i <= n; i++) print "    " order[i] ": " events[order[i]] }'
    echo '```'
}

table() {
    echo '| | from | event | to | why |'
    echo '| --- | --- | --- | --- | --- |'
    sed -E 's/^([0-9]+) (\S+) --(\S+)--> ([^:]+): (.*)/| \1 | \2 | \3 | \4 | \5 |/' "$1"
}

cat << 'END'
# State machines

Made by `tests/make/diagrams.sh` from the tables of `core/target_fsm.c`, `core/campaign_fsm.c` and, for the device,
`agent-firmware/core/agent_fsm.c`; `make lint` says when it is stale. What is not a row does not happen: any other report is
counted as `out_of_order`, any other command is refused. `tests/scenario/rows_*.sh` tells a story of each row of the first two.

## A target: one device in one campaign

END
diagram tests/golden/target_fsm.txt
echo
table tests/golden/target_fsm.txt
printf '\n## A campaign\n\n'
diagram tests/golden/campaign_fsm.txt
echo
table tests/golden/campaign_fsm.txt
printf '\n## The device at an attempt\n\n'
cat << 'END'
[protocol.md](protocol.md#no-connection-during-a-trial) says what happens in `retrial`. After `rebooting` the device boots
and is `idle` until it has read its boot record.

END
diagram tests/golden/agent_fsm.txt
echo
table tests/golden/agent_fsm.txt
