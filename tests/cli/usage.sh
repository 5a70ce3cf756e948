# SPDX-License-Identifier: BSD-3-Clause
# Command lines: help, versions, and every way to get one wrong.
. "$abs_top_srcdir/tests/cli/lib.sh"

run 0 --version
out_is "snn $(sed -n 's/^#define SNN_VERSION *"\(.*\)"/\1/p' "$abs_top_srcdir/include/snn/status.h")"
run 0 help
out_has '^usage: snn COMMAND'
run 0 --help
out_has '^  train '
run 0 help train
out_has '^usage: snn train \[OPTION\]... CONFIG'
for command in train eval info bench profile make encode plot sweep fetch; do
    run 0 $command --help
    out_has "^usage: snn $command "
    out_has '^  -h, --help'
    run 0 $command -h
done
run 0 train --help-config
out_has '^  max_delay: 25'

run 2
err_has '^usage: snn COMMAND'
run 2 trian
err_has "^snn: command 'trian' is unknown; did you mean 'train'\?"
run 2 xyzzy
err_has "^snn: command 'xyzzy' is unknown; see 'snn help'"
run 2 help evla
err_has "did you mean 'eval'"
run 2 train --sett x=1 c.yaml
err_has "^snn: option 'sett' is unknown; did you mean 'set'\?"
run 2 train -x
err_has "^snn: option '-x' is unknown; see 'snn train --help'"
run 2 train --data
err_has '^snn: --data needs an argument'
run 2 train --json=yes
err_has '^snn: --json takes no argument'
run 2 train --threads 0 c.yaml
err_has '^snn: --threads needs a whole number of at least 1, not .0.'
run 2 train --threads two c.yaml
run 2 train --seed -1 c.yaml
err_has '^snn: --seed needs an integer'
run 2 train
err_has '^snn: give a configuration'
run 2 train "$configs/shd.yaml"
err_has '^snn: give a data set: --data PATH'
run 2 eval
run 2 info
run 2 bench
run 2 bench stop
err_has "^snn: benchmark 'stop' is unknown; did you mean 'step'"
run 2 bench step --density -1
run 2 make digits
run 2 make motifs out --noise -1
err_has '^snn: --noise needs a number'
run 1 make motifs out --parts 1
err_has 'parts: 1 is not in 2..16'
run 2 make digit out
err_has "did you mean 'digits'"
run 0 make motifs motifs --samples 40 --noise 0 --gap 300
err_has 'rates match: chi-square 0 of 0 degrees'
run 0 info motifs --set data.units=60 --set data.channel_bin=1
run 1 info --cpu z80 "$configs/shd.yaml"
err_has 'z80'
run 1 train "$configs/shd.yaml" --data nowhere
err_has '^snn: nowhere: '
check "a failed run leaves no folder" test ! -e runs

# Output that cannot be written is a failure.
if test -w /dev/full; then
    code=0
    "$snn" help >/dev/full 2>err || code=$?
    check "a full standard output is a failure" test $code = 1
else
    skip "a full standard output is a failure" "no /dev/full"
fi
tap_done
