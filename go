#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The short way to everything: ./go help.  Out of tree, repeatable, and quick when
# there is nothing left to do.
#
#   JOBS=n              parallel jobs (default: number of processors)
#   BUILD=dir           build folder (default: build)
#   CONFIGURE_FLAGS=..  extra arguments for configure

set -eu
cd "$(dirname "$0")"

JOBS=${JOBS:-$(nproc 2>/dev/null || echo 2)}
BUILD=${BUILD:-build}

# Debian package, and nothing else, is what the project needs; one reason each in
# ARCHITECTURE.md, Decisions.
PACKAGES="gcc libc6-dev make autoconf automake libtool pkg-config
    libfftw3-dev libopenblas-dev libhdf5-dev libsndfile1-dev libsamplerate0-dev
    libyaml-dev zlib1g-dev liblz4-dev libzstd-dev libpng-dev libcairo2-dev libcurl4-openssl-dev libarchive-dev libmd-dev
    libcmocka-dev libflint-arb-dev espeak-ng"
CI_PACKAGES="clang libomp-dev libclang-rt-14-dev g++ xz-utils git"

say() { printf '== %s\n' "$*"; }

die() {
    printf 'go: %s\n' "$*" >&2
    exit 1
}

usage() {
    cat <<'END'
usage: ./go COMMAND

  setup [--ci]  install what is missing (Debian 12, as root or through sudo)
  build         setup, then configure and compile into ./build
  check         build, then run all tests; the last line counts them
  demo          build, then learn spoken digits from spikes: voices, cochlea, network, pictures
  demo motion   build, then learn to see motion from events: movies, layer, pruning, pictures
  bench         build, then measure one training step
  clean         remove ./build
  help          this text
END
}

# Names of the packages that are not installed.
missing() {
    for package in "$@"; do
        state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) || state=
        case $state in
        "install ok installed") ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

setup() {
    wanted=$PACKAGES
    test "${1:-}" != --ci || wanted="$PACKAGES $CI_PACKAGES"
    if ! command -v dpkg-query >/dev/null; then
        say "setup: this is not Debian, so nothing is installed.  Needed here: a C11 compiler with"
        say "OpenMP, autoconf, automake, libtool, pkg-config, FFTW, a CBLAS, HDF5,"
        say "libsndfile, libsamplerate, libyaml, zlib, lz4, zstd, libpng, Cairo, libcurl, libarchive, libmd, cmocka, espeak-ng.  Going on with those."
        return 0
    fi
    grep -q '^VERSION_CODENAME=bookworm' /etc/os-release 2>/dev/null ||
        say "setup: made for Debian 12; the names of packages may differ here"
    # shellcheck disable=SC2086  # a list of words
    absent=$(missing $wanted)
    if test -z "$absent"; then
        say "setup: all packages are installed"
        return 0
    fi
    as_root=
    if test "$(id -u)" != 0; then
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || test -t 0; }; then
            as_root=sudo
        else
            printf 'go: missing packages: %s\n' "$absent" >&2
            printf 'go: no right to install them; as root run:\n\n' >&2
            printf '    apt-get update && apt-get install --no-install-recommends %s\n\n' "$absent" >&2
            exit 1
        fi
    fi
    say "setup: installing $absent"
    $as_root apt-get update -q
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $absent
}

build() {
    setup
    if ! test -f configure || test configure.ac -nt configure; then
        say "build: autoreconf"
        autoreconf -fi >autoreconf.log 2>&1 || { cat autoreconf.log >&2; die "autoreconf failed"; }
        rm -f autoreconf.log
    fi
    if ! test -f "$BUILD/Makefile"; then
        say "build: configure in $BUILD"
        mkdir -p "$BUILD"
        source=$PWD
        # shellcheck disable=SC2086
        (cd "$BUILD" && "$source/configure" ${CONFIGURE_FLAGS:-} >configure.out 2>&1) || {
            tail -n 20 "$BUILD/configure.out" >&2
            rm -f "$BUILD/Makefile"
            die "configure failed; all of it is in $BUILD/configure.out and config.log"
        }
        sed -n '/^  snn /,$p' "$BUILD/configure.out"
    fi
    say "build: make in $BUILD"
    make -s -C "$BUILD" -j"$JOBS"
}

# Totals of the last "make check" in $BUILD.  An expected failure is a passed test.
totals() {
    awk '/^# PASS:/  { passed += $3 } /^# XFAIL:/ { passed += $3 }
         /^# FAIL:/  { failed += $3 } /^# XPASS:/ { failed += $3 } /^# ERROR:/ { failed += $3 }
         /^# SKIP:/  { skipped += $3 }
         END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
               exit passed == 0 || failed > 0 }' "$BUILD/test-suite.log"
}

check() {
    build
    say "check: make check in $BUILD"
    rm -f "$BUILD/test-suite.log"
    touch "$BUILD/.check"
    result=0
    make -s -C "$BUILD" -j"$JOBS" check || result=$?
    test -f "$BUILD/test-suite.log" || die "the tests did not run"
    find "$BUILD" -name '*.log' -newer "$BUILD/.check" -exec grep -h '^SKIP:' {} + | sort -u || true
    totals || result=1
    return $result
}

# From voices through the cochlea to spikes to a trained network.  Every step keeps what is
# there and goes on with what is not finished.
demo() {
    case ${1:-} in
    '') ;;
    motion)
        demo_motion
        return
        ;;
    *) die "there is no demo '$1': demo, or demo motion" ;;
    esac
    build
    snn=$BUILD/tools/snn digits=$BUILD/digits spikes=$BUILD/digits-spikes run=$BUILD/demo-run
    say "demo: speaking the digits into $digits"
    "$snn" make digits "$digits"
    say "demo: through the cochlea into $spikes"
    "$snn" encode "$digits" --channels 140 --out "$spikes"
    "$snn" plot raster "$spikes" --sample 362 --out "$BUILD/word.png" -q
    say "demo: learning weights and delays, log and model in $run"
    resume=
    test ! -f "$run/checkpoint.h5" || resume=--resume
    # shellcheck disable=SC2086  # one word or none
    "$snn" train configs/demo.yaml --data "$spikes" --out "$run" $resume
    "$snn" plot run "$run" --out "$BUILD/demo-run.png" -q
    "$snn" plot delays "$run" --out "$BUILD/demo-delays.png" -q
    say "demo: one word as spikes: $BUILD/word.png"
    say "demo: how it was learned: $BUILD/demo-run.png, $BUILD/demo-delays.png"
}

# From moving images through events to a layer that tells directions, and what of it is needed.
demo_motion() {
    build
    snn=$BUILD/tools/snn out=$BUILD/motion config=${DEMO_CONFIG:-configs/motion-toy.yaml}
    say "demo: movies as events into $out/movies"
    "$snn" make motion "$out/movies" --config "$config" --png 2
    say "demo: learning 12 directions, log and model in $out/run"
    resume=
    test ! -f "$out/run/checkpoint.h5" || resume=--resume
    # shellcheck disable=SC2086  # one word or none
    "$snn" train "$config" --data "$out/movies" --out "$out/run" $resume
    say "demo: movies of images that training has not shown"
    "$snn" eval "$out/run"
    say "demo: what is left when weights and delays are taken away"
    "$snn" prune "$out/run" --out "$out" --points 8 -q
    say "demo: pictures into $out"
    for what in task kernels activity flow confusion; do
        "$snn" plot $what "$out/run" --out "$out/$what.png"
    done
    "$snn" plot flow "$out/run" --set motion.view=rotation --set motion.width=64 \
        --set motion.height=64 --out "$out/rotation.png"
    "$snn" plot clouds "$out/run" --points 24 --out "$out/clouds.png"
    say "demo: kernels that follow the motion: $out/kernels.png"
    say "demo: a rotation, which training has not shown: $out/rotation.png"
    say "demo: accuracy by weights and delays that are kept: $out/prune.png"
}

bench() {
    build
    say "bench: one training step of the SHD network"
    "$BUILD/tools/snn" bench step --config configs/shd.yaml
}

command=${1:-help}
test $# = 0 || shift
case $command in
setup | build | check | demo | bench) "$command" "$@" ;;
clean)
    say "clean: removing $BUILD"
    rm -rf "$BUILD"
    ;;
help | -h | --help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
