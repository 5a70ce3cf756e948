# SPDX-License-Identifier: BSD-3-Clause
# Invariant I7: datasets, examples and tools see only include/.
#
# They are compiled from a copy, far from the private headers.
. "$abs_top_srcdir/tests/meta/lib.sh"
cp -R datasets examples include tools "$tap_scratch"
cd "$tap_scratch" || exit 1
chmod -R u+w .
found=0
for source in datasets/*.c datasets/*/*.c examples/*.c tools/*.c tools/chart/*.c; do
    test -f "$source" || continue
    found=1
    # shellcheck disable=SC2086
    check "$source" ${CC:-cc} -std=gnu11 -Iinclude -I. $DEP_CFLAGS $OPENMP_CFLAGS \
        -fsyntax-only "$source"
done
check "there is something to compile" test $found = 1
cd /
tap_done
