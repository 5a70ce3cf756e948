# SPDX-License-Identifier: BSD-3-Clause
# configure.ac has the version; header, changelog and manual pages repeat it.
. "$abs_top_srcdir/tests/meta/lib.sh"
version=$(sed -n 's/^AC_INIT(\[snn\], \[\([0-9.]*\)\].*/\1/p' configure.ac)
same() { if test "$2" = "$version"; then ok "$1"; else not_ok "$1"; diag "$2, not $version"; fi; }
check "configure.ac has one" test -n "$version"
macro() { sed -n "s/^#define $1 *\"*\([0-9.]*\)\"*$/\1/p" include/snn/status.h; }
same "SNN_VERSION" "$(macro SNN_VERSION)"
same "SNN_VERSION_MAJOR, MINOR, PATCH" \
    "$(macro SNN_VERSION_MAJOR).$(macro SNN_VERSION_MINOR).$(macro SNN_VERSION_PATCH)"
same "CHANGELOG.md" "$(sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)"
for page in $(files '*.[1-9]'); do
    same "$page" "$(sed -n 's/^\.TH.*"snn \([0-9.]*\)".*/\1/p' "$page")"
done
tap_done
