#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Write what is made of the command's tables: the parts of doc/*.1 and doc/*.5 between
# BEGIN and END, and tools/completions/snn.  The results are kept in the repository, so
# nobody needs this to build; tests/meta/docs.sh says when it must be run.
#
#   sh tools/generate.sh [OUT]      from the top of the sources; OUT: another tree to write to

set -eu
AWK=${AWK:-awk}
out=${1:-.}
mkdir -p "$out/doc" "$out/tools/completions"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# .\" BEGIN FORM FILE...
for page in doc/*.1 doc/*.5; do
    while IFS= read -r line; do
        case $line in
        '.\" BEGIN '*)
            printf '%s\n' "$line"
            # shellcheck disable=SC2086
            set -- ${line#'.\" BEGIN '}
            form=$1
            shift
            "$AWK" -f tools/defs.awk -v form="$form" "$@"
            while IFS= read -r line && test "$line" != '.\" END'; do :; done
            printf '%s\n' "$line"
            ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$page" >"$work/page"
    cp "$work/page" "$out/$page"
done

words() { tr '\n' ' ' | sed 's/ $//'; }
names() { "$AWK" -f tools/defs.awk -v form=names "$@" | words; }
{
    cat <<'END'
# bash completion for snn; made by tools/generate.sh.
# SPDX-License-Identifier: BSD-3-Clause

_snn() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    local options= keys
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
END
    printf '        COMPREPLY=($(compgen -W "%s help --help --version" -- "$cur"))\n' \
        "$("$AWK" -f tools/defs.awk -v form=command tools/commands.def | words)"
    cat <<'END'
        return
    fi
    if [ "$prev" = --set ]; then
END
    printf '        keys="%s"\n' "$("$AWK" -f tools/defs.awk -v form=key snn/io/config_keys.def | words)"
    cat <<'END'
        COMPREPLY=($(compgen -W "$keys" -- "$cur"))
        compopt -o nospace
        return
    fi
    case $command in
END
    for command in $("$AWK" -f tools/defs.awk -v form=command tools/commands.def); do
        printf '    %s) options="%s" ;;\n' "$command" \
            "$(names "tools/${command}_opts.def" tools/common_opts.def)"
    done
    cat <<'END'
    esac
    case $cur in
    -*) COMPREPLY=($(compgen -W "$options" -- "$cur")) ;;
    *) compopt -o default ;;
    esac
}
complete -F _snn snn
END
} >"$work/snn"
cp "$work/snn" "$out/tools/completions/snn"
