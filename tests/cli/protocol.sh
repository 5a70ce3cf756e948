# SPDX-License-Identifier: BSD-3-Clause
# Protocols and what follows training, as a user runs them: speakers left out and held out,
# statistics re-estimated, weights fine-tuned, interrupted and resumed.
. "$abs_top_srcdir/tests/cli/lib.sh"

check "a data set is made" "$abs_top_builddir/tests/cli/make_words" words
cat >tiny.yaml <<'YAML'
network:
  hidden: [12]
delay:
  max_delay: 9
neuron:
  tau_ms: 20
train:
  epochs: 3
  batch_size: 12
  lr_weight_max: 0.02
data:
  mel_bands: 20
YAML

# ---- one speaker left out in turn; the four speakers are s0 to s3
run 0 train tiny.yaml --data words --threads 1 --set train.protocol=loso --out loso
out_has '^left-out speakers [0-9.]+ % \(4 of them, 95 % interval -?[0-9.]+ to [0-9.]+ %, protocol loso, seed 0\): loso/folds.csv$'
out_has '^test accuracy [0-9.]+ % \(validation -, best epoch 3 of 3, by last epoch, protocol loso, .*\): loso$'
err_has '^speaker 2 \(3/4\)  epoch 3/3  loss '
err_has '^speaker 3, left out: [0-9.]+ % of 9 samples \(4 of 4\)$'
err_has '^speakers of the training split are left out in turn; the data.s validation split is not used$'
check "no epoch is called the best: the last counts" sh -c '! grep -q "best$" err'
check "a row for each speaker" test "$(wc -l <loso/folds.csv)" = 5
for speaker in 0 1 2 3; do
    for file in config.yaml metrics.csv model.h5 checkpoint.h5 result.json; do
        test -s loso/speaker-$speaker/$file || echo "speaker-$speaker/$file is missing"
    done
done >missing
check "a folder for each speaker" test ! -s missing
check "the result names the folds" grep -q '"folds": 4' loso/result.json
run 0 eval loso --json
accuracy=$(sed -n 's/.*"accuracy":\([0-9.]*\),.*/\1/p' out)
check "eval finds the accuracy of the result" grep -q "\"test_accuracy\": $accuracy" loso/result.json
run 1 train tiny.yaml --data words --set train.protocol=loso --out loso
err_has 'holds a run already'

: >cut.out
"$snn" train tiny.yaml --data words --set train.protocol=loso --out cut --json >cut.out 2>cut.err &
pid=$!
tries=0
until grep -q '"speaker":2,"epoch":1,' cut.out || test $tries = 3000 || ! kill -0 $pid 2>/dev/null; do
    sleep 0.02 2>/dev/null || sleep 1
    tries=$((tries + 1))
done
kill -s KILL $pid 2>/dev/null
wait $pid 2>/dev/null
run 0 train tiny.yaml --out cut --set train.protocol=loso --resume --json -q
if grep -q '"event":"result"' cut.out; then
    skip "killed between speakers" "the run was over before"
else
    if grep -q '"speaker":0,' out; then not_ok "speaker 0 is not trained again"; else ok "speaker 0 is not trained again"; fi
fi
for file in folds.csv result.json model.h5 speaker-1/model.h5 speaker-3/result.json; do
    check "killed and resumed: the same $file" cmp loso/$file cut/$file
done

# ---- what follows training
run 0 train tiny.yaml --data words --set train.norm_reestimate=true --set train.fine_tune_epochs=2 \
    --out refined --json
out_has '"event":"epoch","fine_tuning":true,"epoch":2,'
out_has '"stages":\[\{"stage":"trained","valid_accuracy":[0-9.]+,"test_accuracy":[0-9.]+\},.*\],"kept":"[a-z, -]+"'
check "a row for each stage" test "$(wc -l <refined/stages.csv)" = 5
check "fine-tuning has its own metrics" test "$(wc -l <refined/fine-tune/metrics.csv)" = 3
run 0 eval refined --json
accuracy=$(sed -n 's/.*"accuracy":\([0-9.]*\),.*/\1/p' out)
check "eval reads the refined model" grep -q "\"test_accuracy\": $accuracy" refined/result.json
run 0 train tiny.yaml --data words --set train.norm_reestimate=true --set train.fine_tune_epochs=2 --out plain
out_has '^fine-tuned: validation [0-9.]+ %, test [0-9.]+ %'
out_has ', kept$'

# ---- speakers that validate
run 0 train tiny.yaml --data words --set 'train.valid_speakers=[2]' --out two
err_has '^validation: held-out speaker 2, 9 of 36 training samples; the data.s validation split is not used$'
out_has 'by held-out speaker 2, protocol clean'
run 0 train tiny.yaml --data words --set train.valid_speakers=2 --out drawn
err_has '^validation: held-out speakers [0-3], [0-3], 18 of 36 training samples'
run 1 train tiny.yaml --data words --set 'train.valid_speakers=[2, 9]' --out bad
err_has '^snn: train.valid_speakers: no training sample is of speaker 9; the speakers are 0, 1, 2, 3$'
run 1 train tiny.yaml --data words --set train.valid_speakers=4 --out bad
err_has '4 of 4 speakers leaves none to train on'
run 1 train tiny.yaml --data words --set train.valid_speakers=1 --set train.protocol=loso --out bad
err_has '^snn: train.valid_speakers: is for protocol clean'
tap_done
