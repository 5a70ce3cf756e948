# SPDX-License-Identifier: BSD-3-Clause
# The examples run, learn what they say, and read each other's files.
. "$abs_top_srcdir/tests/tap.sh"
examples=$abs_top_builddir/examples

check "first_network learns the delays" "$examples/first_network"
test "$(wc -l <"$abs_top_srcdir/examples/first_network.c")" -lt 60
check "first_network has less than 60 lines" test $? = 0
check "own_data trains on a program's own samples" "$examples/own_data" "$tap_scratch/run"
for file in config.yaml metrics.csv model.h5 checkpoint.h5; do
    check "the run left $file" test -s "$tap_scratch/run/$file"
done
check "evaluate_model reads that model" "$examples/evaluate_model" "$tap_scratch/run/model.h5"

"$examples/evaluate_model" "$tap_scratch/run/nothing.h5" >"$tap_scratch/out"
check "a model that is not there is an error" test $? = 1
check "and its name is told" grep -q "nothing.h5" "$tap_scratch/out"
"$examples/evaluate_model" "$tap_scratch/run/checkpoint.h5" >"$tap_scratch/out"
check "a checkpoint is no model" test $? = 1
tap_done
