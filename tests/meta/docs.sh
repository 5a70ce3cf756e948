# SPDX-License-Identifier: BSD-3-Clause
# Tables of the command (tools/*.def), manual pages, completion and --help say the same.
. "$abs_top_srcdir/tests/meta/lib.sh"
scratch
snn=$abs_top_builddir/tools/snn

AWK=$AWK sh tools/generate.sh "$tap_scratch/made" || exit 1
for file in doc/*.1 doc/*.5 tools/completions/snn; do
    check "$file is what tools/generate.sh makes" diff -u "$file" "$tap_scratch/made/$file"
done

for command in $($AWK -f tools/defs.awk -v form=command tools/commands.def); do
    $AWK -f tools/defs.awk -v form=names "tools/${command}_opts.def" tools/common_opts.def |
        LC_ALL=C sort >"$tap_scratch/table"
    $snn "$command" --help | sed -n 's/^  ..[, ] *\(--[a-z-]*\).*/\1/p' | LC_ALL=C sort >"$tap_scratch/help"
    check "snn $command --help shows its options" diff -u "$tap_scratch/table" "$tap_scratch/help"
    check "doc/snn-$command.1 is installed" grep -q "doc/snn-$command.1" doc/local.am
    check "snn help lists $command" sh -c "$snn help | grep -q '^  $command '"
done

$AWK -f tools/defs.awk -v form=key snn/io/config_keys.def | LC_ALL=C sort >"$tap_scratch/table"
$snn train --help-config | $AWK '/^[a-z]*:$/ { s = $1; sub(/:/, "", s) }
    /^  [a-z_0-9]*: / { k = $1; sub(/:/, "", k); print s "." k "=" }' | LC_ALL=C sort >"$tap_scratch/help"
check "snn train --help-config lists every key" diff -u "$tap_scratch/table" "$tap_scratch/help"

if command -v groff >/dev/null 2>&1; then
    for page in doc/*.1 doc/*.5; do
        groff -man -Tutf8 -ww -z "$page" 2>&1 | none "$page has no roff warnings"
    done
else
    skip "manual pages have no roff warnings" "no groff"
fi
if command -v bash >/dev/null 2>&1; then
    check "the completion is bash" bash -n tools/completions/snn
    # shellcheck disable=SC2016
    bash -c '. tools/completions/snn
        COMP_WORDS=(snn train --re) COMP_CWORD=2; _snn; echo "${COMPREPLY[@]}"
        COMP_WORDS=(snn train --set train.see) COMP_CWORD=3; _snn; echo "${COMPREPLY[@]}"' \
        2>/dev/null >"$tap_scratch/completed"
    printf '%s\n' --resume train.seed= >"$tap_scratch/expected"
    check "it completes options and keys" diff -u "$tap_scratch/expected" "$tap_scratch/completed"
else
    skip "the completion is bash" "no bash"
fi
tap_done
