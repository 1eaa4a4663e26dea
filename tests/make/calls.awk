# Prints which programs shell scripts and the recipes of Makefiles call: "UNIT LINE WORD" for each
# word in the place of a command, "UNIT LINE NAME()" for each function that is defined. UNIT is
# the script, or MAKEFILE:TARGET (recipes.awk reads those). UNCLOSED stands where this reader lost
# its way. Leaves out assignments, keywords and builtins, and words that only the run knows
# ("$build/x", $tool). Does not read text that a script hands to another shell (sh -c, trap,
# eval) or to find -exec. `hands` has FILE:NAME:N for each function NAME of FILE that runs what
# follows its first N arguments.
#
# `text` is the script or recipe, `at` the place in it. Each nested piece of code, as a subshell or
# $(...), is one level `d` deeper; the arrays text_of[d] to array[d] hold the state of a level.

BEGIN {
    fill(keeps, "if then elif else do while until ! { time")
    fill(ends, "fi done esac }")
    fill(lists, "for select")
    fill(wraps, "command coproc env exec nice nohup setsid sudo timeout xargs")
    fill(builtin, ". : [ alias bg break builtin caller cd command continue coproc declare disown " \
        "echo eval exec exit export false fg getopts hash jobs kill let local mapfile " \
        "popd printf pushd pwd read readarray readonly return set shift shopt source " \
        "test times trap true type typeset ulimit umask unset wait")
    for (n = split(hands, row, " "); n > 0; n--) {
        split(row[n], field, ":")
        hands_in[field[1], field[2]] = 1
        handed_behind[field[2]] = field[3]
    }
    separator = "[ \t\n;&|()<>]"
}

function fill(set, words,    list, n) {
    for (n = split(words, list, " "); n > 0; n--)
        set[list[n]] = 1
}

FNR == 1 {
    finish()
    unit = file = FILENAME
    is_make = file ~ /(\.mk|Makefile)$/
}
FNR == 1 && /^#!/ {
    n = split($0, interpreter, /[ \/]+/)
    for (; n > 1 && interpreter[n] !~ /^(usr|bin)$/; n--)
        print unit, 1, interpreter[n]
}
!is_make { script = script $0 "\n" }
END { finish() }

function finish() {
    if (script != "")
        read_text(script, 1)
    script = ""
}

function read_text(what, first_line) {
    text = what
    at = counted = 1
    line = first_line
    d = waiting = 0
    code("", 0)
}

function emit(word,    seen) {
    seen = substr(text, counted, at - counted)
    line += gsub(/\n/, "", seen)
    counted = at
    print unit, line, word
}

# --- words ----------------------------------------------------------------------------------------

# The word of this level is complete: is it a command?
function word_ends(    word) {
    if (!has[d])
        return
    word = text_of[d]
    has[d] = 0
    text_of[d] = ""
    if (redirected[d])
        redirected[d] = 0
    else if (tests[d]) {
        if (word == "]]")
            tests[d] = 0
    } else if (pattern[d]) {
        if (word == "esac")
            pattern[d] = 0
    } else if (subject[d]) {
        if (word == "in") {
            subject[d] = 0
            pattern[d] = 1
        }
    } else if (expects[d])
        command_word(word)
}

function command_word(word) {
    if (arguments[d] > 0) {
        arguments[d]--
        return
    }
    if (word ~ /^[A-Za-z_][A-Za-z0-9_]*(\[[^=]*\])?\+?=/ || word in keeps)
        return
    if (wrapper[d] != "") {
        if (wrapper[d] == "command" && word ~ /^-[vV]/)
            expects[d] = 0
        if (wrapper[d] == "env" && word == "-u")
            arguments[d] = 1
        if (word ~ /^[-0-9]/)
            return
        if (wrapper[d] == "coproc" && substr(text, at) ~ /^[ \t]+\{/) # its name
            return
        if (wrapper[d] == "timeout" && word ~ /\$/) { # its seconds
            wrapper[d] = "timed"
            return
        }
    }
    sub(/^(\/usr)?\/s?bin\//, "", word)
    if (wrapper[d] !~ /^(|command|coproc)$/ && word in builtin)
        emit(word) # a program of that name
    if (word in handed_behind && (!((unit, word) in own) || (unit, word) in hands_in)) {
        wrapper[d] = word
        arguments[d] = handed_behind[word]
        return
    }
    expects[d] = word in wraps
    wrapper[d] = expects[d] ? word : ""
    if (word == "[[")
        tests[d] = 1
    else if (word == "case")
        subject[d] = 1
    else if (!(word in builtin) && !(word in ends) && !(word in lists) && word !~ /[$\/]/)
        emit(word)
}

function add(what) {
    text_of[d] = text_of[d] what
    has[d] = 1
}

# --- code -----------------------------------------------------------------------------------------

# The next word is a command, unless this is the elements of an array or the patterns of a case.
function next_command() {
    word_ends()
    if (!array[d] && !pattern[d] && !subject[d] && !tests[d])
        expects[d] = 1
    wrapper[d] = ""
    arguments[d] = 0
}

# Reads up to `end`, ")" or "`", or to the end of the text.
function code(end, is_array,    c, two, closed) {
    d++
    text_of[d] = wrapper[d] = ""
    has[d] = arguments[d] = redirected[d] = tests[d] = pattern[d] = subject[d] = 0
    array[d] = is_array
    expects[d] = !is_array
    while (at <= length(text)) {
        c = substr(text, at, 1)
        two = substr(text, at, 2)
        if (two == "\\\n")
            at += 2
        else if (c == "\\") {
            add(substr(text, at + 1, 1))
            at += 2
        } else if (c == "'")
            single_quotes()
        else if (c == "\"")
            double_quotes()
        else if (c == "$")
            dollar(0)
        else if (c == "`" && end != "`")
            inner(1, "`")
        else if (c == "#" && !has[d])
            at += match(substr(text, at), /\n/) ? RSTART - 1 : length(text)
        else if (c ~ /[ \t]/) {
            word_ends()
            at++
        } else if (c == "\n") {
            next_command()
            at++
            here_documents()
        } else if (tests[d]) {
            add(c)
            at++
        } else if (c == end) {
            word_ends()
            at++
            closed = 1
            break
        } else if (two == "<(" || two == ">(")
            inner(2, ")")
        else if (c ~ /[<>]/)
            redirection()
        else if (c == "(")
            parenthesis()
        else if (c == ")") { # behind a pattern of a case
            word_ends()
            pattern[d] = 0
            next_command()
            at++
        } else if (two == ";;") {
            next_command()
            pattern[d] = 1
            expects[d] = 0
            at += 2
        } else if (two == "&>")
            at++
        else if (c ~ /[;&|]/) {
            next_command()
            at++
        } else {
            add(c)
            at++
        }
    }
    word_ends()
    if (end != "" && !closed)
        emit("UNCLOSED" end)
    d--
}

# Code in the middle of a word, which begins `skip` characters on.
function inner(skip, end) {
    at += skip
    code(end, 0)
    add("$")
}

function parenthesis() {
    if (pattern[d])
        at++
    else if (has[d] && substr(text, at, 2) == "()") {
        emit(text_of[d] "()")
        own[unit, text_of[d]] = 1
        text_of[d] = ""
        has[d] = 0
        at += 2
    } else if (has[d]) { # name=(...)
        at++
        code(")", 1)
    } else if (substr(text, at, 2) == "((") {
        at += 2
        arithmetic()
        expects[d] = 0
    } else {
        at++
        code(")", 0)
        expects[d] = 0
    }
}

function redirection(    rest, word) {
    if (text_of[d] ~ /^([0-9]+|\{[A-Za-z_].*\})$/) # a descriptor, or the variable of one
        has[d] = 0
    if (!has[d])
        text_of[d] = ""
    word_ends()
    rest = substr(text, at)
    if (rest ~ /^<<[^<]/) {
        match(rest, /^<<-?[ \t]*/)
        at += RLENGTH
        match(substr(text, at), separator)
        word = substr(text, at, RSTART - 1)
        at += RSTART - 1
        waiting++
        expanded[waiting] = word !~ /['"\\]/
        gsub(/['"\\]/, "", word)
        delimiter[waiting] = word
        return
    }
    match(rest, /^[<>]+[&|]?/)
    at += RLENGTH
    redirected[d] = 1
}

# Behind a newline: the documents that the line before it announced. Code in them is read.
function here_documents(    n, whole, length_of, saved) {
    for (n = 1; n <= waiting; n++) {
        saved = text_of[d]
        while (at <= length(text)) {
            length_of = index(substr(text, at), "\n")
            whole = substr(text, at, length_of - 1)
            sub(/^\t*/, "", whole)
            if (whole == delimiter[n] || length_of == 0)
                break
            if (expanded[n])
                inside("", at + length_of)
            else
                at += length_of
        }
        at += length_of
        text_of[d] = saved
        has[d] = 0
    }
    waiting = 0
}

# --- quotes and what $ begins ---------------------------------------------------------------------

function single_quotes(    n) {
    n = index(substr(text, at + 1), "'")
    add(substr(text, at + 1, n - 1))
    at += n + 1
}

# What is quoted, up to the character `stop` or the place `last`: one word, but with code in it.
function inside(stop, last,    c) {
    add("")
    while (at < last && (c = substr(text, at, 1)) != stop) {
        if (c == "$")
            dollar(1)
        else if (c == "`")
            inner(1, "`")
        else if (c == "\"" && stop == "}")
            double_quotes()
        else {
            add(c)
            at += c == "\\" ? 2 : 1
        }
    }
}

function double_quotes() {
    at++
    inside("\"", length(text))
    at++
}

function dollar(is_quoted,    rest) {
    add("$")
    rest = substr(text, at + 1, 2)
    if (rest == "((") {
        at += 3
        arithmetic()
    } else if (rest ~ /^\(/)
        inner(2, ")")
    else if (rest ~ /^\{/) {
        at += 2
        inside("}", length(text))
        at++
    } else if (rest ~ /^'/ && !is_quoted) {
        for (at += 2; at <= length(text) && substr(text, at, 1) != "'"; at++)
            if (substr(text, at, 1) == "\\")
                at++
        at++
    } else
        at += rest ~ /^[#?*@!$0-9-]/ ? 2 : 1
}

function arithmetic(    c, open) {
    for (open = 2; at <= length(text) && open > 0;) {
        c = substr(text, at, 1)
        if (c == "$")
            dollar(1)
        else {
            open += (c == "(") - (c == ")")
            at++
        }
    }
}
