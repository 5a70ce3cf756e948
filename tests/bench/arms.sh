#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Rows of accuracy.csv for the arms of the experiment, on spikes that snn encode made of the
# Free Spoken Digit Dataset: delays learned and fixed at random, with all synapses and with
# ten a neuron; none, over membrane time constants, and with as many parameters at the best.
#
#   tests/bench/arms.sh SNN OUT DATA  >> accuracy.csv
#
# OUT gets the sweeps; what is finished there is not run again.

set -eu
snn=$1 out=$2 data=$3
here=$(cd "$(dirname "$0")/../.." && pwd)
cd "$here"
base=configs/fsdd-spikes.yaml

"$snn" sweep $base --data "$data" --out "$out/arms" --arm learned=configs/arms/learned.yaml \
    --arm fixed=configs/arms/fixed.yaml --arm sparse-learned=configs/arms/sparse-learned.yaml \
    --arm sparse-fixed=configs/arms/sparse-fixed.yaml >&2
"$snn" sweep $base --data "$data" --out "$out/none" --set delay.mode=none \
    --grid neuron.tau_ms=10.05,20,55.56 >&2
"$snn" sweep $base --data "$data" --out "$out/matched" \
    --arm none-matched=configs/arms/none-matched.yaml --grid neuron.tau_ms=20 >&2

# rows FOLDER: data,arm,seed,protocol,epochs,test accuracy,last loss,command of each run.
rows() {
    find "$1" -name result.json | sort | while read -r result; do
        run=$(dirname "$result")
        name=$(basename "$(dirname "$run")")
        awk -v name="$name" -v loss="$(tail -n 1 "$run/metrics.csv" | cut -d, -f3)" '
            function field(key) {
                if (!match($0, "\"" key "\": *\"?[-a-z0-9.e+]*")) return ""
                text = substr($0, RSTART, RLENGTH); sub(/.*[: "]/, "", text); return text
            }
            /"protocol"/ { protocol = field("protocol") }
            /"seed"/ { seed = field("seed") }
            /"epochs"/ { epochs = field("epochs") }
            /"test_accuracy"/ { test = field("test_accuracy") }
            END {
                arm = name; sub(/,.*/, "", arm)
                tau = name; if (!sub(/.*tau_ms=/, "", tau)) tau = ""
                command = "snn train configs/fsdd-spikes.yaml"
                if (arm == "fsdd-spikes") command = command " --set delay.mode=none"
                else command = command " configs/arms/" arm ".yaml"
                if (tau != "") command = command " --set neuron.tau_ms=" tau
                label = arm == "fsdd-spikes" ? "none" : arm
                printf "fsdd-encoded,%s,%s,%s,%s,%s,%s,%s --data fsdd-encoded --seed %s\n",
                    label (tau != "" ? " tau " tau : ""), seed, protocol, epochs, test, loss,
                    command, seed
            }' "$result"
    done
}

for sweep in arms none matched; do
    rows "$out/$sweep"
done
