#!/usr/bin/env bash
# Both state machines against the stories of their rows: every row of tests/golden/*_fsm.txt is told by a story in rows_*.sh, and every
# story ends once, with the step that its row is.
set -euo pipefail
cd "$(dirname "$0")/../.."

awk '
    function complain(words) { print "every_row_is_told: " words; failed = 1 }
    function story_must_have_ended() {
        if (story != "" && ends != 1)
            complain(story " has " ends + 0 " ends")
    }
    FNR == 1 { story_must_have_ended(); story = "" }
    FILENAME ~ /_fsm.txt$/ { # 22 offered --failed--> failed: it ended before the flip
        table = FILENAME ~ /target/ ? "target" : "campaign"
        split($0, parts, "--> ")
        sub(/:.*/, "", parts[2])
        step[table, $1] = $2 " " parts[2]
        next
    }
    /^(campaign_)?story / {
        story_must_have_ended()
        table = $1 == "story" ? "target" : "campaign"
        row = $2
        ends = 0
        story = FILENAME ":" FNR ": the story of row " row " of the " table
        if (!((table, row) in step))
            complain(story " tells a row that is not there")
        told[table, row] = 1
    }
    /^(then_its_way_was|then_the_campaign_went) / {
        sub(/ because .*/, "")
        ends++
        wanted = $1 == "then_its_way_was" ? "target" : "campaign"
        if (story == "" || wanted != table || $(NF - 1) " " $NF != step[table, row])
            complain(story " ends with " $(NF - 1) " to " $NF ", and its row goes from " step[table, row])
    }
    END {
        story_must_have_ended()
        for (key in step) {
            split(key, parts, SUBSEP)
            if (!(key in told))
                complain("no story of row " parts[2] " of the " parts[1] ": " step[key])
            rows++
        }
        if (rows == 0)
            complain("there are no rows")
        exit failed
    }' tests/golden/target_fsm.txt tests/golden/campaign_fsm.txt tests/scenario/rows_*.sh
