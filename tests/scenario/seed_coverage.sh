#!/usr/bin/env bash
# docs/seed-coverage.md names only what is there: every file, every function in the file named before it, every test as one that is
# run; and every chapter, table and figure of the guide has its row. No server is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
page=docs/seed-coverage.md
guide=../shared/seed/esp8266-fota-guide-v1.7.txt
failed=0
rows=0
names=0

report() {
    echo "seed_coverage: $*" >&2
    failed=$((failed + 1))
}

# find_file NAME: prints where it is; test programs are found by their name alone
find_file() {
    local place
    case $1 in
    test_*.c) find tests/unit tests/integration -name "$1" ;;
    *)
        for place in "$1" "orchestrator/$1" "tests/$1" "docs/$1"; do
            [ ! -f "$place" ] || { echo "$place" && return; }
        done
        ;;
    esac
}

# check_name WORD FILE ROW: the function is in the file; in a test program it is one of its tests
check_name() {
    local pattern="\\b$1\\b"
    [ -n "$2" ] || { report "$3: $1 stands before any file" && return; }
    [[ $2 != tests/*.c ]] || pattern="^ *(cmocka_unit_test[a-z_]*|TEST)\\($1[,)]"
    grep -qE "$pattern" "$2" || report "$3: there is no $1 in $2"
}

# check_cell TEXT ROW: what stands in backticks there; sets files to how many were named
check_cell() {
    local word file=
    files=0
    while read -r word; do
        case $word in
        *.c | *.h | *.sh | *.sql | *.txt | *.yaml | *.md)
            file=$(find_file "$word")
            [ "$(wc -w <<< "$file")" = 1 ] || { report "$2: $word is not one file" && file= && continue; }
            files=$((files + 1))
            ;;
        *[!a-zA-Z0-9_]*) ;; # not a name: a command or a value
        is_private | notes | semver | max_version | sys_reboot | sys_upgrade | admin | b) continue ;; # members and values
        *) check_name "$word" "$file" "$2" ;;
        esac
        names=$((names + 1))
    done < <(grep -oE '`[^`]+`|\]\([^)#]+\.(md|yaml)\)' <<< "$1" | tr -d '`()' | tr -d ']')
}

while IFS= read -r row; do
    row=${row//\\|//}
    IFS='|' read -r _ place says code test rest <<< "$row"
    [[ $place != ' place '* && $place != ' --- ' ]] || continue
    rows=$((rows + 1))
    [ -n "${says// /}" ] && [ -n "${test// /}" ] && [ -z "$rest" ] || { report "not four cells: $row" && continue; }
    check_cell "$code" "$place"
    [ $files -gt 0 ] || report "$place: no code is named"
    check_cell "$test" "$place"
    [ $files -gt 0 ] || report "$place: no test is named"
    ! grep -oE '`[^`]+\.(c|sh)`' <<< "$test" | tr -d '`' | grep -vE '^(test_[a-z0-9_]+\.c|scenario/[a-z0-9_]+\.sh)$' ||
        report "$place: that is no test"
done < <(sed -n '/^## Chapters 1 and 2/,/^## Not ours/p' "$page" | grep '^|')

# what stands between the tables
check_cell "$(sed -n '1,/^## Chapters 1 and 2/p; /^Not in the guide/,/^$/p; /^Every example of the appendix/p' "$page" | tr '\n' ' ')" text

# The guide's own headings and captions.
places=$(cut -d '|' -f 2 "$page")
for place in 1 2.1.1 2.1.2 2.2.1 2.2.2 2.3 2.4 3.1 3.2 3.2.1 3.2.2 3.2.3 I.I I.II 'table 1-1' 'table 2-1' 'table 2-2' 'table 2-3' 'table I' \
    'figure 2-1' 'figures 2-2 to 2-6' 'figure 3-1' 'Create Products'; do
    grep -qwF -- "$place" <<< "$places" || report "nothing is said of $place"
done
if [ -e "$guide" ]; then
    while read -r place; do
        grep -qF -- "$place" "$page" || report "the guide has $place, the page has not"
    done < <(sed -nE 's/^#+ ([0-9]+\.[0-9.]*[0-9]|I\.I+)\.? .*/\1/p; s/^Table ([0-9I][-0-9]*)\..*/table \1/p' "$guide" | sort -u)
fi

[ $rows -ge 80 ] && [ $names -ge 200 ] || report "only $rows rows with $names names were read"
[ $failed = 0 ]
