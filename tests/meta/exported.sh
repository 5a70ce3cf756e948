# SPDX-License-Identifier: BSD-3-Clause
# exported.sh LIBRARY: the names a shared library defines, sorted.
${NM:-nm} -D --defined-only "$1" | sed -n 's/^[0-9a-fA-F]* [A-Z] //p' | sed 's/@.*//' | LC_ALL=C sort -u
