# SPDX-License-Identifier: BSD-3-Clause
# Small rules that a machine keeps better than a reviewer.
. "$abs_top_srcdir/tests/meta/lib.sh"
{
    files '*.c' '*.h' '*.def' '*.sh' '*.awk' '*.py' '*.md' '*.yaml' '*.am'
    ls ./*.md configure.ac Makefile.am go m4/snn_flags.m4 build-aux/tap-cmocka.sh .clang-format
    test ! -f .ci/run || echo .ci/run
} | sed 's|^\./||' >"$tap_scratch/all"
grep '\.[ch]$' "$tap_scratch/all" >"$tap_scratch/c"
check "there are files" test "$(wc -l <"$tap_scratch/c")" -gt 10
tab=$(printf '\t')

# search LIST PATTERN...: file:line:text of each match in the files of LIST
search() {
    search_list=$1
    shift
    tr '\n' '\0' <"$search_list" | LC_ALL=C xargs -0 grep -nE "$@" /dev/null
}

grep -v '\.am$' "$tap_scratch/all" >"$tap_scratch/no-tabs"
search "$tap_scratch/no-tabs" "$tab" | none "no tabs (but in Makefiles)"
search "$tap_scratch/all" '[[:space:]]$' | none "no space at a line's end, no carriage return"

# no-break and zero-width spaces, direction marks, byte-order mark
invisible=$(printf '\302\240|\302\255|\342\200[\213-\217\252-\256]|\342\201[\240-\257]|\357\273\277')
search "$tap_scratch/all" "$invisible" | none "no invisible characters"

while IFS= read -r file; do
    test -z "$(tail -c 1 "$file")" || echo "$file"
done <"$tap_scratch/all" | none "every file ends with a newline"

grep -v '^tests/meta/' "$tap_scratch/all" >"$tap_scratch/not-meta"
search "$tap_scratch/not-meta" -w 'TODO|FIXME|XXX' | none "no notes to self"

code <"$tap_scratch/c" >"$tap_scratch/code"
banned='(^|[^A-Za-z0-9_])(ato[ifl]|atoll|strcpy|strcat|stpcpy|v?sprintf|gets|s?rand|random|strtok|alloca) *\('
grep -E "^[^:]*:[^:]*:.*$banned" "$tap_scratch/code" | none "no banned calls"
grep -v '^tests/' "$tap_scratch/code" | grep -E '(^|[^A-Za-z0-9_])(setjmp|longjmp) *\(' |
    none "no jumps out of the library (a test may catch an assertion so)"

grep -E '\.([ch]|sh|def|awk|py)$|^go$|^\.ci/run$' "$tap_scratch/all" | while IFS= read -r file; do
    case $file in
    *.[ch]) sed -n 1p "$file" ;;
    *) sed -n 1,2p "$file" ;;
    esac | grep -q 'SPDX-License-Identifier: BSD-3-Clause' || echo "$file"
done | none "every source starts with its licence"

grep -E '\.([ch]|sh)$|^go$' "$tap_scratch/all" | while IFS= read -r file; do
    lines=$(wc -l <"$file")
    test "$lines" -le 800 || echo "$file: $lines lines"
done | none "no file has more than 800 lines"

sed 's|.*/||' "$tap_scratch/c" | LC_ALL=C sort | uniq -d | none "names of C files are unique"

# The guard against -ffast-math must be where every private source meets it.
grep -A1 'ifdef __FAST_MATH__' snn/base/base.h | grep -q '#error'
check "base.h refuses fast-math" test $? = 0
if ${CC:-cc} -ffast-math -Iinclude -I. -fsyntax-only -x c snn/base/base.h 2>/dev/null; then
    echo "it compiles"
fi | none "and means it"
tap_done
