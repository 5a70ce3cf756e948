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

# Two threads against one, and beside busy processes: which end with the command.
small="--batch 2 --input-steps 10 --inputs 6 --outputs 3 --threads 2"
rates='"sgemm_gflops":[0-9.e+]+,"bf16_gflops":[0-9.e+]+,"copy_gbytes":[0-9.e+-]+,"threads":2,"kernels":"[a-z0-9]+","machine":"[^"]+"\}$'
# shellcheck disable=SC2086  # a list of options
run 0 bench step --steps 2 $small --threads-ratio --neighbours --json
out_has "^\{\"event\":\"threads\",\"batch\":2,\"rounds\":2,.*\"ratio\":[0-9.e-]+,\"ratio_low\":[0-9.e-]+,.*\"sgemm_ratio\":[0-9.e-]+,\"bf16_ratio\":[0-9.e-]+,\"copy_ratio\":[0-9.e-]+,\"phase_ratios\":\{\"taps\":.*$rates"
out_has "^\{\"event\":\"neighbours\",\"batch\":2,\"rounds\":2,\"processes\":[1-9][0-9]*,\"quiet_seconds\":[0-9.e-]+,\"busy_seconds\":[0-9.e-]+,\"ratio\":[0-9.e-]+,.*$rates"
check "a ratio is that of the times" awk '
    /"event":"threads"/ || /"event":"neighbours"/ {
        split($0, f, /"(one_thread_seconds|step_seconds|quiet_seconds|busy_seconds|ratio|ratio_low|ratio_high)":/)
        lines++; if (!(f[5] + 0 <= f[4] + 0 && f[4] + 0 <= f[6] + 0)) bad = 1 }
    END { exit bad || lines != 2 }' out
# shellcheck disable=SC2086
run 0 bench step --steps 1 $small --threads-ratio --neighbours
out_has '^sgemm +[0-9.]+ +middle half [0-9.]+ to [0-9.]+: the machine.s own$'
out_has '^  synapse forward +[0-9.]+ +[0-9.]+ +[0-9.]+$'
out_has '^neighbours +[0-9.]+ ms +[0-9]+ busy processes, '
run 1 bench step --threads 1 --threads-ratio
err_has '^snn: --threads-ratio: needs two threads or more'
# shellcheck disable=SC2086
"$snn" bench step -q $small --neighbours --steps 60 >/dev/null 2>&1 &
parent=$!
children=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    children=$(ps -o pid= --ppid $parent 2>/dev/null) || true
    test -n "$children" && break
    sleep 0.2
done
if test -z "$children"; then
    kill -9 $parent
    skip "busy processes end with a command that is killed" "ps does not tell of them"
else
    kill -9 $parent
    left=yes
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        # shellcheck disable=SC2086
        kill -0 $children 2>/dev/null || { left=no; break; }
        sleep 0.2
    done
    check "busy processes end with a command that is killed" test $left = no
fi
wait $parent 2>/dev/null

# Every solver that can, the choice and the fastest once a point.
layer="--steps 1 --batch 4 --inputs 9 --outputs 7 --input-steps 12"
# shellcheck disable=SC2086
run 0 bench solver $layer --steps 2 --vary sigma=0.23,4 --vary taps=1,5 --plot solver.png --csv
check "solver: one choice and one fastest a point, and their ratio" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { point = $2 "=" $3; seen[point] = 1; chosen[point] += $at["chosen"]; fastest[point] += $at["fastest"]
      if ($at["seconds"] <= 0 || $at["times_fastest"] < 1 || $at["forward"] <= 0 ||
          $at["kernel_gradient"] <= 0 || $at["copy_gbytes"] <= 0 || $1 != "train") bad = 1
      solvers[$at["solver"]] = 1 }
    END { for (p in seen) { n++; if (chosen[p] != 1 || fastest[p] != 1) bad = 1 }
          exit bad || n != 4 || !("direct" in solvers) || !("fft" in solvers) }' out
check "solver: a picture" sh -c 'head -c 8 solver.png | od -c | grep -q "P   N   G"'
# shellcheck disable=SC2086
run 0 bench solver $layer --vary density=0.1 --json
out_has '^\{"event":"solver","use":"train","vary":"density","value":0.1,"solver":"direct","chosen":(true|false),'
out_has '^\{"event":"summary","points":1,"within_10_percent":[01],"within_noise":[01],"worst":[0-9.]+\}$'
# Costs, unlike times, are the same everywhere: dense input of one tap, and 25 live taps.
# shellcheck disable=SC2086
run 0 bench solver $layer --batch 8 --inputs 64 --outputs 64 --density 1 --vary live=1,25 --json
out_has '^\{"event":"crossing","use":"train","vary":"live","of":"planner","from":"taps","to":"fft","value":[0-9.]+\}$'
for use in forward rounded; do
    # shellcheck disable=SC2086
    run 0 bench solver $layer --use $use --live 2 --vary steps=10 --csv
    check "$use: no gradients, and its live taps" awk -F, -v live=$(test $use = forward && echo 2 || echo 1) '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { if ($at["kernel_gradient"] != 0 || $at["input_gradient"] != 0 || $at["live"] != live || $at["forward"] <= 0) bad = 1 }
        END { exit bad || NR < 3 }' out
done
# shellcheck disable=SC2086
run 0 bench solver $layer --vary steps=10 --vary batch=1,2
out_has '^train   steps    the fastest: the same everywhere$'
out_has "^train   batch    the planner's choice: "
out_has '^the planner.s choice \(\*\) is within 10 % of the fastest at [0-3] of 3 points; worst [0-9.]+ times$'
run 1 bench solver --use nothing
err_has '^snn: --use: nothing is not train, forward or rounded'
run 1 bench solver --vary live=0
err_has 'cannot be'
run 1 bench solver --vary taps=4
err_has 'max_delay 4 is not odd'
run 1 bench solver --vary colour=1
err_has '^snn: --vary: colour=1: live, sigma, density, wanted, taps'
run 1 bench solver --vary width=1.5
err_has 'cannot be'

where='"sgemm_gflops":[0-9.e+]+,"bf16_gflops":[0-9.e+]+,"copy_gbytes":[0-9.e+-]+,"threads":[0-9]+,"kernels":"[a-z0-9]+","machine":"[^"]+"\}$'
run 0 bench epoch --steps 2 --samples 20 --batch 5 --input-steps 10 --inputs 6 --outputs 3 --set network.hidden='[8]' --json
out_has '^\{"event":"epoch","samples":20,"epochs":1,"epoch_seconds":[0-9.e-]+,.*"together_share":0\.[0-9]+,'
out_has "$where"
run 0 bench load --steps 2 --samples 20 --batch 6 --input-steps 10 --inputs 6 --outputs 3 --json
out_has '^\{"event":"load","samples":20,"batch":6,"passes":2,'
out_has "$where"
run 0 bench encode --clips 1 --channels 10 --duration 0.2 --json
out_has '^\{"event":"encode","encoder":"cochlea","channels":10,"rate":16000,"clips":1,.*"factor":[0-9.]+,'
out_has "$where"
run 0 bench load --steps 1 --samples 20 --batch 6 --input-steps 10 --inputs 6 --outputs 3
out_has '^machine +sgemm [0-9.]+ GFLOP/s, bf16 [0-9.]+ GFLOP/s, copy [0-9.]+ GB/s, on [0-9]+ threads; '
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
