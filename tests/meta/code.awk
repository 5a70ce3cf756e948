# SPDX-License-Identifier: BSD-3-Clause
# C code of a file as "file:line:text": comments dropped, strings emptied.
# State carried across lines: inside a block comment or not.
{
    text = $0
    out = ""
    include_line = !comment && text ~ /^[ \t]*#[ \t]*include/
    while (text != "") {
        if (comment) {
            at = index(text, "*/")
            if (!at) break
            text = substr(text, at + 2)
            comment = 0
            out = out " "
            continue
        }
        if (!match(text, include_line ? "/[*/]" : "/[*/]|[\"']")) {
            out = out text
            break
        }
        out = out substr(text, 1, RSTART - 1)
        mark = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (mark == "//") break
        if (mark == "/*") { comment = 1; continue }
        # a string or character constant: skip to its end
        while (text != "" && substr(text, 1, 1) != mark)
            text = substr(text, substr(text, 1, 1) == "\\" ? 3 : 2)
        text = substr(text, 2)
        out = out mark mark
    }
    if (out ~ /[^ \t]/) print file ":" FNR ":" out
}
