# SPDX-License-Identifier: BSD-3-Clause
# snn sweep: arms x grid x seeds on a data set of tones; kept, resumed, failed, stopped.
. "$abs_top_srcdir/tests/cli/lib.sh"

check "a data set is made" "$abs_top_builddir/tests/cli/make_words" words
cat >tiny.yaml <<'END'
network:
  hidden: [8]
  dropout: 0
delay:
  max_delay: 5
neuron:
  tau_ms: 20
train:
  epochs: 2
  batch_size: 12
data:
  mel_bands: 20
END
printf 'delay:\n  mode: fixed\n' >still.yaml
printf 'data:\n  cache: /dev/null/x\n' >wild.yaml
same() { if test "$2" = "$3"; then ok "$1"; else not_ok "$1"; diag "'$2' is not '$3'"; fi; }

# ---- arms and grid: 2 x 2 x 2 runs, two at a time ------------------------------------

run 0 sweep tiny.yaml --data words --out s --arm tiny.yaml --arm fix=still.yaml \
    --grid 'network.hidden=[8], [6, 6]' --seeds 2 --jobs 2 --threads 2
err_has '^s: 8 runs, 0 of them finished already; 2 at a time with 1 thread$'
err_has '^fix, hidden=\[6, 6\], seed 1: test [0-9.]+ %, validation [0-9.]+ %, best epoch [12] of 2, '
out_has '^tiny, hidden=\[8\] +test [0-9.]+ %  \[-?[0-9.]+ %, [0-9.]+ %\]  2 seeds, protocol clean$'
same "one row a run" "$(wc -l <s/results.csv)" 9
same "one row an arm" "$(wc -l <s/summary.csv)" 5
same "the columns of results.csv" "$(head -n 1 s/results.csv)" \
    "arm,network.hidden,seed,status,protocol,epochs,best_epoch,valid_accuracy,test_accuracy,loss,seconds,parameters,why,command"
check "a row names what repeats it" grep -q \
    '^fix,"\[6, 6\]",1,done,clean,2,[12],[0-9.]*,[0-9.]*,[0-9.]*,[0-9.]*,[0-9]*,,.*still.yaml --data words --set ' s/results.csv
check "the picture is there" test -s s/accuracy.png
check "no temporary file is left" test -z "$(find s -name '*.tmp')"

# The command of a row gives the same run.
command=$(grep '^tiny,\[8\],0,' s/results.csv | sed 's/.*,snn train/train/; s/"*$//; s/""/"/g')
eval "run 0 $command --out again -q --threads 1"
check "a row's command repeats its model" cmp again/model.h5 's/tiny,hidden=[8]/seed-0/model.h5'
check "mean and interval are those of the runs" awk -F, '
    NR == FNR { if ($1 == "tiny" && $2 == "[8]") { x[n++] = $9 } next }
    $1 == "tiny" && $2 == "[8]" {
        mean = (x[0] + x[1]) / 2; half = 12.7062047 * (x[0] - x[1]) / 2; if (half < 0) half = -half
        wrong = n != 2 || $3 != 2 || ($5 - mean) ^ 2 > 1e-12 || ($7 - mean - half) ^ 2 > 1e-9
        found = 1 }
    END { exit wrong || !found }' s/results.csv s/summary.csv

# ---- finished runs are kept; a changed grid adds ------------------------------------------

cp 's/tiny,hidden=[8]/seed-0/train.log' before.log
run 0 sweep tiny.yaml --data words --out s --arm tiny.yaml --grid 'network.hidden=[8],[4]' --seeds 2 --json
err_has '^s: 4 runs, 2 of them finished already'
check "a finished run is left alone" cmp before.log 's/tiny,hidden=[8]/seed-0/train.log'
same "old rows and new ones" "$(wc -l <s/results.csv)" 11
out_has '^\{"event":"arm","arm":"tiny","grid":\{"network.hidden":"\[4\]"\},"runs":2,"protocol":"clean","test_accuracy":\{"mean":[0-9.e-]+,"low":[0-9.e-]+,"high":[0-9.e-]+\},'

# A run of the folder is not mistaken for one with other settings or data.
run 1 sweep tiny.yaml --data words --out s --arm tiny.yaml --grid 'network.hidden=[8]' --seeds 2 \
    --set train.epochs=3
err_has 'holds a run with train.epochs 2, which is 3 now: give another folder'
cp -R words more
run 1 sweep tiny.yaml --data more --out s --arm tiny.yaml --grid 'network.hidden=[8]' --seeds 2
err_has 'holds a run on /.*/words: give another folder'

# ---- one that fails stops no other ------------------------------------------------------------

run 1 sweep tiny.yaml --data words --out f --arm wild.yaml --arm still.yaml --seeds 1
err_has '^snn: wild, seed 0 failed \(exit 1\): /dev/null/x: .*; see f/wild/seed-0/train.log$'
err_has '^snn: 1 of 2 runs failed: the same command tries them again, and them alone$'
check "its row says so" grep -q '^wild,0,failed,.*,snn train tiny.yaml wild.yaml --data words' f/results.csv
check "the other one is done" grep -q '^still,0,done,clean,2,' f/results.csv
same "only finished runs are summed up" "$(cut -d, -f1-2 f/summary.csv | tail -n +2)" "still,1"

# ---- stopped in the middle, and the same command again ---------------------------------------

run 0 sweep tiny.yaml --data words --out whole --seeds 1 --seed 7 -q --set train.epochs=40
check "quiet says nothing" test ! -s err
"$snn" sweep tiny.yaml --data words --out cut --seeds 1 --seed 7 --set train.epochs=40 >cut.out 2>cut.err &
pid=$!
tries=0
until grep -q '^4,' cut/tiny/seed-7/metrics.csv 2>/dev/null || test $tries = 3000 || ! kill -0 $pid 2>/dev/null; do
    sleep 0.02 2>/dev/null || sleep 1
    tries=$((tries + 1))
done
kill -s INT $pid 2>/dev/null
code=0
wait $pid 2>/dev/null || code=$?
if test -f cut/tiny/seed-7/result.txt; then
    skip "stopped" "the run was over before"
else
    same "stopped: exit 130" $code 130
    check "and it says how to go on" grep -q 'the same command goes on with them' cut.err
    check "the run left a checkpoint" test -s cut/tiny/seed-7/checkpoint.h5
fi
run 0 sweep tiny.yaml --data words --out cut --seeds 1 --seed 7 --set train.epochs=40
check "it went on to the same model" cmp whole/tiny/seed-7/model.h5 cut/tiny/seed-7/model.h5

# ---- command lines ---------------------------------------------------------------------------

run 2 sweep
run 2 sweep tiny.yaml
err_has '^snn: give a data set'
run 1 sweep tiny.yaml --data nowhere
err_has '^snn: nowhere: '
run 1 sweep tiny.yaml --data words --grid network.hidden
err_has '^snn: --grid: .network.hidden. is not KEY=VALUE'
run 1 sweep tiny.yaml --data words --grid train.epochs=2,,3
err_has '^snn: --grid: train.epochs: value 2 is empty'
run 1 sweep tiny.yaml --data words --grid train.epochs=2 --grid train.epochs=3
err_has 'train.epochs is given twice'
run 1 sweep tiny.yaml --data words --grid train.eposch=2
err_has "^snn: train.eposch=2: .*did you mean 'epochs'"
run 1 sweep tiny.yaml --data words --arm a=still.yaml --arm a=tiny.yaml --seeds 1
err_has 'two arms have this name'
run 1 sweep tiny.yaml --data words --arm nofile.yaml
err_has '^snn: nofile.yaml: '
check "what is refused leaves nothing" test ! -e sweeps
run 1 sweep tiny.yaml --data words --out /dev/null/x
err_has '/dev/null'

# A damaged result is not taken for one.
: >whole/tiny/seed-7/result.txt
run 1 sweep tiny.yaml --data words --out whole --seeds 1 --seed 7 --set train.epochs=40
err_has '^snn: whole/tiny/seed-7/result.txt: is cut off: remove this file to run again'
tap_done
