# SPDX-License-Identifier: BSD-3-Clause
# Each public header compiles alone, as strict C11 and as C++11.
. "$abs_top_srcdir/tests/meta/lib.sh"
for header in include/snn/*.h; do
    name=${header#include/}
    printf '#include <%s>\nint snn_header_alone;\n' "$name" >"$tap_scratch/alone.c"
    check "$name as C11" ${CC:-cc} -std=c11 -pedantic -Wall -Wextra -Werror -Iinclude \
        -fsyntax-only "$tap_scratch/alone.c"
    if test "${CXX_HEADERS:-no}" = no; then
        skip "$name as C++11" "no C++ compiler"
    else
        check "$name as C++11" $CXX_HEADERS -std=c++11 -pedantic -Wall -Wextra -Werror -Iinclude \
            -fsyntax-only -x c++ "$tap_scratch/alone.c"
    fi
done
for header in include/snn/*.h; do
    grep -q "$header" include/local.am || echo "$header"
done | none "every header is installed (include/local.am)"
tap_done
