# SPDX-License-Identifier: BSD-3-Clause
# The names that libsnn exports are a reviewed file, tests/meta/abi.txt.  After an
# intended change: make update-abi, and look at the difference.
. "$abs_top_srcdir/tests/meta/lib.sh"
library=$abs_top_builddir/.libs/libsnn.so
if ! test -f "$library"; then
    skip "exported names" "no shared library in this build"
    tap_done
fi
sh tests/meta/exported.sh "$library" >"$tap_scratch/exported"
check "something is exported" test -s "$tap_scratch/exported"
grep -v '^snn_' "$tap_scratch/exported" | none "every name starts with snn_"
diff "$tap_scratch/exported" tests/meta/abi.txt | none "the names are those of abi.txt"

# Every function a header declares is there, and every exported one is declared.
files '*.h' | grep '^include/' | code | sed 's/^[^:]*:[^:]*://' | tr '\n' ' ' |
    sed 's/SNN_API/\n&/g' | sed -n 's/^SNN_API[^(]*[ *]\(snn_[a-z0-9_]*\)(.*/\1/p' |
    LC_ALL=C sort -u >"$tap_scratch/declared"
LC_ALL=C comm -23 "$tap_scratch/declared" "$tap_scratch/exported" |
    none "every declared function exists"
LC_ALL=C comm -13 "$tap_scratch/declared" "$tap_scratch/exported" |
    none "every exported name is declared in a public header"
tap_done
