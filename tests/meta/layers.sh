# SPDX-License-Identifier: BSD-3-Clause
# Invariant I4: no exit and no print in a library, abort only in the assertion hook.
# Invariant I6: kernels know no threads, files or heap.
# Invariant I7: datasets, examples and tools see only include/.
#
# Includes and facilities of every source against the tables "Layers" and
# "Facilities" of ARCHITECTURE.md.
. "$abs_top_srcdir/tests/meta/lib.sh"
table Layers >"$tap_scratch/layers"
table Facilities >"$tap_scratch/facilities"
files '*.c' '*.h' | grep -v '^tests/' >"$tap_scratch/sources"
code <"$tap_scratch/sources" >"$tap_scratch/code"

test -s "$tap_scratch/layers" && test -s "$tap_scratch/facilities"
check "the tables are there" test $? = 0

# One finding a line: the place, and what it must not do.
$AWK -F '|' -v layers="$tap_scratch/layers" -v facilities="$tap_scratch/facilities" '
function layer_of(path,    l, best) {
    best = ""
    for (l in folder)
        if (index(path, folder[l]) == 1 && length(folder[l]) > length(folder[best])) best = l
    return best
}
BEGIN {
    folder[""] = ""
    while ((getline < layers) > 0) {
        folder[$1] = $2
        n = split($3, word, / +/); for (i = 1; i <= n; i++) may_include[$1, word[i]] = 1
        n = split($4, word, / +/); for (i = 1; i <= n; i++) { may_use[$1, word[i]] = 1; named[word[i]] = $1 }
    }
    while ((getline < facilities) > 0) {
        # names: words with "(" are calls, "<x.h>" are headers, the rest is code
        n = split($2, word, / +/)
        for (i = 1; i <= n; i++) {
            pattern = word[i]
            gsub(/[.*]/, "\\\\&", pattern)
            if (pattern ~ /\($/) pattern = substr(pattern, 1, length(pattern) - 1) "[ ]*[(]"
            if (pattern ~ /^#omp$/) pattern = "#[ ]*pragma[ ]+omp[ ]+[a-rt-z]"
            else if (pattern !~ /^</) pattern = "(^|[^A-Za-z0-9_])" pattern
            if (pattern ~ /[A-Za-z0-9_]$/) pattern = pattern "($|[^A-Za-z0-9_])"
            rule[++rules] = pattern; facility[rules] = $1
        }
        known[$1] = 1
    }
    for (name in named)
        if (name != "" && !(name in known)) print "ARCHITECTURE.md: facility " name " is not described"
}
{
    # the code may contain "|": take the line apart by hand
    colon = index($0, ":"); path = substr($0, 1, colon - 1)
    rest = substr($0, colon + 1); colon = index(rest, ":")
    place = path ":" substr(rest, 1, colon - 1); text = substr(rest, colon + 1)
    from = layer_of(path)
    if (from == "") { if (!(path in told)) print path ": in no layer"; told[path] = 1; next }
    if (text ~ /^[ ]*#[ ]*include/) {
        name = text; sub(/^[^<"]*/, "", name); quoted = name ~ /^"/
        sub(/^./, "", name); sub(/[>"].*/, "", name)
        if (name ~ /^snn\/[^\/]*$/) to = "include"
        else if (quoted && name == "config.h") to = "config"
        else if (name ~ /\// && layer_of(name) != "") to = layer_of(name)
        else if (quoted) to = name ~ /\// ? name : from
        else to = ""
        if (to != "" && to != from && !((from, to) in may_include))
            print place ": " from " may not include " to " (" name ")"
    }
    for (i = 1; i <= rules; i++)
        if (text ~ rule[i] && !((from, facility[i]) in may_use))
            print place ": " from " may not use " facility[i] ": " text
}' "$tap_scratch/code" >"$tap_scratch/findings"
none "every include and every facility is in the table" <"$tap_scratch/findings"

while IFS='|' read -r layer folder _; do
    grep -q "^$folder" "$tap_scratch/sources" || echo "layer $layer has no source in $folder"
done <"$tap_scratch/layers" | none "every layer has sources"
tap_done
