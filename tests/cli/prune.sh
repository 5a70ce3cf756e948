# SPDX-License-Identifier: BSD-3-Clause
# snn prune: the curve of a small model as table and picture, one pruned model, errors.
. "$abs_top_srcdir/tests/cli/lib.sh"

small_motion >small.yaml
run 0 train small.yaml --out run -q --threads 1

# ---- the curve ------------------------------------------------------------------------
run 0 prune run --points 5 --threads 1
err_has '^weights 0.00010: accuracy [0-9.]+ % \([0-9.]+ .. [0-9.]+\), 1 additions an event, sparse'
err_has '^delays 1.00000: accuracy '
err_has '^run/prune.csv, run/prune.png$'
out_has '^weights: half way from chance \(25.0 %\) to the whole model \([0-9.]+ %\) at a share of '
check "the table's head" test "$(sed -n 1p run/prune.csv)" = \
    "kind,share,kept,accuracy,low,high,additions_per_event,seconds_per_movie,solver"
check "five shares and five delays" test "$(sed 1d run/prune.csv | cut -d, -f1 | sort | uniq -c |
    awk '{ printf "%s %s;", $1, $2 }')" = "5 delays;5 weights;"
check "shares rise from 1e-4 to 1" awk -F, '$1 == "weights" { n++; ok += $2 > before; before = $2
        if (n == 1) ok += $2 == 0.0001 }
    END { exit !(ok == 6 && before == 1) }' run/prune.csv
# 4 classes x 2 polarities x 5 delays x 5 x 5 = 1000 weights; with the two assignments of ON and
# OFF an event meets as many as there are.
check "additions are the weights that are kept" awk -F, \
    'NR > 1 && ($7 - 1000 * $3 > 0.5 || 1000 * $3 - $7 > 0.5) { exit 1 }' run/prune.csv
check "a share is what is kept, but for the zeros of the prior" awk -F, \
    '$1 == "weights" && ($3 > $2 + 0.0013) { exit 1 }' run/prune.csv
check "accuracies are in their intervals" awk -F, \
    'NR > 1 && !($5 <= $4 && $4 <= $6 && $5 >= 0 && $6 <= 1) { exit 1 }' run/prune.csv
run 0 eval run --json
whole=$(sed 's/.*"accuracy":\([0-9.]*\).*/\1/' out)
for kind in weights delays; do
    check "all $kind are the model" awk -F, -v whole="$whole" -v kind=$kind '$1 == kind && $2 == 1 {
        found = $4 - whole < 1e-6 && whole - $4 < 1e-6 } END { exit !found }' run/prune.csv
done
check "the picture is a PNG" sh -c "od -A n -c -N 4 run/prune.png | grep -q 'P *N *G'"
check "few weights are summed one by one" grep -q '^weights,0.0001,.*,sparse$' run/prune.csv

# The same curve from another thread count, but for its times.
cut -d, -f1-7 run/prune.csv >one
run 0 prune run/model.h5 --points 5 --threads 2 --out two -q
cut -d, -f1-7 two/prune.csv >both
check "the same figures on two threads" cmp one both

# ---- tuned afterwards, and as JSON ------------------------------------------------------
run 0 prune run --points 2 --fine-tune 1 --out tuned --json --threads 1
out_has '^\{"event":"point","kind":"weights tuned","share":1,"accuracy":[0-9.]+,"operations":[0-9.]+,"seconds":[0-9.e-]+\}$'
check "each share is tuned" test "$(grep -c '^weights tuned,' tuned/prune.csv)" = 2
check "what is gone stays gone" awk -F, '$1 == "weights" { kept[$2] = $3 }
    $1 == "weights tuned" && $3 > kept[$2] + 1e-9 { exit 1 }' tuned/prune.csv

# ---- one pruned model ----------------------------------------------------------------------
run 0 prune run --keep 0.1 --out pruned
err_has '^pruned/pruned.h5$'
err_has '^weights 0.10000: accuracy '
run 0 eval pruned/pruned.h5
out_has '^accuracy [0-9.]+ % of 8 movies'
run 0 prune pruned/pruned.h5 --points 1 --out again -q
check "a pruned model has few weights" awk -F, \
    '$1 == "weights" { exit !($3 <= 0.1 && $3 > 0.09) }' again/prune.csv

# ---- movies of one's own, and errors -------------------------------------------------------
run 0 make motion set --config small.yaml -q
run 0 prune run --data set --points 1 --out filed -q
check "movies of a file" test "$(grep -c . filed/prune.csv)" = 7
run 2 prune
err_has '^snn: usage: snn prune'
run 2 prune run --keep 1.5
err_has '^snn: --keep is a share of the weights, above 0 and at most 1'
run 2 prune run --keep 0
err_has '^snn: --keep is a share'
run 2 prune run --points 0
run 1 prune nowhere
err_has '^snn: nowhere'
run 1 prune run --data nowhere
err_has '^snn: nowhere: '
check "a data set is made" "$abs_top_builddir/tests/cli/make_words" words
run 0 train --data words --out layers -q --threads 1 "$configs/demo.yaml" --set network.hidden='[8]' \
    --set train.epochs=1 --set delay.max_delay=5
run 1 prune layers
err_has '^snn: layers/model.h5: '
run 1 prune run --out small.yaml/x
err_has '^snn: small.yaml'
check "and no point was computed before" sh -c "! grep -q accuracy err"
tap_done
