# SPDX-License-Identifier: BSD-3-Clause
# snn plot for layers that see motion: each picture as PNG and SVG, of movies of the run, of
# files and of another size; what cannot be shown.
. "$abs_top_srcdir/tests/cli/lib.sh"

small_motion 'speeds: 2' >small.yaml
# png FILE WIDTH HEIGHT: a PNG of this size
png() {
    size=$(od -A n -t u1 -j 16 -N 8 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }')
    check "$1 is a PNG of $2 x $3" test "$size" = "$2 $3"
}
run 0 make motion set --config small.yaml -q
run 0 train small.yaml --data set --out run -q --threads 1
run 0 train small.yaml --out made -q --threads 1

for what in task kernels activity flow confusion; do
    run 0 plot $what run --threads 1
    err_has "^$what.png\$"
    run 0 plot $what made/model.h5 --out $what.svg -q
    check "$what.svg is one" sh -c "head -c 200 $what.svg | grep -q '<svg'"
done
run 0 plot clouds run --points 8 --threads 1
png task.png 900 660
png activity.png 900 860
png flow.png 1000 400
png confusion.png 720 640
png clouds.png 1100 560
run 0 plot run run
png run.png 900 380

# The same movie from a file and made: the picture is the same; another movie's is not.
run 0 plot flow made --sample 3 --out a.png -q
run 0 plot flow run --sample 3 --out b.png -q
check "movies of files are those that are made" cmp a.png b.png
run 0 plot flow run --sample 4 --out c.png -q
cmp -s a.png c.png && not_ok "another movie" || ok "another movie"
run 0 plot activity run --split train --sample 7 --width 700 --height 600 --out v.png -q
png v.png 700 600

# Weights are shared by all places: movies of another size, and other views.
for view in rotation expansion bar grating cloud; do
    run 0 plot flow run --set motion.view=$view --set motion.width=20 --set motion.height=16 \
        --out $view.png -q
done
run 0 plot task run --set motion.view=rotation --out turning.png -q
run 0 plot activity run --set motion.view=rotation --out turning.png -q
run 0 plot task run --set motion.switch_rate=0.3 --split train --out paths.png -q
cmp -s flow.png rotation.png && not_ok "a view has its own picture" || ok "a view has its own picture"

# ---- errors ----------------------------------------------------------------------------
run 1 plot flow run --sample 8
err_has 'run/model.h5: has 8 test movies, numbered from 0: no 8'
run 1 plot task run --split valid
err_has 'has 0 valid movies|there is none beside the others'
run 1 plot kernels run --set motion.side=7
err_has '^snn: motion.side: is the model.s and cannot be set'
run 1 plot kernels run --set motion.directions=8
err_has '^snn: motion.directions: is the model.s'
run 1 plot confusion run --set motion.view=rotation
err_has 'has no label'
run 1 plot flow run --set motion.steps=5
err_has '^snn: motion.skip_steps: leaves no step'
run 1 plot flow run --data nowhere
err_has '^snn: nowhere: '
run 1 plot kernels nowhere
err_has '^snn: nowhere'
run 1 plot kernels set/motion_test.h5
err_has '^snn: set/motion_test.h5: '
run 1 plot kernels run --out x.gif
err_has 'must end in .png or .svg'
run 1 plot clouds run --out nowhere/x.png
err_has '^snn: nowhere/x.png: there is no folder nowhere: make it first'
run 2 plot kernel run
err_has "did you mean 'kernels'"
tap_done
