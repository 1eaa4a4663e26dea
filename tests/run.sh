#!/usr/bin/env bash
# Runs test programs and scenarios: one line each, the whole output of those that fail; at the end once more which failed
# and what tells why, for whoever sees only the last lines, and a count.
#   run.sh TEST...
# A few at a time (JOBS, default: processors). Exit code 0 when nothing failed.
set -u
build=${BUILD:-build}
export BUILD=$build
results=$build/results
limit=${TEST_SECONDS:-300}
jobs=${JOBS:-$(nproc)}
rm -rf "$results"
mkdir -p "$results"

result_of() {
    local name=${1#"$build/"}
    echo "$results/${name//\//.}"
}

# tests_that RESULT OUTPUT: how many; cmocka 1.1.7 names the program before some of the counts.
tests_that() {
    sed -n "s/^\[  $1 *\] \(.*: \)\{0,1\}\([0-9]*\) test(s).*/\2/p" "$2" | awk '{n += $1} END {print n + 0}'
}

# "passed failed skipped" of a cmocka program's output; a scenario says nothing and counts as one.
count() {
    local output=$1 code=$2 passed failed skipped
    if ! grep -q '^\[==========\]' "$output"; then
        [ "$code" = 0 ] && [[ $3 == *.sh ]] && echo 1 0 0 || echo 0 1 0
        return
    fi
    passed=$(tests_that PASSED "$output")
    skipped=$(tests_that SKIPPED "$output")
    failed=$(tests_that FAILED "$output")
    # Only what needs ../shared, which a checkout may lack, may be skipped.
    [ "$skipped" = 0 ] || grep -q '\.\./shared' "$output" || failed=$((failed + skipped)) skipped=0
    # A crash, or a sanitizer's finding at the end, or no test at all.
    [ "$failed" = 0 ] && { [ "$code" != 0 ] || [ $((passed + skipped)) = 0 ]; } && failed=1
    echo "$passed" "$failed" "$skipped"
}

run_one() {
    local test=$1 result started=$EPOCHREALTIME code=0 passed failed skipped seconds
    result=$(result_of "$test")
    timeout --kill-after=30 "$limit" "$test" > "$result.log" 2>&1 < /dev/null || code=$?
    read -r passed failed skipped <<< "$(count "$result.log" "$code" "$test")"
    seconds=$(awk "BEGIN {printf \"%.1f\", $EPOCHREALTIME - $started}")
    local line="${test#"$build/"}: $passed passed"
    [ "$failed" = 0 ] || line+=", $failed FAILED (exit code $code$([ $code = 124 ] && echo ", over $limit s"))"
    [ "$skipped" = 0 ] || line+=", $skipped skipped"
    {
        echo "$line, $seconds s"
        [ "$skipped" = 0 ] || grep '\.\./shared' "$result.log" | sed 's/^/    /'
        [ "$failed" = 0 ] || sed 's/^/    | /' "$result.log"
    } > "$result.text"
    cat "$result.text" # in one piece
    echo "$passed $failed $skipped" > "$result.count"
}

for test; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
        wait -n
    done
    run_one "$test" &
done
wait

# Of a failed test: the lines that name what went wrong first, what a scenario has said itself, and the last ones, which list the failed tests
# or name the one that a crash ended.
why() {
    grep -aE "^$(basename "$2" .sh): " "$1" | tail -n 5
    head -n -3 "$1" | grep -aE 'ERROR|: (error|failure):|Sanitizer|runtime error|^local: ' | head -n 5
    tail -n 3 "$1"
}

for test; do
    result=$(result_of "$test")
    if [ ! -e "$result.count" ]; then
        echo "${test#"$build/"}: FAILED (its runner was killed)"
    elif [ "$(cut -d' ' -f2 "$result.count")" != 0 ]; then
        head -n 1 "$result.text"
        why "$result.log" "$test" | cut -c1-200 | sed 's/^/    | /'
    fi
done

for test; do
    # A runner that was itself killed is a failure too.
    cat "$(result_of "$test").count" 2> /dev/null || echo 0 1 0
done | awk '{passed += $1; failed += $2; skipped += $3}
    END {print passed + 0 " passed, " failed + 0 " failed, " skipped + 0 " skipped"; exit failed > 0}'
