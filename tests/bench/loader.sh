#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The table of the loader: data of the sizes of SHD and SSC, synthesised, opened and trained
# from; a training step with batches of it against one whose batch is there already.
#
#   tests/bench/loader.sh SNN FOLDER NAME...  > loader.csv
#
# NAME is shd or ssc; FOLDER/NAME gets the data set (0.3 and 3.4 GB) unless it is there.
# LIMIT seconds after its start a training is stopped: 60 by default.  Needs GNU time.
#
#   open_seconds      files to cells in memory        info_seconds   snn info, two looks at all
#   waiting_seconds   of the pass, in which the training thread waited for a batch
#   ratio             step_seconds (pass / batches) over that of snn bench step

set -eu
snn=$1 folder=$2
shift 2
limit=${LIMIT:-60}
here=$(cd "$(dirname "$0")/../.." && pwd)
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"

echo "data,samples,events,open_seconds,info_seconds,batches,pass_seconds,waiting_seconds,waiting_percent,\
step_seconds,bench_step_seconds,ratio,peak_rss_mib,cpu_percent,cpu"
for name in "$@"; do
    case $name in
    shd) config=$here/configs/shd.yaml counts="--samples 8156 --test 2264 --classes 20" ;;
    ssc) config=$here/configs/ssc-2l-1kc.yaml counts="--samples 75466 --valid 9981 --test 20382 --classes 35" ;;
    *) echo "unknown: $name" >&2; exit 2 ;;
    esac
    data=$folder/$name
    # 8000 events a sample, as SHD: 700 of the motif and 10.43 Hz of noise.  One second.
    # shellcheck disable=SC2086
    test -f "$data/motifs_test.h5" ||
        "$snn" make motifs "$data" --units 700 --noise 10.43 --duration 1 $counts --gap 200 -q

    /usr/bin/time -f "%e %P" -o "$work/info" "$snn" info "$data" >"$work/info.txt"
    /usr/bin/time -f "%M %P" -o "$work/train" timeout -s INT "$limit" "$snn" train "$config" \
        --data "$data" --out "$work/run" --set train.epochs=1 --set data.framing=grid -v \
        >"$work/result" 2>"$work/log" || test $? = 124 || { cat "$work/log" >&2; exit 1; }
    rm -rf "$work/run"
    # Cells that are not zero: 1 - exp(-mean), of 8000 events in 100 steps of 140 inputs.
    "$snn" bench step --config "$config" --density 0.435 --json >"$work/bench"
    awk -v name="$name" -v cpu="$cpu" '
        FILENAME ~ /bench$/ { step = $0; sub(/.*"step_seconds":/, "", step); sub(/[,}].*/, "", step) }
        FILENAME ~ /train$/ { rss = $1 / 1024; busy = $2; sub(/%/, "", busy) }
        FILENAME ~ /info$/ { info = $1; sub(/%/, "", $2) }
        FILENAME ~ /log$/ && / samples in / { n += $2; open += $(NF - 1) }
        FILENAME ~ /log$/ && / spikes in .* cells/ {
            for (i = 2; i <= NF; i++) if ($i == "spikes") events = $(i - 1) }
        FILENAME ~ /log$/ && /batches in/ {
            for (i = 2; i <= NF; i++) {
                if ($i == "batches") { batches = $(i - 1); pass = $(i + 2); wait = $(i + 4) }
            }
        }
        END { printf "%s,%d,%s,%.2f,%s,%d,%.3f,%.3f,%.2f,%.4f,%.4f,%.3f,%.0f,%s,%s\n", name, n, events,
            open, info, batches, pass, wait, 100 * wait / pass, pass / batches, step,
            pass / batches / step, rss, busy, cpu }' \
        "$work/bench" "$work/train" "$work/info" "$work/log"
done
