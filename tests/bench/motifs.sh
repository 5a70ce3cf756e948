#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The table of the motif task: delays learned, fixed at random, and none with membrane time
# constants up to 100 ms; three seeds each.  A row is a run.
#
#   tests/bench/motifs.sh SNN FOLDER  > motifs.csv
#
# FOLDER gets the data set (snn make motifs) unless it is there.

set -eu
snn=$1 data=$2
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
test -f "$data/motifs_test.h5" || "$snn" make motifs "$data" -q

echo "delays,tau_ms,seed,test_accuracy,valid_accuracy,train_accuracy,seconds,command"
for arm in "learned 10.05" "fixed 10.05" "none 10.05" "none 20" "none 50" "none 100"; do
    mode=${arm% *} tau=${arm#* }
    for seed in 0 1 2; do
        set -- --set "delay.mode=$mode" --set "neuron.tau_ms=$tau" --seed "$seed"
        "$snn" train "$here/configs/motifs.yaml" --data "$data" --out "$work/run" --threads 1 "$@" \
            --json >"$work/json"
        awk -v arm="$mode,$tau,$seed" -v options="$*" '
            function field(name, text) {
                if (!match($0, "\"" name "\":\"?[-0-9.e+nul]*")) return ""
                text = substr($0, RSTART, RLENGTH); sub(/.*[:"]/, "", text); return text
            }
            /"event":"epoch"/ { train = field("train_accuracy") }
            /"event":"result"/ { test = field("test_accuracy"); valid = field("valid_accuracy"); s = field("seconds") }
            END { printf "%s,%s,%s,%s,%s,snn train configs/motifs.yaml --data motifs %s\n", arm, test,
                valid, train, s, options }' "$work/json"
        rm -rf "$work/run"
    done
done
