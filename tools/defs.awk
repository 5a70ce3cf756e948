# SPDX-License-Identifier: BSD-3-Clause
#
# Reads the tables of the command (tools/*.def, snn/io/config_keys.def) and writes them in
# another form:
#
#   awk -f tools/defs.awk -v form=FORM FILE...
#
#   options     .TP entries of a manual page, from OPTION rows
#   keys        sections and .TP entries of a manual page, from KEY rows
#   names       one "--option" a line, from OPTION rows
#   list        FILE-base, tab, "--option=" or "--option" (= : takes an argument)
#   commands    .TP entries from COMMAND rows
#   command     names from COMMAND rows
#   key         "section.key=" names from KEY rows

function trim(s) { sub(/^[ \t\n]+/, "", s); sub(/[ \t\n]+$/, "", s); return s }

# roff: a hyphen is a minus sign, a backslash is itself.
function roff(s) { gsub(/\\/, "\\e", s); gsub(/-/, "\\-", s); return s }

# The arguments of a row, to arg[1..]; strings side by side are one string.
function take_apart(text,    i, c, n, quoted, one) {
    n = 0; one = ""; quoted = 0
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "\"" && substr(text, i - 1, 1) != "\\") { quoted = !quoted; continue }
        if (!quoted && c == ",") { arg[++n] = trim(one); one = ""; continue }
        if (!quoted && (c == "\n" || c == " ")) continue
        one = one c
    }
    arg[++n] = trim(one)
    return n
}

function row(macro, n,    mark) {
    if (macro == "OPTION" && form == "options") {
        gsub(/'/, "", arg[2])
        print ".TP"
        mark = arg[2] == "0" ? "" : ".BR \\-" arg[2] " \", \" "
        if (mark == "") mark = arg[3] == "" ? ".B " : ".BI "
        print mark "\\-\\-" roff(arg[1]) (arg[3] == "" ? "" : " \" " arg[3] "\"")
        print roff(arg[6]) "."
    } else if (macro == "OPTION" && form == "names") {
        print "--" arg[1]
    } else if (macro == "OPTION" && form == "list") {
        mark = FILENAME; sub(/.*\//, "", mark); sub(/_opts\.def$/, "", mark)
        print mark "\t--" arg[1] (arg[3] == "" ? "" : "=")
    } else if (macro == "COMMAND" && form == "commands") {
        print ".TP\n.BR snn\\-" arg[1] " (1)\n" toupper(substr(arg[5], 1, 1)) roff(substr(arg[5], 2)) "."
    } else if (macro == "COMMAND" && form == "command") {
        print arg[1]
    } else if (macro == "KEY" && form == "key") {
        print arg[1] "." arg[2] "="
    } else if (macro == "KEY" && form == "keys") {
        if (arg[1] != section) print ".SS " arg[1]
        section = arg[1]
        print ".TP\n.BR " arg[2] " \" = " (arg[9] == "" ? "\\(aq\\(aq" : roff(arg[9])) "\""
        print roff(arg[10])
        print type_of(arg[3], arg[6], arg[7], arg[8]) (arg[5] == "" ? "" : ", " arg[5]) "."
    }
}

function type_of(kind, low, high, choices) {
    if (kind == "CHOICE") { gsub(/\|/, ", ", choices); return "One of " roff(choices) }
    if (kind == "SWITCH") return "Boolean, true or false"
    if (kind == "TEXT") return "Text"
    if (kind == "SEED") return "Integer in [0, 2^64 \\- 1]"
    low = roff(low); high = roff(high)
    if (kind == "NUMBER") return "Number in [" low ", " high "]"
    if (kind == "INTEGERS") return "List of integers in [" low ", " high "]"
    if (kind == "SPEAKERS") return "Integer, or list of integers, in [" low ", " high "]"
    return (kind == "ODD" ? "Odd integer" : "Integer") " in [" low ", " high "]"
}

FNR == 1 { open = 0; comment = 0 }
/^\/\*/ { comment = 1 }
comment { if (/\*\//) comment = 0; next }
!open && /^(OPTION|COMMAND|KEY)\(/ {
    macro = $0; sub(/\(.*/, "", macro)
    text = $0; sub(/^[A-Z]+\(/, "", text)
    open = 1
    if (text ~ /\)$/) { sub(/\)$/, "", text); open = 0; row(macro, take_apart(text)) }
    next
}
open {
    text = text "\n" $0
    if ($0 ~ /\)$/) { sub(/\)$/, "", text); open = 0; row(macro, take_apart(text)) }
}
