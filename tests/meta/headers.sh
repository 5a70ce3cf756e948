# SPDX-License-Identifier: BSD-3-Clause
# Each public header compiles alone, as strict C11 and as C++11.
. "$abs_top_srcdir/tests/meta/lib.sh"
# alone TEXT COMPILER...: compile a file with nothing but the header
alone() {
    alone_text=$1
    shift
    for header in include/snn/*.h; do
        name=${header#include/}
        printf '#include <%s>\nint snn_header_alone;\n' "$name" >"$tap_scratch/alone.c"
        check "$name as $alone_text" "$@" -pedantic -Wall -Wextra -Werror -Iinclude \
            -fsyntax-only "$tap_scratch/alone.c"
    done
}

# shellcheck disable=SC2086  # a compiler may be given with options
alone C11 ${CC:-cc} -x c -std=c11
if test "${CXX_HEADERS:-no}" = no; then
    skip "public headers as C++11" "no C++ compiler"
else
    alone C++11 "$CXX_HEADERS" -x c++ -std=c++11
fi
for header in include/snn/*.h; do
    grep -q "$header" include/local.am || echo "$header"
done | none "every header is installed (include/local.am)"
tap_done
