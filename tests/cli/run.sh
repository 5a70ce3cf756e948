# SPDX-License-Identifier: BSD-3-Clause
# Invariant I1: the same bits for any number of threads.
# Invariant I2: the same bits after an interrupt, a kill and a resume.
#
# Whole runs of the command on a data set of tones.
. "$abs_top_srcdir/tests/cli/lib.sh"

check "a data set is made" "$abs_top_builddir/tests/cli/make_words" words
cat >tiny.yaml <<'END'
network:
  hidden: [16]
  dropout: 0.1
delay:
  max_delay: 9
neuron:
  tau_ms: 20
train:
  epochs: 30
  batch_size: 12
  lr_weight_max: 0.02
data:
  mel_bands: 20
END

run 0 info words
out_has '^  classes  3: fall flat rise'
out_has '^  train +36 +4 '
out_has '^  format   8000 Hz, 1 channel: 60 recordings'
out_has '^  1 flat +12 +4 +4$'
out_has '^  as read: 40 inputs, steps of 10 ms'
out_has '^  warning: 4 speakers are in both train and test, 0 in test alone.*\(speakers-shared\)$'
run 0 info --set data.mel_bands=20 --json words
out_has '"type":"data set","kind":"audio","train":\{"samples":36,"speakers":4,"empty":0,"total_s":10.8,"duration_s":\{"least":0.3'
out_has '"findings":\[\{"id":"speakers-shared","warning":true,.*"as_read":\{"inputs":20,'
echo 'fall/gone_nohash_0.wav' >>words/validation_list.txt
run 0 info words
out_has '^  warning: 1 lines of the lists cannot be followed.*validation_list.txt:13: fall/gone_nohash_0.wav is not there'
out_has '^  warning: not readable for training: .*gone_nohash_0.wav is not there'
run 0 info --json words
out_has '"not_readable":"fall/gone_nohash_0.wav is not there'
sed '$d' words/validation_list.txt >list && mv list words/validation_list.txt

run 0 train tiny.yaml --data words --threads 1
out_has '^test accuracy [0-9.]+ % \(validation .*, protocol clean, .*\): runs/tiny$'
err_has '^epoch 30/30  loss '
out_has 'protocol clean, seed 0, 95 % interval [0-9.]+ to [0-9.]+ %, '
for file in config.yaml costs.txt metrics.csv plan.csv model.h5 checkpoint.h5 result.json data.txt; do
    check "runs/tiny/$file is there" test -s "runs/tiny/$file"
done
check "no temporary file is left" test -z "$(find runs -name '*.tmp')"

check "plan.csv: two rows a layer and epoch, each once" awk -F, '
    NR == 1 { if ($0 != "epoch,layer,phase,solver,multiply_adds,taps,sigma,density,wanted") exit 1; next }
    NF != 9 || seen[$1, $2, $3]++ || $5 <= 0 || $6 < 1 || $8 <= 0 || $8 > 1 || $9 <= 0 || $9 > 1 { bad = 1 }
    END { exit bad || NR != 1 + 30 * 2 * 2 }' runs/tiny/plan.csv

# 20 inputs, 16 neurons, 3 classes: (16 + 3) x 5 synapses, 20 + 16 delays, 2 x 16 of batch norm.
run 0 train tiny.yaml --data words --out arm -q --set train.epochs=2 --set network.fan_in=5 --set delay.sharing=axonal
run 0 info arm/model.h5
out_has '^  layer0.position +\[1, 20\]  kernel,in, unit steps'
out_has '^  layer0.mask +\[16, 20\]  out,in, unit 1'
out_has '^  163 trained parameters'
out_has '^  delays, steps \(36 presynaptic neurons\)'
run 0 train tiny.yaml --data words --out arm2 -q --set train.epochs=2 --set network.fan_in=5 --set train.freeze_weights=true
run 0 info arm2/model.h5
out_has '^  127 trained parameters'
out_has '^  delays, steps \(95 synapses\)'
run 0 eval arm2 --data words

run 1 train tiny.yaml --data words
err_has '^snn: runs/tiny: holds a run already: go on with it by --resume'

run 0 train tiny.yaml --data words --threads 2 --out two -q --json
check "quiet says nothing" test ! -s err
check "two threads, the same model" cmp runs/tiny/model.h5 two/model.h5
out_has '^\{"event":"epoch","epoch":1,"loss":[0-9.e-]+,"train_accuracy":[0-9.]+,"valid_accuracy":[0-9.]+,"seconds":[0-9.e-]+\}$'
out_has '^\{"event":"result","protocol":"clean","seed":0,"chosen_by":"validation split","test_accuracy":[0-9.]+,"test_interval":\[[0-9.]+,[0-9.]+\],"test_samples":12,"valid_accuracy":[0-9.]+,"best_epoch":[0-9]+,"epochs":30,"seconds":[0-9.e-]+,"run":"two"\}$'
accuracy=$(sed -n 's/.*"test_accuracy":\([0-9.]*\),.*/\1/p' out)
check "tones are told apart ($accuracy)" awk "BEGIN { exit !($accuracy > 0.6) }"

run 0 eval runs/tiny --json
out_has "^\{\"event\":\"result\",\"accuracy\":$accuracy,\"loss\":[0-9.e-]+,\"samples\":12\}\$"
run 0 eval two/model.h5 --data words
out_has '^accuracy [0-9.]+ %  loss [0-9.]+  samples 12$'
run 0 info two
out_has '^two/model.h5: model, written by snn '
out_has 'layer0.weight +\[1, 16, 20\]'
out_has '^  delays, steps'
run 0 info two/checkpoint.h5
out_has 'checkpoint, written by snn'
run 0 info --json two/model.h5
out_has '"layer1.weight":\[1,3,16\]'

# Neurons of another kind, with parameters of their own.
run 0 train tiny.yaml --data words --threads 1 --out adaptive -q --set train.epochs=2 \
    --set neuron.model=adlif --set neuron.v_threshold=0.2
run 0 info adaptive/checkpoint.h5
out_has 'layer0.tau_w +\[16\]  out, unit share of range'
out_has '^  layer0  a [0-9.]+ \.\. [0-9.]+ \.\. [0-9.]+  b .*  tau_u_ms [0-9.]+ \.\. [0-9.]+ \.\. [0-9.]+  tau_w_ms '
run 0 info --json adaptive/model.h5
out_has '"neurons":\{"layer0":\{"a":\[[0-9.]+,[0-9.]+,[0-9.]+\],"b":.*"tau_u_ms":\[[0-9.]+,.*"tau_w_ms":'
run 0 eval adaptive -q

# A longer run, stopped in its middle; $1 signal, $2 exit code, $3 folder, $4 the run that it
# must equal, then options.  It is begun with the costs of file begun_with, if any, and resumed
# with those that are built in.
cut_off() {
    signal=$1 expected=$2 folder=$3 model=$4
    shift 4
    : >cut.out # the run empties it too late: the loop would see what the last one said
    SNN_COSTS=${begun_with-builtin} "$snn" train tiny.yaml --data words --out "$folder" --json "$@" \
        >cut.out 2>cut.err &
    pid=$!
    tries=0
    until grep -q '"epoch":4,' cut.out || test $tries = 3000 || ! kill -0 $pid 2>/dev/null; do
        sleep 0.02 2>/dev/null || sleep 1
        tries=$((tries + 1))
    done
    kill -s "$signal" $pid 2>/dev/null
    code=0
    wait $pid 2>/dev/null || code=$?
    if grep -q '"event":"result"' cut.out; then
        skip "stopped by $signal" "the run was over before"
    else
        check "stopped by $signal: exit $code" test $code = "$expected"
    fi
    run 0 train tiny.yaml --out "$folder" --resume -q "$@"
    check "$folder and resumed: the same model" cmp "$model/model.h5" "$folder/model.h5"
    check "and the same result" cmp "$model/result.json" "$folder/result.json"
    cut -d, -f1-11 "$folder/metrics.csv" >cut.csv
    cut -d, -f1-11 "$model/metrics.csv" >whole.csv
    check "and the same metrics, but for the seconds" cmp cut.csv whole.csv
    check "and the same plans" cmp "$folder/plan.csv" "$model/plan.csv"
}
cut_off KILL 137 killed runs/tiny
cut_off INT 130 interrupted runs/tiny

# Costs decide, and a resumed run goes by those that it was begun with.
sed 's/^\(fftw\|dft\|add\|add alone\|scatter\|lookup\): .*/\1: 1000000/' runs/tiny/costs.txt >dear.txt
check "six costs were changed" test "$(diff runs/tiny/costs.txt dear.txt | grep -c '^>')" = 6
begun_with=dear.txt
SNN_COSTS=$begun_with
run 0 train tiny.yaml --data words --threads 1 --out dear -v
SNN_COSTS=builtin
err_has '^plans by the costs of dear.txt$'
check "all layers go directly" sh -c '! sed 1d dear/plan.csv | grep -v ,direct,'
check "which they would not else" grep -qv ,direct, runs/tiny/plan.csv
check "the run keeps its costs" cmp dear.txt dear/costs.txt
cut_off KILL 137 dear-killed dear
unset begun_with

# Products in bf16: other bits than in float32, the same for threads and after a kill.
in_bf16="--set delay.precision=bf16 --set delay.solver=fft"
# shellcheck disable=SC2086  # a list of options
run 0 train tiny.yaml --data words --threads 1 --out bf16 -q $in_bf16
check "bf16 has other bits" sh -c '! cmp -s runs/tiny/model.h5 bf16/model.h5'
check "the run keeps its precision" grep -q 'precision: bf16' bf16/config.yaml
# shellcheck disable=SC2086
cut_off KILL 137 bf16-killed bf16 $in_bf16
run 0 eval bf16

run 1 train tiny.yaml --out two --resume --seed 5
err_has 'train.seed is 5 now but 0 in the run to resume'
rm two/data.txt
run 1 eval two
err_has 'say where the data set is: --data PATH'
head -c 5000 two/model.h5 >cut.h5
run 1 eval cut.h5 --data words
err_has '^snn: cut.h5: is a damaged or truncated HDF5 file'
run 1 eval two/checkpoint.h5 --data words
err_has 'is a checkpoint, not a model'
printf 'train:\n  epochs: 1\n' >short.yaml
run 0 train tiny.yaml short.yaml --data words --threads 1
out_has 'best epoch 1 of 1, by [a-z ]+, protocol clean, .*: runs/tiny-short$'
run 1 train tiny.yaml --data words --out /dev/null/x
err_has '/dev/null'
tap_done
