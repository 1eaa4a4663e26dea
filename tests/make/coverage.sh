#!/usr/bin/env bash
# Lines executed by file, worst first, after a build with --coverage has run.
#   coverage.sh BUILD
set -eu
build=$1
find "$build" -name '*.gcda' | while read -r data; do
    gcov --no-output --object-file "$data" "$data" 2> /dev/null
done | awk '
    /^File / {file = $2; gsub("\x27", "", file)}
    /^Lines executed:/ && file ~ /^(orchestrator|agent-firmware)\// {
        split($0, part, /[:% ]+/)
        lines = part[5]; run = part[3] * lines / 100
        if (!(file in all) || run > best[file]) {all[file] = lines; best[file] = run}
        file = ""
    }
    END {
        for (file in all) {
            printf "%6.1f %%  %5d lines  %s\n", 100 * best[file] / all[file], all[file], file | "sort -n"
            total += all[file]; hit += best[file]
        }
        close("sort -n")
        if (total == 0) exit 1
        printf "%6.1f %%  %5d lines  all\n", 100 * hit / total, total
    }'
