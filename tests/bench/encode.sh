#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The table of encoding speeds: a folder of recordings to spikes, with tables made anew;
# factor = seconds of sound for each second of work, resampling, writing and all.
#
#   tests/bench/encode.sh SNN FOLDER 'OPTION...' ...  > encode.csv

set -eu
snn=$1 folder=$2
shift 2
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

echo "recordings,options,samples,events,sound_s,seconds,factor,threads,cpu"
for options in "$@"; do
    rm -rf "$scratch/out"
    # shellcheck disable=SC2086  # a list of options
    "$snn" encode "$folder" --out "$scratch/out" --json -q --threads "${THREADS:-2}" $options |
        awk -v name="$(basename "$folder")" -v options="$options" -v cpu="$cpu" \
            -v threads="${THREADS:-2}" '
            function field(key) {
                match($0, "\"" key "\":[^,}]*")
                return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
            }
            { samples += field("samples"); events += field("events"); sound += field("sound_s")
              seconds += field("seconds") }
            END { printf "%s,%s,%d,%.0f,%.2f,%.2f,%.2f,%d,%s\n", name, options, samples, events,
                         sound, seconds, sound / seconds, threads, cpu }'
done
