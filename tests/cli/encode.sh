# SPDX-License-Identifier: BSD-3-Clause
# Invariant I1: the same bytes for any number of threads.
# Invariant I2: the same bytes after a kill, wherever it came.
#
# snn encode: options, lists, errors, resume, and files as h5py reads SHD.
. "$abs_top_srcdir/tests/cli/lib.sh"
check "a data set is made" "$abs_top_builddir/tests/cli/make_words" words

run 0 encode words --out one --threads 1 --channels 20
err_has '^one/words_train.h5: 36 samples, [0-9]+ events, [0-9]+ to [0-9]+ a sample, median [0-9]+; 10.8 s of sound in [0-9.]+ s$'
err_has '^[0-9.]+ times real time on 1 threads$'
run 0 encode words --out two --threads 2 --channels 20 -q --json
check "quiet says nothing" test ! -s err
out_has '^\{"event":"file","split":"valid","path":"two/words_valid.h5","samples":12,"kept":false,"resumed":0,"events":[0-9]+,"least":[0-9]+,"median":[0-9]+,"most":[0-9]+,"sound_s":3.6,"seconds":[0-9.e-]+\}$'
for split in train valid test; do
    check "$split: the same bytes on one and two threads" cmp one/words_$split.h5 two/words_$split.h5
done
check "nothing else is left" test "$(ls one | wc -l)" = 3
run 0 encode words --out one --channels 20 --json
err_has '^one/words_test.h5: 12 samples, there already$'
out_has '"split":"test",.*"kept":true\}$'
run 1 encode words --out one --channels 21
err_has '^snn: one/words_train.h5: is there and was made with other settings or of other recordings: remove it'
run 1 encode words --out one --channels 20 --seed 1
run 0 info one --set data.units=20 --set data.channel_bin=1
out_has '^  units    20, '
out_has '^  as read: 20 inputs'

# Every option reaches the settings that the file names.
run 0 encode words --out level --encoder level --channels 40 --level-step 0.5 --level-hop 10 \
    --times float32 --duration 0.2 --rate 22050 --mono
check "settings are told" grep -q -a \
    'encoder=level channels=40 rate=22050 duration_s=0.2[0]* mono=1 times=float32 step=0.5 hop_ms=10' \
    level/words_train.h5
run 0 info level --set data.units=40
check "times as float32 are no trap" sh -c '! grep -q float16 out'

run 2 encode
run 2 encode words more
run 2 encode words --encoder ear
err_has "^snn: encoder 'ear' is unknown; see"
run 2 encode words --times float8
run 1 encode words --out x --encoder level --channels 41
err_has '^snn: channels: 41 is odd'
run 1 encode words --out x --rate 8000
err_has '^snn: rate: 8000 is not in 16000\.\.768000'
run 1 encode nowhere --out x
err_has '^snn: nowhere: cannot open the folder'
run 1 encode words --out /dev/null/x
err_has '/dev/null'
check "what failed made no folder" test ! -e x

# Lists.
printf 'path\tlabel\tsplit\tspeaker\tgender\n' >list.tsv
for i in 0 1 2 3; do
    printf 'words/rise/s%d_nohash_%d.wav\tup\ttrain\ts%d\tf\n' $i $i $i
    printf 'words/fall/s%d_nohash_%d.wav\tdown\ttest\ts%d\tf\n' $i $i $i
done >>list.tsv
run 0 encode list.tsv --out list --encoder level -q
run 0 info list --set data.units=80
out_has '^  classes  2: up down$'
out_has '^  0 up +4 +0 +0$'
printf 'words/rise/none.wav\tup\ttrain\ts0\tf\n' >>list.tsv
run 1 encode list.tsv --out list2
err_has '^snn: ./words/rise/none.wav: is missing or not a file'
printf 'oops\n' >>list.tsv
run 1 encode list.tsv --out list2
err_has '^snn: list.tsv:11: has 1 fields, the first line 5'

# Killed again and again, it arrives at the same bytes.
kills=0
while test $kills -lt 40 && ! test -e cut/words_test.h5; do
    "$snn" encode words --out cut --threads 1 --channels 20 >/dev/null 2>&1 &
    pid=$!
    before=$(cat cut/*.spool cut/*.h5 2>/dev/null | wc -c)
    tries=0
    while test $tries -lt 200 && kill -0 $pid 2>/dev/null &&
        test "$(cat cut/*.spool cut/*.h5 2>/dev/null | wc -c)" -le "$before"; do
        sleep 0.01 2>/dev/null || sleep 1
        tries=$((tries + 1))
    done
    kill -KILL $pid 2>/dev/null && kills=$((kills + 1))
    wait $pid 2>/dev/null
done
run 0 encode words --out cut --threads 2 --channels 20 -q
for split in train valid test; do
    check "$split: the same bytes after $kills kills" cmp one/words_$split.h5 cut/words_$split.h5
done
check "it was killed" test $kills -gt 0
check "nothing of the kills is left" test "$(ls cut | wc -l)" = 3

# A full disk, as far as a limit to the size of files can play one.
code=0
(trap '' XFSZ; ulimit -f 8; exec "$snn" encode words --out full --encoder level) >out 2>err || code=$?
check "a full disk: exit $code" test $code = 1
run_name="a full disk"
err_has '^snn: full/words_train.h5[a-z.]*: cannot write'
check "a full disk: two lines at most" test "$(wc -l <err)" -le 2
run 0 encode words --out full --encoder level -q

# Python's h5py opens them as it opens SHD.
python=
for name in python3 /usr/bin/python3; do
    test -n "$python" || ! $name -c 'import h5py' 2>/dev/null || python=$name
done
if test -n "$python"; then
    cat >read.py <<'END'
import h5py, numpy
f = h5py.File("list/list_train.h5", "r")
times, units, labels = f["spikes"]["times"], f["spikes"]["units"], f["labels"]
assert times.shape == units.shape == labels.shape == (4,)
assert times[0].dtype == numpy.float16 and units[0].dtype == numpy.uint16
assert all(len(times[i]) == len(units[i]) > 0 for i in range(4))
assert all((numpy.diff(times[i].astype(float)) >= 0).all() for i in range(4))
assert [k.decode() for k in f["extra"]["keys"]] == ["up", "down"]
assert list(labels) == [0, 0, 0, 0] and list(f["extra"]["speaker"]) == [0, 1, 2, 3]
assert list(f["extra"]["meta_info"]["gender"]) == [b"f"] * 4
assert f["extra"]["source"][1] == b"words/rise/s1_nohash_1.wav"
assert isinstance(f.attrs["settings"], str) and f.attrs["settings"].startswith("encoder=level")
assert f.attrs["source"] == "list"
END
    check "h5py reads what SHD has" "$python" read.py
else
    skip "h5py reads what SHD has" "no python3 with h5py"
fi
tap_done
