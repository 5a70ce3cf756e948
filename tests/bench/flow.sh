#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# How well snn events flow finds motion: made recordings of known motion (bars, leaves, cloud;
# tests/cli/make_recording), and the recorded slider where it is there.  A row is a recording.
#
#   tests/bench/flow.sh SNN MAKE_RECORDING RUN [SHARED]  > flow.csv
#
# RUN is a run of configs/motion-camera.yaml, RUN-1 and RUN-2 those of seeds 1 and 2, which see
# the slider alone; they are trained unless they are there.  The slider's motion is that of
# contrast maximisation: the speed along x at which the events, moved back by it, lie in the
# sharpest image.

set -eu
snn=$1 make=$2 base=$3 run=$3 shared=${4-}
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

train() { # RUN SEED
    test -f "$1/model.h5" || "$snn" train "$here/configs/motion-camera.yaml" --seed "$2" --out "$1" \
        --threads 1 -q >"$work/training"
}

row() { # NAME VX VY FILE COMMAND
    "$snn" events flow "$4" --model "$run" --threads 1 --json -q >"$work/json"
    awk -v name="$1" -v vx="$2" -v vy="$3" -v command="$5" '
        function field(key, text) {
            match($0, "\"" key "\":[-0-9.e+]*"); text = substr($0, RSTART, RLENGTH)
            sub(/.*:/, "", text); return text
        }
        {
            x = field("x_px_s"); y = field("y_px_s")
            speed = sqrt(vx * vx + vy * vy); found = sqrt(x * x + y * y)
            off = atan2(x * vy - y * vx, x * vx + y * vy) * 57.29578
            printf "%s,%g,%g,%.1f,%.1f,%.1f,%.1f,%.3f,%.3f,%d,%s\n", name, vx, vy, x, y,
                100 * (found / speed - 1), off < 0 ? -off : off, field("confident_share"),
                field("agreement"), field("step_us"), command
        }' "$work/json"
}

train "$run" 0
echo "recording,x_px_s,y_px_s,found_x_px_s,found_y_px_s,speed_error_percent,direction_error_degrees,confident_share,agreement,step_us,command"
for kind in bars leaves cloud; do
    for v in "-60 0" "-110 0" "0 250" "80 -80"; do
        set -- $kind ${v% *} ${v#* } 0.3 80 1
        "$make" "$@" >"$work/made.txt"
        row "$kind" "${v% *}" "${v#* }" "$work/made.txt" "make_recording $*"
    done
done
slider=$shared/data/events/uzh_slider_depth_events_chunk.txt
if test -f "$slider"; then
    for seed in 0 1 2; do
        test $seed = 0 || { run=$base-$seed && train "$run" $seed; }
        row slider_depth -108 0 "$slider" "uzh_slider_depth_events_chunk.txt (seed $seed)"
    done
fi
