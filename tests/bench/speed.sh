#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The table of speeds: a training step of published configurations against the machine's own
# matrix products, each measured RUNS times; the row is the run with the median ratio.
#
#   tests/bench/speed.sh SNN CONFIG...  > speed.csv

set -eu
snn=$1 runs=${RUNS:-3}
shift
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)

field() {
    sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p"
}

echo "config,batch,threads,step_seconds,sgemm_gflops,dense_seconds,ratio,peak_rss_mib,kernels,cpu"
for config in "$@"; do
    for run in $(seq "$runs"); do
        line=$("$snn" bench step --config "$config" --json)
        printf '%s' "$(basename "$config" .yaml)"
        for name in batch threads step_seconds sgemm_gflops dense_seconds ratio peak_rss_mib cpu; do
            printf ',%s' "$(echo "$line" | field $name | tr -d '"')"
        done
        printf ',%s\n' "$cpu"
    done | sort -t, -k7,7g | sed -n "$(((runs + 1) / 2))p"
done
