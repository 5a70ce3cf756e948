# SPDX-License-Identifier: BSD-3-Clause
# Every invariant of ARCHITECTURE.md names tests that run, every such test names its
# invariant ("Invariant I<n>"), and no test claims one that is not in the table.
. "$abs_top_srcdir/tests/meta/lib.sh"
table Invariants >"$tap_scratch/table"
check "the table is there" test -s "$tap_scratch/table"

while IFS='|' read -r id text tests; do
    test "$tests" != "none yet" || { skip "$id" "no test yet: $text"; continue; }
    for test in $tests; do
        name=${test%.c}
        if ! test -f "$test"; then
            echo "$test does not exist"
        elif ! grep -q "Invariant $id:" "$test"; then
            echo "$test does not say \"Invariant $id:\""
        elif ! grep -Eq "^(check_PROGRAMS|dist_check_SCRIPTS|[[:space:]]).*$name" "${test%/*}/local.am"; then
            echo "$test is not run (${test%/*}/local.am)"
        fi
    done >"$tap_scratch/wrong"
    test -n "$tests" || echo "$id names no test" >>"$tap_scratch/wrong"
    none "$id is held by $tests" <"$tap_scratch/wrong"
done <"$tap_scratch/table"

files '*.c' '*.sh' | grep '^tests/' | while IFS= read -r file; do
    sed -n "s/.*Invariant \(I[0-9][0-9]*\):.*/\1/p" "$file" | while IFS= read -r id; do
        grep -q "^$id|.*$file" "$tap_scratch/table" || echo "$file claims $id"
    done
done | none "every claim is in the table"
tap_done
