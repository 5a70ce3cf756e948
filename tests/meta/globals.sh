# SPDX-License-Identifier: BSD-3-Clause
# Invariant I5: no global mutable state.
#
# Objects of the library in a writable section are listed in globals.txt, each with
# its reason.  Tables of pointers are relocated once, by the loader, and then
# read-only (.data.rel.ro); they do not count.
. "$abs_top_srcdir/tests/meta/lib.sh"
objects=$(cd "$abs_top_builddir" && find snn datasets -path '*/.libs/*.o' 2>/dev/null | sed "s|^|$PWD/|")
check "there are objects" test -n "$objects"
case " $SANITIZER_CFLAGS $COVERAGE_CFLAGS" in
*-fsanitize* | *--coverage*)
    skip "no writable data" "an instrumented build adds its own"
    tap_done
    ;;
esac
# Not nm: it calls .data.rel.ro writable.  Thread-local objects carry no O.
for object in $objects; do
    ${OBJDUMP:-objdump} -t "$object" |
        $AWK -v object="${object##*/}" '
            (/ O / && / [.](bss|data)([.][^ \t]*)?\t/ || / [*]COM[*]\t/ || / [.]t(bss|data)[.]?[^ \t]*\t/) &&
            $0 !~ /[.]data[.]rel[.]ro/ && $NF !~ /^[.]/ {
                sub(/^lib[a-z0-9_]*-/, "", object); sub(/\.o$/, "", object)
                name = $NF; sub(/\.[0-9]+$/, "", name); print object ":" name }'
done | LC_ALL=C sort -u >"$tap_scratch/found"
sed -n 's/^\([a-z0-9_]*:[A-Za-z0-9_]*\) .*/\1/p' tests/meta/globals.txt | LC_ALL=C sort >"$tap_scratch/known"
LC_ALL=C comm -23 "$tap_scratch/found" "$tap_scratch/known" | none "no writable data without a reason"
LC_ALL=C comm -13 "$tap_scratch/found" "$tap_scratch/known" | none "no reason without data"
tap_done
