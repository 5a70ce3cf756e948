# SPDX-License-Identifier: BSD-3-Clause
# make installcheck: a stranger's program, through pkg-config and nothing else.
set -e
folder=$(mktemp -d "${TMPDIR:-/tmp}/snn-test.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cat >"$folder/stranger.c" <<'END'
#include <snn/snn.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    printf("libsnn %s\n", snn_version());
    return strcmp(snn_version(), SNN_VERSION) != 0;
}
END
# shellcheck disable=SC2046,SC2086
$CC -o "$folder/stranger" "$folder/stranger.c" $($PKG_CONFIG --cflags --libs snn)
"$folder/stranger"
