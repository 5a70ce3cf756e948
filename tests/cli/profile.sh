# SPDX-License-Identifier: BSD-3-Clause
# snn profile: its tables, pictures and trace on a small step.  Structure and sums, never time.
. "$abs_top_srcdir/tests/cli/lib.sh"

cat >tiny.yaml <<'END'
network:
  hidden: [9, 7]
delay:
  max_delay: 5
END
small="--steps 2 --batch 4 --input-steps 10 --inputs 6 --outputs 3"

# shellcheck disable=SC2086  # a list of options
run 0 profile tiny.yaml $small --threads 2 --trace trace.json
out_has '^tiny.yaml: step [0-9.]+ ms, median of 2, .*unobserved [0-9.]+$'
out_has '^phase +solver +ms +share +GFLOP ' # which phases are long enough for a line, time tells
out_has '^hottest: .*, [0-9.]+ % of the step, [0-9]+ % of its roof \((memory|matrix products)\)$'
out_has '^activations +[0-9.]+'
out_has '^counted in a step +cpu ms  cpus .* faults switches preempted  moved$'
out_has '^all phases +[0-9.]+ +[0-9.]+ '
check "hardware is counted, or a line says why not" sh -c 'grep -q "IPC" out || grep -q "^no hardware counters" out'
err_has '^tables and pictures in profile-tiny, trace in trace.json$'
for file in roofline.png time.png efficiency.png phases.csv threads.csv memory.csv scaling.csv; do
    check "profile-tiny/$file is there" test -s "profile-tiny/$file"
done

# 3 layers: taps, forward, neurons, both ways; one input gradient fewer; loss and update.
check "phases.csv has every phase of every layer once, and shares of at most one step" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; columns = NF; next }
    NF != columns || seen[$1, $2]++ || $at["operations"] <= 0 || $at["bytes"] <= 0 ||
        $at["seconds"] < 0 || $at["busy"] < 0 || $at["sgemm_gflops"] <= 0 { bad = 1 }
    { share += $at["share"] }
    END { exit bad || NR != 1 + 3 * 7 - 1 + 2 || share > 1.5 || share <= 0 }' profile-tiny/phases.csv
check "phases.csv names solvers" test 3 = \
    "$(grep -Ec '^synapse forward,[012],(direct|fft|taps|event),' profile-tiny/phases.csv)"
check "memory.csv adds up" awk -F, '
    $1 == "all" { all = $2 } NR > 1 && $1 != "all" { sum += $2 }
    END { exit !(sum > 0 && sum == all) }' profile-tiny/memory.csv
check "scaling.csv has one thread and two" sh -c 'cut -d, -f1 profile-tiny/scaling.csv | tr "\n" " " | grep -q "^threads 1 2 $"'
check "threads.csv has two" test "$(wc -l <profile-tiny/threads.csv)" = 3

# One event a line: each is an object; brackets and commas around them make them a list.
check "the trace is one JSON object of events" awk '
    NR == 1 { if ($0 != "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[") bad = 1; next }
    $0 == "]}" { closed = NR; next }
    { line = $0
      comma = sub(/^,/, "", line); tail = sub(/,$/, "", line)
      if (NR > 2 && !(comma || before)) bad = 1
      if (comma && before) bad = 1
      before = tail
      if (line !~ /^\{"name":"[a-z_ 0-9]+",("cat":"(phase|work)",)?"ph":"[XM]",.*\}$/) bad = 1
      if (line ~ /"ph":"X"/ && line !~ /"pid":1,"tid":[0-9]+,"ts":[0-9.]+,"dur":[0-9.]+[,}]/) bad = 1
      if (line ~ /"cat":"phase"/) phases++
      if (line ~ /"cat":"work"/) work++
      if (line ~ /"ph":"M"/) names++ }
    END { exit bad || before || closed != NR || phases != 2 * 23 || work < 20 || names != 3 }' trace.json
if command -v python3 >/dev/null 2>&1; then
    check "a JSON parser reads it, and workers stay inside the step" python3 -c '
import json
events = json.load(open("trace.json"))["traceEvents"]
phases = [e for e in events if e.get("cat") == "phase"]
for e in events:
    assert e["ph"] == "M" or any(p["ts"] - 1 <= e["ts"] and e["ts"] + e["dur"] <= p["ts"] + p["dur"] + 1
                                 for p in phases), e'
else
    skip "a JSON parser reads it" "no python3"
fi

# shellcheck disable=SC2086
run 0 profile tiny.yaml $small --threads 1 --json --out other --set delay.solver=direct -q
out_has '^\{"event":"phase","phase":"taps","layer":"0","solver":"","seconds":[0-9.e-]+,'
out_has '"solver":"direct"'
out_has '^\{"event":"memory","purpose":"parameters","held_bytes":[0-9]+,"peak_bytes":[0-9]+\}$'
out_has '^\{"event":"profile","config":"tiny.yaml","step_seconds":[0-9.e-]+,.*"allocations":0,'
check "one thread scales to nothing" test ! -s other/scaling.csv
check "and makes no picture of it" test ! -e other/efficiency.png

check "a data set is made" "$abs_top_builddir/tests/cli/make_words" words
run 0 profile tiny.yaml --data words --steps 1 --batch 4 --threads 1 --out of-data
out_has '^batch 4, [0-9]+ steps, 40 inputs; 1 threads'
run 1 profile "$configs/motion-toy.yaml"
err_has 'motion-toy.yaml: is a layer that sees motion'
run 1 profile nowhere.yaml
err_has '^snn: nowhere.yaml: '
# shellcheck disable=SC2086
run 1 profile tiny.yaml $small --out /dev/null/x
err_has '/dev/null'
# shellcheck disable=SC2086
run 1 profile tiny.yaml $small --out early --trace none/trace.json
err_has '^snn: none/trace.json: there is no folder none: make it first$'
check "before the work" test ! -e early
run 2 profile
# An interrupt ends it between steps.
"$snn" profile "$configs/shd.yaml" --steps 64 --batch 4 --out stopped >cut.out 2>cut.err &
pid=$!
sleep 2
kill -s INT $pid
code=0
wait $pid || code=$?
check "an interrupt: exit 130" test $code = 130
check "and says so" grep -q '^snn: profile: stopped$' cut.err
tap_done
