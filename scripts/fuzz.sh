#!/usr/bin/env bash
# Runs the fuzz targets under libFuzzer, on the stable toolchain: coverage comes from LLVM's own pass, no sanitizer is used
# (there is no unsafe code in this tree for one to watch).
#
#   scripts/fuzz.sh                 every target, FUZZ_SECONDS each (60)
#   scripts/fuzz.sh NAME…           these targets
#
# What breaks a promise, takes more than a second or more than 256 MiB ends the target's run; the input is kept in
# crates/fuzz/found/NAME, where every test run tries it again. What was learnt lies below the build directory, and the next
# run goes on from there.
set -euo pipefail
cd "$(dirname "$0")/.."

SECONDS_EACH=${FUZZ_SECONDS:-60}
BUILD=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
LEARNT=$BUILD/learnt
SUM=$BUILD/sum.txt

RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=4" \
    CARGO_TARGET_DIR=$BUILD cargo build --release --locked --manifest-path fuzz/Cargo.toml \
    --target "$(rustc -vV | sed -n 's/^host: //p')"
PROGRAM=$(ls "$BUILD"/*/release/facteur-fuzz)

mkdir -p "$LEARNT"
: >"$SUM"
failed=0
names=$(FUZZ_SEEDS=$LEARNT "$PROGRAM")
while read -r name longest; do
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then
        continue
    fi
    found=crates/fuzz/found/$name
    mkdir -p "$LEARNT/$name.new"
    log=$BUILD/$name.log
    status=0
    # The first directory takes what is learnt; the others are read.
    directories=("$LEARNT/$name.new" "$LEARNT/$name")
    [ ! -d "$found" ] || directories+=("$found")
    FUZZ_TARGET=$name "$PROGRAM" "${directories[@]}" -dict="$LEARNT/$name.words" -max_len="$longest" \
        -max_total_time="$SECONDS_EACH" -timeout=1 -rss_limit_mb=256 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$BUILD/found-$name-" >"$log" 2>&1 </dev/null || status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    peak=$(sed -n 's/^stat::peak_rss_mb: //p' "$log")
    echo "$name ${runs:-0} inputs, peak ${peak:-?} MiB" | tee -a "$SUM"
    if [ "$status" -ne 0 ]; then
        failed=1
        mkdir -p "$found"
        mv "$BUILD/found-$name-"* "$found/" 2>/dev/null || true
        echo "  found: see $found and $log" | tee -a "$SUM"
    fi
done <<<"$names"
exit "$failed"
