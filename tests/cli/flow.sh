# SPDX-License-Identifier: BSD-3-Clause
# snn events flow: a small layer, trained here, finds the known motion of made recordings.
. "$abs_top_srcdir/tests/cli/lib.sh"
make=$abs_top_builddir/tests/cli/make_recording

cat >small.yaml <<'END'
network:
  model: motion
motion: {directions: 4, speeds: 3, width: 20, height: 20, steps: 24, side: 9, delays: 9, selectivity: 1.5,
  noise: 0.02, train_movies: 120, valid_movies: 0, test_movies: 24}
train: {epochs: 12, batch_size: 12, weight_schedule: cosine, lr_weight: 0.01, weight_decay: 0}
END
run 0 train small.yaml --out layer --threads 1 -q

# number KEY: a number of the JSON line in `out`
number() { sed -n 's/.*"'"$1"'":\([-0-9.e+]*\).*/\1/p' out; }
# close KEY VALUE BOUND: |number - VALUE| <= BOUND
close() {
    check "$1 $(number "$1"), wanted $2 to within $3" \
        awk -v got="$(number "$1")" -v want="$2" -v bound="$3" \
        'BEGIN { d = got - want; exit !(got != "" && d <= bound && -d <= bound) }'
}

# Leaves that go left, a cloud that goes up.
"$make" leaves -110 0 0.3 48 1 >left.txt
"$make" cloud 0 -70 0.3 40 2 >up.txt
run 0 events flow left.txt --model layer --out left --json
close x_px_s -110 27
close y_px_s 0 27
close outside 0 0
check "a picture" sh -c "head -c 4 left/flow.png | grep -q PNG"
check "a table" sh -c "head -n 1 left/flow.csv | grep -q '^x,y,votes,vx_px_s,vy_px_s,'"
check "of all tiles but the empty ones" test "$(wc -l <left/flow.csv)" -gt 20
run 0 events flow up.txt --model layer/model.h5 --json
close x_px_s 0 17
close y_px_s -70 21

# The same from a pipe, with the step said, in a part of the frame, in larger cells.
run 0 events flow left.txt --model layer --bin 3500us
cp out file
check "a pipe" sh -c "'$snn' events flow - --model layer --bin 3500us <left.txt | sed 's/^-:/left.txt:/' | cmp - file"
out_has '^left.txt: -[0-9.]+ px/s right, .* steps of 3.500 ms$'
run 0 events flow left.txt --model layer --bin 3500us --crop 8,8,24,30 --json
close x_px_s -110 35
"$make" leaves 220 0 0.15 96 3 >right.txt
run 0 events flow right.txt --model layer --cell 2 --json --out right --tile 4
close x_px_s 220 60
check "in pixels of the sensor" awk -F, 'NR > 1 && $1 > 80 { n++ } END { exit !n }' right/flow.csv

# Too many events: those beyond are counted.
run 0 events flow left.txt --model layer --bin 4ms --rate 10000 --json
check "dropped $(number dropped)" test "$(number dropped)" -gt 1000
run 0 events flow left.txt --model layer --bin 4ms --rate 10000
err_has '^snn: left.txt: [0-9]+ events are dropped: more than --rate$'

# Neurons: without memory those spike that vote; with memory some more, at the same places.
run 0 events flow left.txt --model layer --bin 4ms --spikes spikes.csv --json
check "a spike for each vote" test "$(($(wc -l <spikes.csv) - 1))" = "$(number votes)"
check "most go to the left" awk -F, 'NR > 1 { n++; left += $5 > 200 && $5 < 340 } END { exit !(left > n / 2) }' spikes.csv
check "in their order, inside the frame" awk -F, 'NR > 2 && ($1 < t || $2 > 47 || $3 > 47) { bad = 1 }
    { t = $1 } END { exit bad }' spikes.csv
run 0 events flow left.txt --model layer --bin 4ms --spikes memory.csv --decay 0.7 --json
check "memory changes them" test "$(number spikes)" != "$(($(wc -l <spikes.csv) - 1))"
check "counted" test "$(($(wc -l <memory.csv) - 1))" = "$(number spikes)"
run 1 events flow left.txt --model layer --bin 4ms --spikes nowhere/spikes.csv
err_has '^snn: nowhere/spikes.csv.part: cannot be written'
run 2 events flow left.txt --model layer --decay 2

# The example: the same motion, a picture, a pipe; live it drops what comes too late.
camera=$abs_top_builddir/examples/motion_camera
test "$(wc -l <"$abs_top_srcdir/examples/motion_camera.c")" -lt 100
check "motion_camera has less than 100 lines" test $? = 0
check "motion_camera" sh -c "'$camera' layer/model.h5 48 48 4000 left.txt camera.png >camera.out"
check "to the left, nothing dropped" grep -q '^-1*[0-9][0-9][.][0-9] px/s right.*; 0 of [0-9]* events dropped$' camera.out
check "its picture" sh -c "head -c 4 camera.png | grep -q PNG"
check "a pipe" sh -c "'$camera' layer/model.h5 48 48 4000 - pipe.png <left.txt | cmp - camera.out && cmp pipe.png camera.png"
{ head -n 9000 left.txt; sleep 0.5; tail -n +9001 left.txt; } |
    "$camera" layer/model.h5 48 48 4000 - live.png live >live.out
check "a camera that hangs: $(cat live.out)" grep -q '; [1-9][0-9]* of [0-9]* events dropped$' live.out
"$camera" layer/checkpoint.h5 48 48 4000 left.txt none.png >bad.out
check "a checkpoint is no layer" test $? = 1 -a ! -e none.png
check "which is said" grep -q 'checkpoint.h5' bad.out

# Nothing sure is seen in noise alone.
printf '# geometry:40,40\n0.001 5 5 1\n' >one.txt
run 0 events flow one.txt --model layer --confidence 0.9 --out one
out_has '^one.txt: no motion is seen with confidence$'
err_has '^snn: one.txt: no length of a step brings the speed to the middle'
check "an empty picture" test -s one/flow.png

# A camera that pauses: a signal ends it, and what was seen is a result.  A pipe holds 64 KiB, so
# most has been read when all is written.
mkfifo camera
"$snn" events flow camera --model layer --bin 4ms --out seen --spikes seen.csv >seen.out 2>seen.err &
flow=$!
exec 3>camera
cat left.txt >&3
kill -TERM $flow
exec 3>&-
wait $flow
check "a signal ends a camera's stream" test $? = 130
check "which is said" grep -q '^snn: camera: interrupted: the result is of the first [1-9][0-9]* events$' seen.err
check "and what was seen is there" test -s seen/flow.png -a -s seen/flow.csv -a -s seen.csv -a -s seen.out

# What is wrong is said.
run 2 events flow left.txt
err_has '^snn: --model MODEL.RUN says which layer is to look'
run 2 events flow left.txt --model layer --confidence 1
run 2 events flow left.txt --model layer --confidence 0
err_has '^snn: --confidence is a probability'
run 1 events flow left.txt --model layer --bin 4ms --size 65535x65535
err_has '^snn: left.txt: the frame of 65535 x 65535 cells is too large: take a --crop'
run 1 events flow left.txt --model layer --bin 4ms --out layer/config.yaml/x
err_has '^snn: layer/config.yaml: cannot be made'
check "before anything is looked at" test ! -s out
run 2 events flow left.txt --model layer --bin 0
run 1 events flow left.txt --model nowhere
err_has 'nowhere'
run 1 events flow left.txt --model layer/checkpoint.h5
err_has 'checkpoint.h5: is a motion checkpoint, not a motion'
run 1 events flow nowhere.txt --model layer
err_has '^snn: nowhere.txt: cannot be opened'
run 1 events flow left.txt --model layer --crop 0,0,5,48
err_has '^snn: left.txt: the frame is 5 x 48 cells, less than the layer.s kernels of 9: take a larger --crop'
printf '# geometry:40,40\n' >empty.txt
run 1 events flow empty.txt --model layer
err_has 'empty.txt: '
run 1 events flow left.txt --model layer --time 5s,6s
err_has '^snn: left.txt: holds no event of what is asked for: snn events info '

# A real camera: a slider moves it to the right, so the scene goes left at about 110 px/s.
slider=${SNN_SHARED:-$abs_top_srcdir/../shared}/data/events/uzh_slider_depth_events_chunk.txt
if test -f "$slider"; then
    run 0 events flow "$slider" --size 240x180 --model layer --out slider --json
    close x_px_s -110 27
    close y_px_s 0 27
else
    skip "the recorded slider" "no $slider"
fi
tap_done
