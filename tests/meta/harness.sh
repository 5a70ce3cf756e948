# SPDX-License-Identifier: BSD-3-Clause
# The harness counts: what tap-cmocka.sh makes of each way a test program can end.
. "$abs_top_srcdir/tests/tap.sh"

# case TEXT EXPECTED PROGRAM: EXPECTED is the TAP without comments, joined by ";".
try() {
    got=$(sh "$abs_top_srcdir/build-aux/tap-cmocka.sh" sh -c "$3" 2>/dev/null |
        grep -v '^#' | tr '\n' ';')
    if test "$got" = "$2"; then ok "$1"; else not_ok "$1"; diag "expected $2"; diag "got      $got"; fi
}

try "passed" "ok 1 - a;1..1;" 'echo 1..1; echo "ok 1 - a"'
try "failed once, not twice" "ok 1 - a;not ok 2 - b;1..2;" \
    'echo 1..2; echo "ok 1 - a"; echo "not ok 2 - b"; exit 1'
try "skipped, with its reason" "ok 1 # SKIP a: no data;1..1;" \
    'echo 1..1; echo "# skip: no data"; echo "not ok 1 # SKIP a"'
try "a reason belongs to one skip" "ok 1 # SKIP a: no data;ok 2 # SKIP b;1..2;" \
    'echo 1..2; echo "# skip: no data"; echo "not ok 1 # SKIP a"; echo "not ok 2 # SKIP b"'
try "two groups are numbered through" "ok 1 - a;ok 2 - b;1..2;" \
    'echo 1..1; echo "ok 1 - a"; echo 1..1; echo "ok 1 - b"'
try "died" "ok 1 - a;not ok 2 - left with status 134 after 1 of 2 tests;1..2;" \
    'echo 1..2; echo "ok 1 - a"; exit 134'
try "left early with success" "ok 1 - a;not ok 2 - left with status 0 after 1 of 2 tests;1..2;" \
    'echo 1..2; echo "ok 1 - a"; exit 0'
try "bad exit after the last test" "ok 1 - a;not ok 2 - exit status 23 without a failed test;1..2;" \
    'echo 1..1; echo "ok 1 - a"; exit 23'
try "group set-up failed" \
    "not ok 1 - g GROUP SETUP;not ok 2 - left with status 1 after 1 of 2 tests;1..2;" \
    'echo 1..2; echo "not ok 0 - g GROUP SETUP"; exit 1'
try "no test at all" "not ok 1 - no test ran;1..1;" 'exit 0'
tap_done
