# SPDX-License-Identifier: BSD-3-Clause
# Movies: made into files that train as movies made on the way do, shown as pictures,
# refused where they make no sense.
. "$abs_top_srcdir/tests/cli/lib.sh"

small_motion 'valid_movies: 4' >small.yaml
sum() { cksum <"$1"; }

# ---- files --------------------------------------------------------------------------
run 0 make motion set --config small.yaml --png 2 --threads 1
err_has '^set/motion_train.h5: 8 movies, [0-9]+ events, [0-9.]+ % of cells active$'
err_has '^set/motion_valid.h5: 4 movies, '
err_has '^set/motion_test.h5: 8 movies, '
err_has '^set/png/test-0001: 12 frames, class 1: 90 degrees from down towards right, 0.630 pixels a step$'
check "a movie has a picture a step" test "$(ls set/png/test-0001 | wc -l)" = 12
check "two movies have pictures" test "$(ls set/png | tr '\n' ' ')" = "test-0000 test-0001 "
size=$(od -A n -t u1 -j 16 -N 8 set/png/test-0000/0003.png | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }')
check "a frame and its events, enlarged" test "$size" = "488 200"
run 0 info set/motion.yaml
out_has '^  motion.train_movies +8 movies'

# The same settings keep what is there; the rest is made; the same bits on any threads.
before=$(sum set/motion_test.h5)
rm set/motion_valid.h5
run 0 make motion set --config small.yaml --threads 2
err_has '^set/motion_train.h5: complete already'
err_has '^set/motion_valid.h5: 4 movies, '
check "what is there is kept" test "$(sum set/motion_test.h5)" = "$before"
run 0 make motion other --config small.yaml --threads 2 -q
check "quiet says nothing" test ! -s err
for split in train valid test; do
    cmp -s "set/motion_$split.h5" "other/motion_$split.h5" && ok "$split: same bits on two threads" ||
        not_ok "$split: differs on two threads"
done
run 0 make motion seed --config small.yaml --seed 1 -q
check "another seed makes other movies" test "$(sum seed/motion_test.h5)" != "$before"

# ---- never written over ----------------------------------------------------------------
run 1 make motion set --config small.yaml --seed 1
err_has '^snn: set/motion.yaml: tells of other movies'
run 1 make clouds set --config small.yaml
err_has '^snn: set/motion.yaml: tells of other movies'
mkdir strange
echo hello >strange/motion_train.h5
run 1 make motion strange --config small.yaml
err_has '^snn: strange: holds motion_train.h5 of unknown settings'
check "nothing was written" test "$(cat strange/*)" = hello

# ---- what is learned from files is what is learned without them ---------------------------
run 0 train small.yaml --data set --out filed -q --threads 1
run 0 train small.yaml --out made -q --threads 1
for column in 2 5; do
    check "the same figures from files, column $column" test \
        "$(cut -d, -f$column filed/metrics.csv)" = "$(cut -d, -f$column made/metrics.csv)"
done
check "weights moved" test "$(sed 1d filed/metrics.csv | cut -d, -f2 | sort -u | wc -l)" = 2
run 0 eval filed
out_has '^accuracy [0-9.]+ % of 8 movies'
first=$(cat out)
run 0 eval made
out_is "$first"
run 0 eval filed --data other
out_is "$first"

run 1 train small.yaml --data set --out no --set motion.width=14
err_has 'set/motion_train.h5: width is 12 in the file but 14 in the configuration: set motion.width'
rm other/motion_valid.h5
run 1 train small.yaml --data other --out no
err_has '^snn: other/motion_valid.h5: there is none beside the others: set motion.valid_movies'
check "a failed run leaves no folder" test ! -e no
printf 'garbage' >other/motion_test.h5
run 1 eval filed --data other
err_has '^snn: other/motion_test.h5: is no HDF5 file'

# ---- told by info -----------------------------------------------------------------------------
run 0 info set
out_has '^set/motion_train.h5: movies$'
out_has '^  8 movies of 12 x 10 pixels and 12 steps, 4 directions, 1 speeds$'
run 0 info --json set/motion_test.h5
out_has '^\{"event":"info","file":"set/motion_test.h5","type":"movies","movies":8,.*"events":[0-9]+,"active":0\.[0-9]+\}$'
run 0 info filed
out_has '^filed/model.h5: a layer that sees motion$'
out_has '^  1000 weights, [0-9.]+ % of them not 0$'
out_has '^  motion.directions +4'
run 0 info --json filed/model.h5
out_has '"type":"motion","classes":4,"weights":1000,"kept":0\.[0-9]+,"configuration":\{'
run 1 info other/motion_test.h5
err_has '^snn: other/motion_test.h5: '

# ---- clouds, and other views -----------------------------------------------------------------
run 0 make clouds clouds --config small.yaml --png 1 --split train --scale 2
err_has '^clouds/png/train-0000: 12 frames, class 0: 0 degrees'
size=$(od -A n -t u1 -j 16 -N 8 clouds/png/train-0000/0000.png | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }')
check "--scale says how large" test "$size" = "56 20"
check "clouds are no images" test "$(sum clouds/motion_test.h5)" != "$before"
run 0 train small.yaml --data clouds --out cloudy -q --threads 1
run 0 make motion turning --config small.yaml --set motion.view=rotation --png 1
err_has '^turning/png/test-0000: 12 frames$'
run 1 train small.yaml --data turning --out unlabelled
err_has 'has no label'
run 0 make motion paths --config small.yaml --set motion.switch_rate=0.2 --png 1 --split train
err_has '^paths/png/train-0000: 12 frames$'
run 0 train small.yaml --data paths --out pathy -q --threads 1 --set motion.switch_rate=0.2

# ---- images of one's own -------------------------------------------------------------------------
mkdir pictures
for k in 1 2 3; do
    awk -v k=$k 'BEGIN { printf "P2\n80 80\n255\n"; srand(k)
        for (i = 0; i < 6400; i++) print int(128 + 120 * sin(i * k / 7) * rand()) }' >pictures/$k.pgm
done
run 0 make motion natural --config small.yaml --data pictures -q
check "images change the movies" test "$(sum natural/motion_test.h5)" != "$before"
check "their folder is remembered" grep -q '^# .* from pictures\.$' natural/motion.yaml
run 1 make motion natural --config small.yaml
err_has '^snn: natural/motion.yaml: tells of other movies'

# ---- errors --------------------------------------------------------------------------------------
run 1 make clouds no --config small.yaml --set motion.switch_rate=0.1
err_has '^snn: motion.switch_rate: a cloud keeps one motion: give --set motion.switch_rate=0'
run 1 make clouds no --config small.yaml --data pictures
err_has '^snn: --data: clouds, gratings and bars are drawn without images'
run 1 make motion no --config small.yaml --data nowhere
err_has '^snn: nowhere: '
run 1 make motion no2 --config small.yaml --png 9
err_has '^snn: --png: there are 8 test movies, fewer than 9'
run 1 make motion no2 --config small.yaml --png 1 --split tset
err_has "^snn: --split: 'tset' is no split"
run 1 make motion no2 --config small.yaml --png 1 --scale 65
err_has '^snn: --scale: 65 is larger than 64'
run 1 make motion no2 --config small.yaml --set motion.delays=12
err_has '^snn: motion.skip_steps: leaves no step'
run 1 make motion no2 --config nofile.yaml
err_has '^snn: nofile.yaml: cannot be opened'
run 1 make motion no2 --set motion.directoins=3
err_has "did you mean 'directions'"
run 1 make motion no2 --set motion.image_side=64
err_has '^snn: motion.image_side: '
check "what is refused leaves no folder" test ! -e no2 -a ! -e no
run 1 make motion small.yaml/x --config small.yaml
err_has '^snn: small.yaml'
tap_done
