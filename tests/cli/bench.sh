# SPDX-License-Identifier: BSD-3-Clause
# snn bench step: its output and its arithmetic, on a small step.
. "$abs_top_srcdir/tests/cli/lib.sh"

run 0 bench step --steps 1 --batch 4 --json
out_has '^\{"event":"bench","step_seconds":[0-9.e-]+,"sgemm_gflops":[0-9.e+]+,"dense_seconds":[0-9.e-]+,"ratio":[0-9.e-]+,"peak_rss_mib":[0-9.]+,"threads":[0-9]+,"solvers":\["[a-z]+","[a-z]+","[a-z]+"\],'
# 164.3 and 277.2 GFLOP at batch 256: a 64th of them at 4.
check "dense arithmetic of the SHD network" awk '{
    match($0, /"forward_gflop":[0-9.]+/); f = substr($0, RSTART + 16, RLENGTH - 16) * 64
    match($0, /"backward_gflop":[0-9.]+/); b = substr($0, RSTART + 17, RLENGTH - 17) * 64
    exit !(f > 164.26 && f < 164.36 && b > 277.19 && b < 277.29) }' out
out_has '"phases":\{"taps":[0-9.e-]+,.*"update":[0-9.e-]+\}\}$'
run 0 bench step --steps 1 --batch 2 --input-steps 10 --inputs 6 --outputs 3 --density 0.5 \
    --set network.hidden='[8]' --set delay.max_delay=5
out_has '^ratio '
out_has '^solvers  '
run 0 bench eval --steps 1 --batch 2 --input-steps 10 --inputs 6 --outputs 3
out_has '^dense .* GFLOP forward, 0.0 backward'
run 1 bench step --set network.hidden=8
err_has '^snn: network.hidden=8: network.hidden needs a list of integers'
tap_done
