# SPDX-License-Identifier: BSD-3-Clause
# snn fetch against a server of our own: messages, exit codes, and what is left.
. "$abs_top_srcdir/tests/cli/lib.sh"

# Whatever is asked for beyond this machine ends at a port where nobody listens.
http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1
unset HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY all_proxy
export http_proxy https_proxy no_proxy

run 2 fetch
run 2 fetch shdd
err_has "^snn: data set 'shdd' is unknown; did you mean 'shd'"
run 2 fetch shd --timeout soon
if "$snn" fetch shd --url http://127.0.0.1:9 --dir none 2>&1 | grep -q without-curl; then
    run 1 fetch shd --url http://127.0.0.1:9 --dir none
    err_has '^snn: shd: this build cannot fetch \(configured --without-curl\); get it from https://'
    skip "snn fetch" "built --without-curl"
    tap_done
fi

# A release of FSDD as GitHub packs it, small.
mkdir -p www fsdd-1/recordings
"$abs_top_builddir/tests/cli/make_words" words
n=0
for index in 0 5 12; do
    for file in words/rise/s${n}_*.wav; do
        cp "$file" "fsdd-1/recordings/7_ann_$index.wav"
        cp "$file" "fsdd-1/recordings/0_bob_$index.wav"
        break
    done
    n=$((n + 1))
done
echo text >fsdd-1/README.md
tar -czf www/v1.0.10.tar.gz fsdd-1
echo "no archive" >www/shd_train.h5.gz
echo "no archive" >www/shd_test.h5.gz

"$abs_top_builddir/tests/cli/serve" www port asked &
server=$!
tries=0
until test -s port || test $tries = 200; do
    sleep 0.02 2>/dev/null || sleep 1
    tries=$((tries + 1))
done
port=$(cat port)
base=http://127.0.0.1:$port
bodies() { grep -c '^GET' asked; }

run 0 fetch fsdd --dir a --url "$base/plain/"
err_has '^Free Spoken Digit Dataset v1.0.10, licence CC BY-SA 4.0, into a$'
err_has "^$base/plain/v1.0.10.tar.gz: 0.0 MiB\$"
err_has '^0.0 MiB to fetch, [0-9.]+ MiB free$'
err_has '^v1.0.10.tar.gz: no digest is known to compare with$'
err_has '^snn: a: 6 recordings, but the release has 3000$'
err_has '^fsdd: ready; snn info a shows what it holds$'
check "words, speakers, lists" test "$(ls a)" = "$(printf '%s\n' fetched.txt seven testing_list.txt validation_list.txt zero)"
check "seven" test "$(ls a/seven)" = "$(printf '%s\n' ann_nohash_0.wav ann_nohash_12.wav ann_nohash_5.wav)"
check "the test list" test "$(cat a/testing_list.txt)" = "$(printf 'zero/bob_nohash_0.wav\nseven/ann_nohash_0.wav')"
run 0 info a
out_has '^  classes  2: seven zero$'
out_has '^  train +2 +2 '

before=$(bodies)
run 0 fetch fsdd --dir a --url "$base/plain"
err_has '^v1.0.10.tar.gz: there already$'
check "nothing is fetched twice" test "$(bodies)" = "$before"

# Cut off; the server goes on.
run 1 fetch fsdd --dir b --url "$base/cut"
err_has "^snn: $base/cut/v1.0.10.tar.gz: was cut off after [0-9]+ of [0-9]+ bytes; run again to go on"
check "the part stays" test -s b/v1.0.10.tar.gz.part
half=$(wc -c <b/v1.0.10.tar.gz.part)
run 0 fetch fsdd --dir b --url "$base/plain"
err_has '^v1.0.10.tar.gz: going on after 0.0 MiB$'
check "it was asked for the rest alone" grep -q "^GET plain v1.0.10.tar.gz $half\$" asked
check "and is the same" diff -r a/seven b/seven
check "no part is left" test "$(ls b)" = "$(ls a)"

# Cut off; the server does not, or its file is another one now.
for way in norange newtag; do
    run 1 fetch fsdd --dir $way --url "$base/cut"
    run 0 fetch fsdd --dir $way --url "$base/$way"
    err_has 'the server does not go on where it was: from the beginning$'
    check "$way: the same in the end" diff -r a/seven $way/seven
done
run 1 fetch fsdd --dir wrong --url "$base/cut"
run 0 fetch fsdd --dir wrong --url "$base/wrong"
check "a wrong range: the same in the end" diff -r a/seven wrong/seven

run 0 fetch fsdd --dir moved --url "$base/moved"
run 0 fetch fsdd --dir nohead --url "$base/nohead"
err_has 'v1.0.10.tar.gz: of unknown size$'
run 1 fetch fsdd --dir x --url "$base/loop"
err_has 'leads on to other addresses more than 5 times$'
run 1 fetch fsdd --dir x --url "$base/none"
err_has "^snn: $base/none/v1.0.10.tar.gz: is not there \(404\): moved\?  --url names a mirror"
run 1 fetch fsdd --dir x --url "$base/broken"
err_has 'the server refuses it \(500\)'
run 1 fetch fsdd --dir x --url "$base/huge"
err_has '^snn: x: has [0-9]+ MiB free, but at least 1099511627776 MiB are needed$'
run 1 fetch fsdd --dir x --url "$base/slow" --timeout 1
err_has 'stands still after 10 bytes; run again to go on$'
run 1 fetch fsdd --dir x --url "$base/plain" --timeout 0.5
err_has '^snn: stall_s: 0.5 is not in 1\.\.86400'
run 1 fetch fsdd --dir corrupt --url "$base/corrupt"
err_has '^snn: corrupt/v1.0.10.tar.gz: cannot be unpacked: .*; remove it and fetch it again$'
run 1 fetch fsdd --dir x --url ftp://127.0.0.1/
run 1 fetch fsdd --dir /dev/null/x --url "$base/plain"

# A known digest that is another.
run 1 fetch shd --dir shd --url "$base/plain"
err_has "^snn: shd: has [0-9]+ MiB free|its md5 is [0-9a-f]{32}, not d47c9825dee33347913e8ce0f2be08b0: damaged"
check "what is wrong is removed" test -z "$(ls shd)"
echo hello >shd/shd_train.h5
run 1 fetch shd --dir shd --url "$base/plain"
err_has '^snn: shd/shd_train.h5: is there but its md5 is .*, not 8e9877c85f29a28dd353ea6a54402667: damaged, or not that file'

# An interrupt keeps the part.  A job of a shell in the background ignores SIGINT: TERM.
"$snn" fetch fsdd --dir int --url "$base/slow" >out 2>err &
pid=$!
tries=0
until test -s int/v1.0.10.tar.gz.part || test $tries = 200; do
    sleep 0.02 2>/dev/null || sleep 1
    tries=$((tries + 1))
done
kill -TERM $pid
code=0
wait $pid || code=$?
check "interrupted: exit $code" test $code = 130
run_name=interrupted
err_has '^snn: v1.0.10.tar.gz: stopped after 10 bytes; run again to go on$'
run 0 fetch fsdd --dir int --url "$base/plain"
err_has 'going on after'

# Through a proxy, which resolves the name.
http_proxy=$base run 0 fetch fsdd --dir proxy --url http://data.invalid/plain
check "the proxy served it" diff -r a/seven proxy/seven

# Hostile archives.
mkdir evil
echo x >evil/0_x_1.wav
for way in "s,evil,../recordings," "s,evil,/recordings,"; do
    tar -czPf www/v1.0.10.tar.gz --transform "$way" evil/0_x_1.wav
    run 1 fetch fsdd --dir evil-out --url "$base/plain"
    err_has 'which is a link or leaves the folder: not unpacked$'
    rm -rf evil-out
done
ln -s /etc/passwd evil/link
tar -czf www/v1.0.10.tar.gz evil/link
run 1 fetch fsdd --dir evil-out --url "$base/plain"
err_has "holds 'evil/link', which is a link"
rm -rf evil-out
tar -czf www/v1.0.10.tar.gz evil/0_x_1.wav
run 1 fetch fsdd --dir evil-out --url "$base/plain"
err_has 'holds nothing of the data set$'

kill $server
wait $server 2>/dev/null
run 1 fetch fsdd --dir x --url "$base/plain"
err_has 'cannot be fetched: .*; is the network there, or is a proxy needed \(https_proxy\)'
tap_done
