# SPDX-License-Identifier: BSD-3-Clause
# What the tests of the command share.
#
#   run EXIT ARGUMENT...   snn ARGUMENT... must leave with EXIT; keeps its output
#   out_is TEXT            standard output is TEXT
#   out_has, err_has PATTERN   a line matches (grep -E)
#   small_motion LINE...   the configuration of a layer that sees motion and learns in a moment,
#                          with these lines more in its section `motion`
. "$abs_top_srcdir/tests/tap.sh"
cd "$tap_scratch" || exit 1
snn=$abs_top_builddir/tools/snn
configs=$abs_top_srcdir/configs

run() {
    run_exit=$1
    shift
    run_name="snn $(printf '%.70s' "$*")"
    run_got=0
    "$snn" "$@" >out 2>err </dev/null || run_got=$?
    if test $run_got = "$run_exit"; then ok "$run_name: exit $run_exit"; else
        not_ok "$run_name: exit $run_got, not $run_exit"
        diag "$(cat out err)"
    fi
}
out_is() {
    if test "$(cat out)" = "$1"; then ok "$run_name: output"; else not_ok "$run_name: output"; diag "$(cat out)"; fi
}
out_has() { has out "$1"; }
err_has() { has err "$1"; }
has() {
    if grep -E -q -e "$2" "$1"; then ok "$run_name: $2"; else not_ok "$run_name: no line with $2"; diag "$(cat "$1")"; fi
}
small_motion() {
    cat <<'END'
network:
  model: motion
train:
  epochs: 2
  batch_size: 4
  weight_schedule: constant
  lr_weight: 0.01
  weight_decay: 0
motion:
  directions: 4
  width: 12
  height: 10
  steps: 12
  side: 5
  delays: 5
  image_side: 128
  train_movies: 8
  test_movies: 8
END
    for line; do echo "  $line"; done
}
