# SPDX-License-Identifier: BSD-3-Clause
# snn bench costs: measured, kept, found again; and what is said of broken files.
. "$abs_top_srcdir/tests/cli/lib.sh"
unset SNN_COSTS XDG_CONFIG_HOME
HOME=$PWD/home
export HOME

# with COSTS COMMAND...: the command with SNN_COSTS.
with() {
    SNN_COSTS=$1
    export SNN_COSTS
    shift
    "$@"
    unset SNN_COSTS
}
quick() { run "$1" bench step --steps 1 --batch 2 --input-steps 10 --inputs 6 --outputs 3 -v; }

quick 0
check "nothing kept yet" sh -c '! grep -q "plans by" err'
run 0 bench costs --steps 1 --json --store
check "a line for each kind" test "$(grep -c '^{"event":"cost","kind":"[a-z0-9 ]*","cost":[0-9.e+-]*,"builtin":[0-9.e+-]*,' out)" \
    = "$(wc -l <out)"
check "all kinds" test "$(wc -l <out)" -gt 20
out_has '"kind":"product","cost":1,"builtin":1,'
err_has '/home/.config/snn/costs-.*\.txt: plans go by these costs from now on'
kept=$(echo home/.config/snn/costs-*.txt)
check "one file is kept" test -f "$kept"
check "it says whose they are" grep -q '^processor: .' "$kept"
quick 0
err_has "^plans by the costs of .*/$kept\$"
with builtin quick 0
check "passed over" sh -c '! grep -q "plans by" err'
with $kept quick 0
err_has "^plans by the costs of $kept\$"
mkdir config
XDG_CONFIG_HOME=$PWD/config
export XDG_CONFIG_HOME
quick 0
unset XDG_CONFIG_HOME
check "another folder of configuration has none" sh -c '! grep -q "plans by" err'

sed 's/^processor: .*/processor: Abacus/' "$kept" >other.txt
with other.txt quick 0
err_has '^snn: other.txt: costs of Abacus, but this is .*: choices may not be the fastest$'
sed 's/^processor: .*/processor: /' "$kept" >nobody.txt
with nobody.txt quick 0
check "costs of nobody in particular, as runs keep built-in ones" sh -c '! grep -q "costs of ," err'
sed 's/^kernels: .*/kernels: rope/' "$kept" >rope.txt
with rope.txt quick 1
err_has '^snn: costs: are of rope kernels, but this context has '
with none.txt quick 1
err_has '^snn: none.txt: cannot be opened: '

# Where there can be no costs there are none, and where none can be kept that is said at once.
HOME=/dev/null
quick 0
run 1 bench costs --store
err_has '^snn: /dev/null: cannot be made: '
HOME=$PWD/home
with nowhere/costs.txt run 1 bench costs --store
err_has '^snn: nowhere/costs.txt: there is no folder nowhere: make it first'

# What is broken is said by every command but the one that mends it.
echo 'speed: 3' >>"$kept"
quick 1
err_has "^snn: .*/$kept:[0-9]+: 'speed' is no cost; remove the file, or measure anew \(snn bench costs --store\)\$"
run 0 bench costs --steps 1 --store
out_has '^product  +1  +1  multiply-add of a matrix product$'
out_has '^machine '
quick 0
err_has "^plans by the costs of .*/$kept\$"
check "nothing is left beside it" test "$(ls home/.config/snn | wc -l)" = 1
tap_done
