#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Run a test program and mend the TAP that cmocka 1.1.5 writes:
#   - a skipped test is "not ok N # SKIP name", which every reader counts as failed;
#   - each group prints its own plan and starts again at 1;
#   - the exit status is the number of failures, which the driver would count again.
# A line "# skip: reason" before a skipped test becomes its reason.
# A program that dies, or leaves before its last test, is a failure.

# An awk that reads ahead (mawk) would hold the output back; fflush gives each line at once.
{ "$@"; printf '\n@status %d\n' "$?"; } | ${AWK:-awk} '
/^1\.\.[0-9]+/         { planned += substr($0, 4); next }
/^# skip: /            { reason = ": " substr($0, 9) }
/^(not )?ok .*# SKIP/  { sub(/^(not )?ok.*# SKIP */, "")
                         print "ok " ++seen " # SKIP " $0 reason; reason = ""; fflush(); next }
/^not ok/              { failed++; sub(/^not ok *[0-9]*/, ""); print "not ok " ++seen $0
                         fflush(); next }
/^ok/                  { sub(/^ok *[0-9]*/, ""); print "ok " ++seen $0; fflush(); next }
/^@status /            { status = $2; next }
/^$/                   { next }
!/^#/                  { $0 = "# " $0 }
                       { print; fflush() }
END {
    if (planned != seen)
        print "not ok " ++seen " - left with status " status " after " seen - 1 " of " planned + 0 " tests"
    else if (status != 0 && failed == 0)
        print "not ok " ++seen " - exit status " status " without a failed test"
    else if (seen == 0)
        print "not ok " ++seen " - no test ran"
    print "1.." seen
}'
