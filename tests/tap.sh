# SPDX-License-Identifier: BSD-3-Clause
#
# TAP for script tests: source this, call the functions, end with tap_done.
#
#   ok TEXT            a test passed
#   not_ok TEXT        a test failed; explain with diag
#   skip TEXT REASON   a test could not run here
#   diag TEXT          a comment in the log
#   check TEXT CMD...  ok if CMD succeeds; its output is shown when it does not
#   none TEXT [WHAT]   ok if standard input is empty; each line of it is a finding
#   scratch            make an empty folder, print its name; removed at the end

tap_count=0
tap_failed=0
tap_scratch=
# Before anything else goes wrong: leaving without tap_done has no plan, and the
# driver counts a missing plan as an error.
trap 'test -z "$tap_scratch" || rm -rf "$tap_scratch"' EXIT

ok() { tap_count=$((tap_count + 1)); echo "ok $tap_count - $1"; }
not_ok() { tap_count=$((tap_count + 1)); tap_failed=$((tap_failed + 1)); echo "not ok $tap_count - $1"; }
skip() { tap_count=$((tap_count + 1)); echo "ok $tap_count # SKIP $1: $2"; }
diag() { printf '%s\n' "$1" | sed 's/^/# /'; }

check() {
    tap_text=$1
    shift
    if tap_out=$("$@" 2>&1); then ok "$tap_text"; else not_ok "$tap_text"; diag "$tap_out"; fi
}

none() {
    tap_out=$(cat)
    if test -z "$tap_out"; then ok "$1"; else not_ok "$1"; diag "$tap_out"; fi
}

scratch() {
    tap_scratch=$(mktemp -d "${TMPDIR:-/tmp}/snn-test.XXXXXX")
}

tap_done() { echo "1..$tap_count"; exit 0; }
