# SPDX-License-Identifier: BSD-3-Clause
#
# TAP for script tests: source this, call the functions, end with tap_done.
#
#   ok TEXT            a test passed
#   not_ok TEXT        a test failed; explain with diag
#   skip TEXT REASON   a test could not run here
#   diag TEXT          a comment in the log
#   check TEXT CMD...  ok if CMD succeeds; its output is shown when it does not
#   none TEXT          ok if standard input is empty; each line of it is a finding
#
# $tap_scratch is an empty folder that is removed at the end.  The functions may be
# used in a pipe or a subshell: the count lives in a file beside it.  A script that
# leaves without tap_done writes no plan, which the driver counts as an error.

tap_base=$(mktemp -d "${TMPDIR:-/tmp}/snn-test.XXXXXX") || exit 1
tap_scratch=$tap_base/scratch
mkdir "$tap_scratch"
: >"$tap_base/count"
trap 'chmod -R u+w "$tap_base"; rm -rf "$tap_base"' EXIT
trap 'exit 1' HUP INT TERM

tap_next() {
    echo >>"$tap_base/count"
    tap_number=$(($(wc -l <"$tap_base/count")))
}

ok() { tap_next; echo "ok $tap_number - $1"; }
not_ok() { tap_next; echo "not ok $tap_number - $1"; }
skip() { tap_next; echo "ok $tap_number # SKIP $1: $2"; }
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

tap_done() { echo "1..$(($(wc -l <"$tap_base/count")))"; exit 0; }
