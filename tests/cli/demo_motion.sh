# SPDX-License-Identifier: BSD-3-Clause
# ./go demo motion: its very lines, on a small layer; twice, for every step can be repeated.
. "$abs_top_srcdir/tests/cli/lib.sh"

# Functions of ./go; what is built already is not built.
eval "$(sed -n '/^demo_motion() {/,/^}/p; /^say() {/p' "$abs_top_srcdir/go")"
build() { :; }
BUILD=$PWD
mkdir tools
ln -s "$snn" tools/snn
small_motion >small.yaml
DEMO_CONFIG=small.yaml
export OMP_NUM_THREADS=1

(set -e; demo_motion) >log 2>&1 # not before ||, which would switch -e off
code=$?
check "the demo runs" sh -c "test $code = 0 || { cat log; false; }"
has log '^accuracy [0-9.]+ % of 8 movies'
for picture in task kernels activity flow confusion rotation clouds prune; do
    check "$picture.png is there" test -s "$BUILD/motion/$picture.png"
done
check "pictures of movies are there" test -s "$BUILD/motion/movies/png/test-0001/0011.png"
for named in $(sed -n 's/^== demo: .*: \(.*\.png\)$/\1/p' log); do
    check "what it names is there: $(basename "$named")" test -s "$named"
done
(set -e; demo_motion) >log 2>&1 # not before ||, which would switch -e off
code=$?
check "it can be repeated" sh -c "test $code = 0 || { cat log; false; }"
has log 'motion_train.h5: complete already'

# The configuration that it takes is a real one.
run 0 info "$configs/motion-toy.yaml"
out_has '^  motion.directions +12'
code=0
sh "$abs_top_srcdir/go" demo sound >log 2>&1 || code=$?
check "another demo is refused" test $code = 1
has log "^go: there is no demo 'sound': demo, or demo motion"
tap_done
