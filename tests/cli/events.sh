# SPDX-License-Identifier: BSD-3-Clause
# snn events: info and convert, on small recordings and on bad ones.
. "$abs_top_srcdir/tests/cli/lib.sh"

printf '# geometry:64,48\n0.000100000 1 2 1\n0.000250000 63 47 0\n0.020000000 5 6 1\n' >a.txt
run 0 events info a.txt
out_has '^a.txt: .*t x y p, t in seconds'
out_has '^  sensor     64 x 48 pixels$'
out_has '^  events     3, 66.7 % ON$'
out_has '^  time       100 to 20000 us, 0.0199 s$'
out_has '^  order      by time$'
run 0 events info --json a.txt
out_has '^\{"event":"recording","file":"a.txt","format":"text",.*"width":64,"height":48,"events":3,"on":2,"t_first_us":100,"t_last_us":20000,.*"damaged":0\}$'

# From format to format and back: the same text.
for format in bin dat evt2 evt3 aedat4 hdf5; do
    run 0 events convert a.txt "a.$format" --format $format
    run 0 events convert "a.$format" "$format.txt" --size 64x48 --from $format
    check "$format keeps every event" cmp a.txt "$format.txt"
done
run 0 events info a.evt3
out_has '^a.evt3: Prophesee RAW, EVT 3.0$'
run 0 events convert --json a.evt3 b.dat
out_has '^\{"event":"converted","file":"b.dat","format":"dat","events":3,'
check "no temporary file is left" test ! -e b.dat.part

# Every format to every other, over gaps in which their clocks wrap: the same events.
awk 'BEGIN {
    srand(7); t = 500
    print "# geometry:240,180"
    for (i = 0; i < 3000; i++) {
        t += int(rand() * 90) * (i % 3 == 0)
        if (i == 1000) t += 17000000    # 2^24 us
        if (i == 2000) t += 2200000000  # 2^31 us
        if (i % 10 < 6) x = (x + 1) % 240
        else { x = int(rand() * 240); y = int(rand() * 180); p = rand() < 0.5 }
        printf "%d.%06d000 %d %d %d\n", t / 1000000, t % 1000000, x, y, p
    }
}' >pairs.text
formats="text bin dat evt2 evt3 aedat4 hdf5"
digest() { "$snn" events info --json --from "$1" "$2" 2>/dev/null | grep -o '"events":[0-9]*\|"digest":"[0-9a-f]*"'; }
digest text pairs.text >whole
check "a digest of 3000 events" test "$(sed -n 1p whole)" = '"events":3000' -a "$(wc -l <whole)" = 2
for from in $formats; do
    test $from = text || "$snn" events convert pairs.text pairs.$from --format $from -q
    lost=
    for to in $formats; do
        "$snn" events convert pairs.$from pair --format $to --size 240x180 --from $from -q &&
            digest $to pair | cmp -s - whole || lost="$lost $to"
        rm -f pair
    done
    check "$from to each format keeps every event${lost:+, not to$lost}" test -z "$lost"
done
sed '7s/ [01]$/ 2/; 7s/ 2$/ 1/; 8s/^/1/' pairs.text | "$snn" events info --json - 2>/dev/null |
    grep -o '"digest":.*"' >other
check "another event, another digest" sh -c '! cmp -s other whole'
rm -f pairs.*

# Files of Python's h5py, in the layout of DSEC; and h5py reads what is written here.
python=
for name in python3 /usr/bin/python3; do
    test -n "$python" || ! $name -c 'import h5py' 2>/dev/null || python=$name
done
if test -n "$python"; then
    cat >dsec.py <<'END'
import h5py, numpy
with h5py.File("dsec.h5", "w") as f:
    put = dict(chunks=(100,), compression="gzip", shuffle=True)
    n = numpy.arange(1000)
    f.create_dataset("events/x", data=(n % 640).astype("u2"), **put)
    f.create_dataset("events/y", data=(n % 480).astype("u2"), **put)
    f.create_dataset("events/t", data=(3 * n).astype("u4"), **put)
    f.create_dataset("events/p", data=(n % 4 == 0).astype("u1"), **put)
    f.create_dataset("ms_to_idx", data=numpy.array([0, 334, 667], "u8"))
    f["t_offset"] = numpy.int64(50000000000)
f = h5py.File("a.hdf5", "r")["events"]
assert f["x"][()].tolist() == [1, 63, 5] and f["y"][()].tolist() == [2, 47, 6]
assert f["t"][()].tolist() == [100, 250, 20000] and f["p"][()].tolist() == [1, 0, 1]
assert f.attrs["width"] == 64 and f.attrs["height"] == 48
END
    check "h5py reads what is written" "$python" dsec.py
    run 0 events info dsec.h5
    out_has '^dsec.h5: HDF5: DSEC$'
    out_has '^  events     1000, 25.0 % ON$'
    out_has '^  time       50000000000 to 50000002997 us,'
    out_has '^  x, y       0 to 639, 0 to 479$'
else
    skip "h5py reads what is written" "no python3 with h5py"
fi

# A part of it.
run 0 events convert a.txt part.txt --crop 1,2,10,10 --time 0,10ms --relative
printf '# geometry:10,10\n0.000000000 0 0 1\n' >expected
check "a crop and a span" cmp part.txt expected
run 0 events convert a.txt part.txt --time 150us,
check "from an event on" test "$(grep -c '^0' part.txt)" = 2
run 0 events convert a.txt - --format text
check "standard output" cmp out a.txt
check "standard input" sh -c "cat a.evt3 | '$snn' events convert - - --format text -q | cmp - a.txt"

# What is wrong is said, with its place; the file that was there stays.
head -c 100 a.evt2 >whole
head -c $(($(wc -c <a.evt2) - 1)) a.evt2 >cut.raw
run 1 events info cut.raw
err_has '^snn: cut.raw: byte [0-9]+: the file is cut within a record of 4 bytes, of which there are 3'
run 0 events info cut.raw --tolerant
err_has '^snn: cut.raw: byte [0-9]+: the file is cut .*what follows is not read$'
out_has '^  events     2,'
cp a.dat keep.dat
run 1 events convert cut.raw keep.dat
check "the old file is there" cmp a.dat keep.dat
check "no temporary file" test ! -e keep.dat.part
printf '0.1 1 2 1\n0.2 1 2\n' >bad.txt
run 1 events info bad.txt a.txt
err_has '^snn: bad.txt: byte 10: line 2: is not four numbers'
out_has '^a.txt: '
printf '0.2 1 2 1\n0.1 300 2 1\n' >back.txt
run 0 events info back.txt
err_has '^snn: back.txt: 1 events step back in time, by up to 100000 us; their order is kept'
out_has '^  order      1 steps back in time'
run 1 events convert back.txt back.bin
err_has '^snn: back.bin: event [01]: bin cannot hold|^snn: back.bin: event 1: bin holds x to 255'
run 0 events info back.txt --size 100x100
err_has '^snn: back.txt: 1 events outside the sensor are dropped'
run 1 events info nowhere
err_has '^snn: nowhere: cannot be opened'
echo hello >hello
run 1 events info hello
err_has '^snn: hello: byte 0: is no recording of events'
run 1 events convert a.txt out.raw
err_has '^snn: out.raw: its name does not say which format'

# Pictures.
run 0 events render a.txt a.png
err_has '^a.png: 1 picture of 64 x 48 pixels$'
check "a PNG" sh -c "head -c 4 a.png | grep -q PNG"
run 0 events render a.txt frames --every 5ms --view surface --palette light --scale 2
err_has '^frames: 4 pictures of 128 x 96 pixels$'
check "numbered" test -s frames/000000.png -a -s frames/000003.png -a ! -e frames/000004.png
printf '0.1 1 2 1\n' >small.txt
run 0 events render small.txt small.png
err_has '^small.png: 1 picture of 2 x 3 pixels$'
# A pipe is read once: its sensor is stated or given.
mkfifo pipe
cat a.txt >pipe &
run 0 events render pipe pipe.png
err_has '^pipe.png: 1 picture of 64 x 48 pixels$'
cat small.txt >pipe &
run 1 events render pipe pipe.png
err_has '^snn: pipe: does not say the sensor.s size: --size$'
wait
printf '0.1 1 2 1\n5.1 1 2 1\n' >far.txt
run 1 events render far.txt many --every 1us
err_has '^snn: many: more than 1000000 pictures: take a longer --every'
check "none of them is drawn" test -z "$(ls many)"
# The busiest 10 ms of times before 0.
printf -- '-0.009 1 2 1\n-0.001 1 2 1\n0.001 1 2 1\n0.009 1 2 1\n' >before.txt
run 0 events info before.txt
out_has '^  rate       222.2 events/s, in the busiest 10 ms 200$'
run 1 events render a.txt none.png --time 5s,6s
err_has '^snn: a.txt: holds no event of what is asked for: snn events info says what it holds'
run 0 events convert a.txt none.txt --time 5s,6s
err_has '^snn: a.txt: holds no event of what is asked for'
err_has '^none.txt: 0 events'
run 2 events render a.txt a.jpg
err_has '^snn: a.jpg: pictures are PNG files'
run 1 events render a.txt large.png --size 65535x65535
err_has '^snn: a.txt: a picture of 65535 x 65535 pixels is too large: --crop'
check "and none is there" test ! -e a.jpg -a ! -e large.png
run 2 events render a.txt a.png --palette drak
err_has "did you mean 'dark'"
run 2 events render a.txt a.png --view frames
run 2 events render a.txt a.png --every 0

run 2 events info
run 2 events inof a.txt
err_has "did you mean 'info'"
run 2 events convert a.txt
err_has '^snn: usage: snn events convert'
run 2 events info a.txt --from evt5
err_has "^snn: format 'evt5' is unknown; did you mean 'evt"
run 2 events info a.txt --size 64
err_has '^snn: --size needs a width and height'
run 2 events info a.txt --crop 1,2,3
run 2 events info a.txt --time 5
run 2 events info a.txt --time 5s,1s
tap_done
