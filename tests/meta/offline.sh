# SPDX-License-Identifier: BSD-3-Clause
# Invariant I9: nothing is downloaded by the build or the tests.
. "$abs_top_srcdir/tests/meta/lib.sh"
{
    files '*.c' '*.h' '*.sh' '*.py' '*.awk' '*.am'
    ls Makefile.am configure.ac m4/snn_flags.m4 build-aux/tap-cmocka.sh
} | grep -v '^tests/meta/offline.sh$' >"$tap_scratch/sources"
check "there are sources" test -s "$tap_scratch/sources"
tr '\n' '\0' <"$tap_scratch/sources" |
    xargs -0 grep -nwE 'curl|wget|apt-get|git clone|pip install|urllib|requests|connect|getaddrinfo' /dev/null |
    grep -vE '^datasets/fetch_http\.c:|without-curl|with_curl|AC_ARG_WITH\(\[curl\]' |
    none "no source names a way to fetch, but the one of snn fetch"
# The tests fetch from this machine alone: each of them names its own server.
grep -nE '(^|[^a-z])fetch +(shd|ssc|gsc|fsdd|\$)' tests/cli/*.sh tests/*/*.sh |
    grep -vE '127\.0\.0\.1|\$base|:run 2 ' | none "tests run snn fetch with an address of their own"
# The script installs packages in its set-up, and only there.
$AWK '/^[a-z]+\(\) *\{/ { name = $1 } /(^|[^a-z])(curl|wget) |git clone|apt-get (update|install)/ && name != "setup()" && !/^#/ {
    print FILENAME ":" FNR ":" $0 }' go | none "./go installs in setup alone"
tap_done
