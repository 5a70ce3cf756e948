#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Fuzz every reader of event recordings: build the readers and one libFuzzer program a
# format with clang, under the address and undefined sanitizers, then run each, from the
# tests' own small recordings and from those in SNN_SHARED.
#
#   tests/fuzz/fuzz.sh OUT [SECONDS [FORMAT...]]      from the top of the sources
#
# OUT receives programs, corpora (OUT/FORMAT) and what crashed (OUT/FORMAT-crash-*).
# config.h of a configured tree says which libraries there are: CONFIG names its folder.

set -eu
out=$1 seconds=${2:-10}
shift
test $# = 0 || shift
CC=${FUZZ_CC:-clang}
formats=${*:-TEXT BIN DAT EVT2 EVT21 EVT3 EVT4 AEDAT2 AEDAT3 AEDAT4 HDF5 ES AUTO}
recorded=${SNN_SHARED:-../shared}/data/events
packages=cmocka
for p in hdf5 hdf5-serial; do
    ! pkg-config --exists $p || { packages="$packages $p"; break; }
done
for p in liblz4 libzstd; do
    ! pkg-config --exists $p || packages="$packages $p"
done
flags="-std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -DHAVE_CONFIG_H
    -Iinclude -I. -I${CONFIG:-build} -Wno-unknown-pragmas $(pkg-config --cflags $packages)"
libs="$(pkg-config --libs $packages) -lm"

mkdir -p "$out/objects"
# shellcheck disable=SC2086  # lists of options
for source in datasets/events/*.c datasets/data.c snn/base/context.c snn/base/status.c \
    snn/base/cpu.c snn/kern/*.c; do
    $CC $flags -fsanitize=fuzzer-no-link -c -o "$out/objects/$(basename "$source" .c).o" "$source"
done
for format in TEXT BIN DAT EVT2 EVT21 EVT3 EVT4 AEDAT2 AEDAT3 AEDAT4 HDF5 ES AUTO; do
    mkdir -p "$out/$format"
done
# shellcheck disable=SC2086
$CC $flags -fsanitize=fuzzer-no-link -o "$out/seeds" tests/fuzz/fuzz_seeds.c "$out"/objects/*.o \
    $libs
set -- "$recorded"/*
test -e "$1" || shift
"$out/seeds" "$out" "$@"
for format in $formats; do
    # shellcheck disable=SC2086
    $CC $flags -fsanitize=fuzzer -DFORMAT=SNN_EVENTS_"$format" -o "$out/fuzz-$format" \
        tests/fuzz/fuzz_events.c "$out"/objects/*.o $libs
    "$out/fuzz-$format" -max_total_time="$seconds" -artifact_prefix="$out/$format-" \
        -print_final_stats=1 "$out/$format"
done
