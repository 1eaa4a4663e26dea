#!/bin/sh
# Checks that a bare Debian has every program that a script or a recipe calls, or that
# deploy/deps.sh installs it for what the script serves. programs.txt says which package has it.
# Part of `make lint`.
#   programs.sh [FILE]...    scripts and Makefiles; without, those of the whole tree
set -eu
here=$(dirname "$0")
table=$here/programs.txt
places='.ci deploy orchestrator agent-firmware tests'

if [ $# = 0 ]; then
    cd "$here/../.."
    here=tests/make table=tests/make/programs.txt
    # shellcheck disable=SC2046,SC2086 # lists of words
    set -- Makefile $({
        find $places -name '*.sh' -o -name '*.mk' -o -name Makefile
        grep -rIlE '^#!/.*sh$' $places
    } | sort -u)
fi

{
    echo "packages plain $("$here/../../deploy/deps.sh" --list | tr '\n' ' ')"
    for set in lint fuzz chaos bench; do
        echo "packages $set $("$here/../../deploy/deps.sh" --list $set | tr '\n' ' ')"
    done
    # A package that minbase lacks must not pass for one of the base: dpkg knows the priority.
    for package in $(awk '$1 == "base" {print $2}' "$table" | sort -u); do
        dpkg-query --show --showformat 'priority ${Package} ${Priority}\n' "$package" \
            2> /dev/null || true
    done
    cat "$table"
    # A script has its own functions, and those of all parts: files to source, without a #! line.
    awk 'FNR == 1 && !/^#!/ {print "part", FILENAME}' "$@"
    awk -v hands="$(awk '$1 == "hands" {printf "%s:%s:%s ", $2, $3, $4}' "$table")" \
        -f "$here/calls.awk" -f "$here/recipes.awk" "$@" | sed 's/^/call /'
} | awk '
    function complain(what) {
        print "programs: " what
        failed = 1
    }
    # Whether UNIT matches a pattern of the table, in which only * is special.
    function matches(unit, glob) {
        gsub(/[.]/, "[.]", glob)
        gsub(/[*]/, ".*", glob)
        return unit ~ "^" glob "$"
    }
    function set_of(unit,    n) {
        for (n = 1; n <= sets; n++)
            if (matches(unit, set_unit[n]))
                return set_name[n]
        return "plain"
    }
    /^#/ || NF == 0 { next }
    $1 == "packages" { for (n = 3; n <= NF; n++) installs[$2, $n] = 1 }
    $1 == "priority" && NF == 3 { priority[$2] = $3 }
    $1 == "base" && $2 in priority && priority[$2] != "required" && $2 !~ /^(make|git)$/ {
        complain("programs.txt: " $2 " is of priority " priority[$2] ": a bare Debian lacks it")
    }
    $1 == "base" || $1 == "deps" {
        for (n = 3; n <= NF; n++) {
            package[$n] = $2
            kind[$n] = $1
        }
    }
    $1 == "set" {
        for (n = 3; n <= NF; n++) {
            set_name[++sets] = $2
            set_unit[sets] = $n
        }
    }
    $1 == "ours" || $1 == "asked" { for (n = 2; n <= NF; n++) kind[$n] = $1 }
    $1 == "part" { part[$2] = 1 }
    $1 == "call" {
        if ($4 ~ /[(][)]$/) {
            sub(/[(][)]$/, "", $4)
            defined[$2, $4] = 1
            if ($2 in part)
                shared[$4] = 1
        } else {
            calls++
            unit[calls] = $2
            line[calls] = $3
            word[calls] = $4
        }
    }
    END {
        for (n = 1; n <= calls; n++) {
            set = set_of(unit[n])
            called = word[n]
            if ((unit[n], called) in defined || called in shared)
                continue
            where = unit[n] ":" line[n] " calls " called
            if (called in kind && kind[called] != "deps")
                continue
            if (!(called in kind))
                complain(where ": no package of programs.txt has it")
            else if (!((set, package[called]) in installs))
                complain(where " of " package[called] ", which deploy/deps.sh" \
                    (set == "plain" ? "" : " " set) " does not install")
        }
        if (calls == 0)
            complain("no call found")
        exit failed
    }'
