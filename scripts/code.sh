#!/usr/bin/env bash
# Looks at the code itself, as `make accept` does.
#
#   scripts/code.sh dependencies   licences, sources and known weaknesses of everything that is built in (deny.toml)
#   scripts/code.sh coverage       the lines that the tests of queue and protocol run through
#   scripts/code.sh mutants        small mistakes made on purpose in queue, SMTP, dialer and sign-in: how many do tests see
#
# What a part needs is installed below the build directory when it is not here. Without a network the part is skipped, and
# says so: a skip writes no proof.
set -euo pipefail
cd "$(dirname "$0")/.."

BUILD=$(realpath -m "${CARGO_TARGET_DIR:-target}")
TOOLS=$BUILD/tmp/code-tools
export PATH=$TOOLS/bin:$PATH

# The crates whose lines are counted, and the least share of them in percent.
COVERED='smtp mail resolve queue'
COVERED_LEAST=95
# The files in which mistakes are made, and the least share that must be seen.
MUTATED='crates/queue/src/timetable.rs crates/queue/src/closure.rs crates/smtp/src/dots.rs crates/smtp/src/lines.rs
    crates/net/src/address.rs crates/net/src/purpose.rs crates/control/src/second_factor.rs'
MUTATED_LEAST=80

# Whether a tool is here, after trying to install it: NAME VERSION.
have() {
    command -v "$1" >/dev/null && return
    echo "code: installing $1 $2"
    # Without optimisation: it looks at a few hundred files, and is built in a third of the time.
    cargo install --quiet --locked --debug --root "$TOOLS" --version "$2" "$1" && return
    echo "skipped: $1 is not here and cannot be installed"
    return 1
}

# Writes a proof down: COUNT UNIT [SHARE].
proved() {
    [ -n "${FACTEUR_PROOFS:-}" ] || return 0
    printf '{"row":"D8","test":"scripts/code.sh","count":%s,"unit":"%s","seed":null,"scale":"bar"%s}\n' \
        "$1" "$2" "${3:+,\"share\":\"$3\"}" >>"$FACTEUR_PROOFS"
}

dependencies() {
    have cargo-deny 0.20.2 || return 0
    local crates
    cargo deny --locked check licenses bans sources
    crates=$(cargo tree --locked --workspace --edges normal,build --prefix none --format '{p}' | sort -u | grep -vc "$PWD")
    echo "$crates crates with an allowed licence, of an allowed source"
    proved "$crates" 'dependencies with allowed licences and sources'
    if ! cargo deny --locked fetch db >/dev/null 2>&1; then
        echo 'skipped: the list of known weaknesses cannot be fetched'
        return 0
    fi
    cargo deny --locked check advisories
    proved "$crates" 'dependencies without a known weakness'
}

# The tools of this LLVM: those of the toolchain, or Debian's of the same number.
llvm_tools() {
    local llvm own
    own=$(rustc --print target-libdir)/../bin
    llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    for place in "$own" "/usr/lib/llvm-$llvm/bin"; do
        if [ -x "$place/llvm-cov" ]; then
            export LLVM_COV=$place/llvm-cov LLVM_PROFDATA=$place/llvm-profdata
            return
        fi
    done
    echo "skipped: llvm-cov and llvm-profdata are not here (rustup component add llvm-tools, or apt-get install llvm-$llvm)"
    return 1
}

coverage() {
    have cargo-llvm-cov 0.9.1 || return 0
    llvm_tools || return 0
    local packages='' crate lines
    for crate in $COVERED; do packages+=" -p $crate"; done
    # shellcheck disable=SC2086
    CARGO_TARGET_DIR=$BUILD/coverage cargo llvm-cov --locked --no-fail-fast $packages --json --summary-only >"$BUILD/coverage.json"
    for crate in $COVERED; do
        lines=$(python3 - "$BUILD/coverage.json" "/crates/$crate/src/" <<'PY'
import json, sys
files = json.load(open(sys.argv[1]))["data"][0]["files"]
lines = [file["summary"]["lines"] for file in files if sys.argv[2] in file["filename"] and "/tests" not in file["filename"]]
print(sum(line["count"] for line in lines), sum(line["covered"] for line in lines))
PY
        )
        read -r count covered <<<"$lines"
        share=$((covered * 1000 / count))
        echo "$crate: $covered of $count lines, $((share / 10)).$((share % 10)) %"
        if [ "$share" -lt "$((COVERED_LEAST * 10))" ]; then
            echo "  fewer than $COVERED_LEAST %"
            FAILED=yes
        else
            proved "$count" "lines of $crate" "$((share / 10)).$((share % 10)) % run by tests"
        fi
    done
}

mutants() {
    have cargo-mutants 27.1.0 || return 0
    local file crate out=$BUILD/mutants caught missed share
    for file in $MUTATED; do
        crate=$(cut -d/ -f2 <<<"$file")
        rm -rf "$out"
        # A mutant that is missed, or that takes for ever, is no failure of the program that makes them.
        env -u CARGO_TARGET_DIR cargo mutants --package "$crate" --file "$file" --output "$out" --no-shuffle --jobs 1 \
            --minimum-test-timeout 60 -- --locked >"$BUILD/mutants.log" 2>&1 || true
        caught=$(cat "$out/mutants.out/caught.txt" "$out/mutants.out/timeout.txt" | wc -l)
        missed=$(wc -l <"$out/mutants.out/missed.txt")
        if [ "$((caught + missed))" -eq 0 ]; then
            tail -n 5 "$BUILD/mutants.log"
            FAILED=yes
            continue
        fi
        share=$((caught * 100 / (caught + missed)))
        echo "$file: $caught of $((caught + missed)) seen, $share %"
        sed 's/^/  missed: /' "$out/mutants.out/missed.txt"
        if [ "$share" -lt "$MUTATED_LEAST" ]; then
            FAILED=yes
        else
            proved "$((caught + missed))" "mutants of ${file#crates/}" "$share % seen"
        fi
    done
}

FAILED=
case "${1:-}" in
    dependencies | coverage | mutants) "$1" ;;
    *)
        echo "usage: scripts/code.sh dependencies|coverage|mutants" >&2
        exit 64
        ;;
esac
[ -z "$FAILED" ]
