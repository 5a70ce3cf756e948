# SPDX-License-Identifier: BSD-3-Clause
# What the checks of the project on itself share: the list of files, C without
# comments, and tables of ARCHITECTURE.md.
. "$abs_top_srcdir/tests/tap.sh"
cd "$abs_top_srcdir" || exit 1
AWK=${AWK:-awk}

# Hand-written text files, by pattern: files '*.c' '*.h'.  Skips what a build in
# the source tree would leave there.
files() {
    for files_pattern in "$@"; do
        find snn datasets include examples tests tools configs doc \
            -name '.?*' -prune -o -type f -name "$files_pattern" -print
    done | LC_ALL=C sort
}

# "file:line:text" of C files with comments gone and strings emptied; the names in
# #include lines stay.  Standard input: names of files.
code() {
    while IFS= read -r code_file; do
        $AWK -v file="$code_file" -f tests/meta/code.awk "$code_file"
    done
}

# Rows of the table in section $1 of ARCHITECTURE.md: cells separated by "|",
# without back-quotes and outer spaces.
table() {
    $AWK -v want="## $1" '
        /^## /     { inside = ($0 == want); row = 0; next }
        !inside || !/^\|/ { next }
        ++row <= 2 { next }
                   { gsub(/`/, ""); gsub(/ *\| */, "|"); sub(/^\|/, ""); sub(/\|$/, ""); print }
    ' ARCHITECTURE.md
}
