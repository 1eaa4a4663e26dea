# Reads for calls.awk the recipes of Makefiles, and what $(shell ...) runs. In a recipe, make's
# variables stand for what any of the files defines, and other expansions are $v.

is_make { make_line($0) }
END {
    for (n = 1; n <= recipes; n++) {
        unit = unit_of[n]
        read_text(expand(recipe[n], 0), line_of[n])
    }
}

# Keeps variables and recipes: a recipe may use a variable of a later file.
function make_line(what,    name) {
    if (what ~ /^define /)
        defines = 1
    if (what ~ /^endef/)
        defines = 0
    if (defines)
        gsub(/\$\$/, "$", what)
    if (joined == "")
        started = FNR
    joined = joined what "\n"
    if (what ~ /\\$/)
        return
    what = joined
    joined = ""
    if (what ~ /^\t/) {
        sub(/^\t[@+-]*/, "", what)
        keep(what)
    } else if (what ~ /^[A-Za-z_0-9]+ *[?:+]?= /) {
        name = what
        sub(/ *[?:+]?=.*/, "", name)
        sub(/^[^=]*= /, "", what)
        sub(/\n$/, "", what)
        if (!(name in variable))
            variable[name] = what
        target = name
        keep_shell(what)
    } else if (match(what, /^[^#:=]*:/)) {
        target = substr(what, 1, RLENGTH - 1)
        gsub(/[ \t].*/, "", target)
        keep_shell(what)
    } else
        keep_shell(what)
}

function keep(what) {
    recipes++
    recipe[recipes] = what
    unit_of[recipes] = file ":" target
    line_of[recipes] = started
}

function keep_shell(what) {
    if (match(what, /\$\(shell /))
        keep(": " substr(what, RSTART))
}

# What the shell sees of make's text: variables as they are defined, other expansions as $v.
function expand(what, depth,    out, n, c, open) {
    while ((n = index(what, "$")) > 0) {
        out = out substr(what, 1, n - 1)
        c = substr(what, n + 1, 1)
        if (c == "$")
            out = out "$"
        else if (c != "(")
            out = out "$v"
        else {
            open = 1
            for (c = n + 2; c <= length(what) && open > 0; c++)
                open += (substr(what, c, 1) == "(") - (substr(what, c, 1) == ")")
            out = out value(substr(what, n + 2, c - n - 3), depth)
            n = c - 2
        }
        what = substr(what, n + 2)
    }
    return out what
}

function value(what, depth) {
    if (what ~ /^shell /)
        return "$(" expand(substr(what, 7), depth + 1) ")"
    if (what ~ /^call say,/)
        return ""
    return what in variable && depth < 5 ? expand(variable[what], depth + 1) : "$v"
}
