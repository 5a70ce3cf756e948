#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# make bench: the speeds of this machine, one table a question, into a folder.  Some minutes;
# nothing else should run.
#
#   tests/bench/all.sh SNN CONFIGS BENCH_EVENTS BENCH_LIVE FOLDER

set -eu
snn=$1 configs=$2 events=$3 live=$4 out=$5
mkdir -p "$out"

# table NAME COMMAND...: the command's table, whole or not at all.
table() {
    name=$1
    shift
    "$@" >"$out/$name.csv.part"
    mv "$out/$name.csv.part" "$out/$name.csv"
    echo "$out/$name.csv"
}

# The step of SHD as sigma shrinks, with other synapses, in bf16, and of SSC.
steps() {
    head=1
    for set in delay.sigma_init=12 delay.sigma_init=0.5 delay.sigma_init=0.23 delay.mode=fixed \
        delay.sharing=axonal delay.sharing=dendritic delay.precision=bf16; do
        "$snn" bench step -q --csv --config "$configs/shd.yaml" --set $set |
            sed "1s/^/setting,/; 2,\$s/^/shd $set,/" | tail -n +$head
        head=2
    done
    "$snn" bench step -q --csv --outputs 35 --config "$configs/ssc-3l-1kc.yaml" |
        sed 's/^/ssc-3l-1kc,/' | tail -n +2
    for slots in 63 511; do
        "$snn" bench step -q --csv --steps 3 --inputs 700 --input-steps 1127 --density 0.0101 \
            --set delay.mode=fixed --set data.time_step_ms=1 --set delay.padding=causal \
            --set neuron.v_threshold=5 --set delay.max_delay=$slots |
            sed "s/^/fine time delay.max_delay=$slots,/" | tail -n +2
    done
}

# Evaluation at rounded delays, against the dense reference.
evaluations() {
    head=1
    for solver in direct auto taps event; do
        "$snn" bench eval -q --csv --config "$configs/shd.yaml" --set delay.mode=fixed \
            --set delay.solver=$solver | sed "1s/^/solver,/; 2,\$s/^/$solver,/" | tail -n +$head
        head=2
    done
}

# Each solver as one number grows, and pictures of it, as doc/performance.md has them.
solvers() {
    "$snn" bench solver -q --csv --batch 32 --use train --plot "$out/solvers-train.png"
    "$snn" bench solver -q --csv --batch 32 --use forward | tail -n +2
    "$snn" bench solver -q --csv --batch 32 --use rounded --plot "$out/solvers-rounded.png" | tail -n +2
}

# Plans go by this machine's costs, which stay in the folder.
SNN_COSTS=$out/costs.txt
export SNN_COSTS
table costs "$snn" bench costs -q --csv --store
table step steps
table eval evaluations
table solver solvers
table threads "$snn" bench step -q --csv --threads-ratio
table neighbours "$snn" bench step -q --csv --neighbours
table epoch "$snn" bench epoch -q --csv --steps 1
table load "$snn" bench load -q --csv
table encode "$snn" bench encode -q --csv
table live "$live"
table events "$events"
