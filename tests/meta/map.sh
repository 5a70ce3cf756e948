# SPDX-License-Identifier: BSD-3-Clause
# The code map of ARCHITECTURE.md names every folder of the tree and no other.
. "$abs_top_srcdir/tests/meta/lib.sh"
table "Code map" | sed 's/|.*//; s|/$||' | LC_ALL=C sort >"$tap_scratch/map"
{
    find snn datasets include examples tests tools configs doc m4 build-aux \
        -name '.?*' -prune -o -type d -print
    test ! -d .ci || echo .ci
} | LC_ALL=C sort >"$tap_scratch/tree"
check "the map is there" test -s "$tap_scratch/map"
LC_ALL=C comm -13 "$tap_scratch/map" "$tap_scratch/tree" | none "every folder is in the map"
LC_ALL=C comm -23 "$tap_scratch/map" "$tap_scratch/tree" | none "every folder of the map exists"

# Folders of the top level are few; a new one must be decided, not appear.
for folder in */; do
    case $folder in
    build*/ | _build/ | _inst/ | autom4te.cache/) ;;
    *) grep -qx "${folder%/}" "$tap_scratch/map" || echo "$folder" ;;
    esac
done | none "no other folder at the top"

# Paths in back-quotes must exist, here and in the other pages.
for page in *.md; do
    tr ' ' '\n' <"$page" | sed -n 's/.*`\([a-z][a-z_-]*\/[A-Za-z0-9_.\/-]*\)`.*/\1/p' |
        while IFS= read -r path; do
            case $path in
            build/*) ;;
            *) test -e "$path" || echo "$page: $path" ;;
            esac
        done
done | none "every path that a page names exists"
tap_done
