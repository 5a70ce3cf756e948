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
run 0 bench step --steps 1 --batch 2 --input-steps 10 --inputs 6 --outputs 3 --csv
check "CSV: a head and a row as long" awk -F, 'NR == 1 { n = NF } END { exit !(NR == 2 && NF == n && n > 20) }' out

# Every solver that can, the choice and the fastest once a point.
run 0 bench solver --steps 2 --batch 4 --inputs 9 --outputs 7 --input-steps 12 --vary sigma=0.23,4 --vary taps=1,5 --csv
check "solver: one choice and one fastest a point, and their ratio" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { point = $1 "=" $2; seen[point] = 1; chosen[point] += $at["chosen"]; fastest[point] += $at["fastest"]
      if ($at["seconds"] <= 0 || $at["times_fastest"] < 1 || $at["forward"] <= 0) bad = 1
      solvers[$at["solver"]] = 1 }
    END { for (p in seen) { n++; if (chosen[p] != 1 || fastest[p] != 1) bad = 1 }
          exit bad || n != 4 || !("direct" in solvers) || !("fft" in solvers) }' out
run 0 bench solver --steps 1 --batch 4 --inputs 9 --outputs 7 --input-steps 12 --vary density=0.1 --json
out_has '^\{"event":"solver","vary":"density","value":0.1,"solver":"direct","chosen":(true|false),'
out_has '^\{"event":"summary","points":1,"within_10_percent":[01],"worst":[0-9.]+\}$'
run 0 bench solver --steps 1 --batch 4 --inputs 9 --outputs 7 --input-steps 12 --vary steps=10
out_has '^the planner.s choice \(\*\) is within 10 % of the fastest at [01] of 1 points; worst [0-9.]+ times$'
run 1 bench solver --vary taps=4
err_has 'max_delay 4 is not odd'
run 1 bench solver --vary colour=1
err_has '^snn: --vary: colour=1: sigma, density, taps'
run 1 bench solver --vary width=1.5
err_has 'cannot be'

run 0 bench epoch --steps 2 --samples 20 --batch 5 --input-steps 10 --inputs 6 --outputs 3 --set network.hidden='[8]' --json
out_has '^\{"event":"epoch","samples":20,"epochs":1,"epoch_seconds":[0-9.e-]+,.*"together_share":0\.[0-9]+,'
run 0 bench load --steps 2 --samples 20 --batch 6 --input-steps 10 --inputs 6 --outputs 3 --json
out_has '^\{"event":"load","samples":20,"batch":6,"passes":2,'
run 0 bench encode --clips 1 --channels 10 --duration 0.2 --json
out_has '^\{"event":"encode","encoder":"cochlea","channels":10,"rate":16000,"clips":1,.*"factor":[0-9.]+,'
run 1 bench encode --encoder ear
err_has 'ear is not cochlea or level'
run 1 bench step --density 3
err_has '^snn: --density: a share of the cells: at most 1'
for what in step epoch load; do
    run 1 bench $what --config "$configs/motion-toy.yaml"
    err_has 'motion-toy.yaml: is a layer that sees motion'
done
run 1 bench step --set network.hidden=8
err_has '^snn: network.hidden=8: network.hidden needs a list of integers'
tap_done
