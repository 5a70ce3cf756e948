#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The table of accuracies: each configuration with delays learned, fixed at random and
# none, three seeds each; fsdd-spikes also with neurons that adapt and with synapses that
# keep their current, one seed each.
#
#   tests/bench/accuracy.sh SNN RUNS CONFIG DATA [CONFIG DATA]...  > accuracy.csv
#
# SNN is the command, RUNS a folder for the runs.  A run that is there and finished is not
# repeated, an unfinished one goes on from its checkpoint.

set -eu
snn=$1 runs=$2
shift 2
mkdir -p "$runs"

# field NAME < JSON lines: a number of the last line that has it.
field() {
    sed -n "s/.*\"event\":\"result\".*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p" | tail -n 1
}

# row NAME LABEL SEED WORD...: snn train WORD..., unless that is done; one line of the table.
row() {
    name=$1 label=$2 seed=$3
    shift 3
    run=$runs/$name-$(echo "$label" | tr ' ' -)-$seed
    if ! grep -q '"event":"result"' "$run.json" 2>/dev/null; then
        resume=--resume
        test -f "$run/checkpoint.h5" || { rm -rf "$run"; resume=; }
        "$snn" train "$@" --out "$run" $resume --json --seed "$seed" >"$run.json"
    fi
    loss=$(tail -n 1 "$run/metrics.csv" | cut -d, -f3)
    words=$(echo "$*" | sed 's|[^ ]*configs/|configs/|g; s|--data [^ ]*/|--data |')
    echo "$name,$label,$seed,$(field protocol <"$run.json"),$(field epochs <"$run.json"),$(
        field test_accuracy <"$run.json"),$loss,snn train $words --seed $seed"
}

echo "data,delays,seed,protocol,epochs,test_accuracy,last_loss,command"
while test $# -ge 2; do
    config=$1 data=$2
    shift 2
    name=$(basename "$config" .yaml)
    for mode in learned fixed none; do
        for seed in 0 1 2; do
            row "$name" $mode $seed "$config" --data "$data" --set delay.mode=$mode
        done
    done
    test "$name" = fsdd-spikes || continue
    for neuron in adlif cuba; do
        row "$name" "learned $neuron" 0 "$config" "$(dirname "$config")/arms/$neuron.yaml" \
            --data "$data"
    done
done
