# SPDX-License-Identifier: BSD-3-Clause
# snn plot: each picture from a small data set, run and model; what cannot be drawn.
. "$abs_top_srcdir/tests/cli/lib.sh"

# png FILE WIDTH HEIGHT: a PNG of this size (its head holds both, the higher byte first)
png() {
    size=$(od -A n -t u1 -j 16 -N 8 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }')
    check "$1 is a PNG" sh -c "od -A n -c -N 4 '$1' | grep -q 'P *N *G'"
    check "$1 has $2 x $3 pixels" test "$size" = "$2 $3"
}

check "a data set is made" "$abs_top_builddir/tests/cli/make_words" words
run 0 train --data words --out tone -q --threads 1 "$configs/demo.yaml" --set network.hidden='[8]' \
    --set train.epochs=2 --set delay.max_delay=5
run 0 plot raster words --set data.front_end=logmel
err_has '^raster.png$'
png raster.png 900 420
run 0 plot raster words --split valid --sample 3 --width 700 --height 300 --out v.png -q
check "quiet says nothing" test ! -s err
png v.png 700 300
run 0 plot run tone
png run.png 900 380
run 0 plot delays tone --out d.png
png d.png 900 420
run 0 plot delays tone/model.h5 --out d.svg
check "an SVG begins as one" sh -c 'head -c 200 d.svg | grep -q "<svg"'

run 0 encode words --out spikes --channels 20 --duration 0.3 -q
run 0 plot raster spikes --split train --sample 5 --out s.png
png s.png 900 420

run 2 plot rastr words
err_has "^snn: plot 'rastr' is unknown; did you mean 'raster'"
run 2 plot raster
run 2 plot raster words --sample -1
err_has '^snn: --sample needs a whole number, not .-1.'
run 1 plot raster words --split tset
err_has "^snn: --split: 'tset' is no split: train, valid or test"
run 1 plot raster words --sample 12
err_has '^snn: words: has 12 test samples, numbered from 0: no 12'
run 1 plot raster nowhere
err_has '^snn: nowhere: '
run 1 plot run words
err_has '^snn: words/metrics.csv: cannot be opened'
run 1 plot run tone --out no/such/x.png
err_has '^snn: no/such/x.png: there is no folder no/such: make it first'
run 1 plot run tone --out x.jpg
err_has '^snn: x.jpg: must end in .png or .svg'
mkdir empty
head -n 1 tone/metrics.csv >empty/metrics.csv
run 1 plot run empty
err_has 'holds no rows yet'
printf 'epoch,loss\n1,2\n' >empty/metrics.csv
run 1 plot run empty
err_has "has no column 'train_accuracy'"
run 1 plot delays words
err_has '^snn: words/model.h5: '
run 0 train --data words --out still -q --threads 1 "$configs/demo.yaml" --set network.hidden='[8]' \
    --set train.epochs=1 --set delay.mode=none
run 1 plot delays still
err_has 'has no delays'
tap_done
