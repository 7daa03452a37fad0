# The commands of this tree. `make start` runs facteur, `make test` proves it.

SHELL := /bin/bash
CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
# What the server of `make start` keeps its mail and settings in.
DATA ?= ./facteur-data
# Corpora of other projects are not part of this tree: tests that read them look here.
FACTEUR_CORPORA ?= $(abspath ../shared/data)
export FACTEUR_CORPORA
# Each proof that holds leaves a line here; docs/reliability.md is made of them.
FACTEUR_PROOFS ?= $(abspath $(TARGET)/proofs.jsonl)
export FACTEUR_PROOFS

# cargo-nextest runs the same tests side by side; cargo's own runner serves as well.
RUN_TESTS := $(if $(shell command -v cargo-nextest),nextest run,test) --no-fail-fast

# At the full count a test may take hours.
BAR_PROFILE := $(if $(shell command -v cargo-nextest),--profile bar)

# How many times the server is killed, and how many times its power is cut.
KILLS ?= 20
POWER_CUTS ?= 15
ACCEPT_KILLS ?= 1000
ACCEPT_POWER_CUTS ?= 300
# Options for bench/run, for example: make bench BENCH="--pairs 3".
BENCH ?=

.PHONY: help start test check fast format crash soak fuzz bench accept accept-crash accept-soak accept-rows accept-code
.DEFAULT_GOAL := help

help:
	@echo 'make start    build facteur and run a server that keeps its data in $(DATA)'
	@echo 'make test     install what the tests need, then check, test, kill the server and cut its power'
	@echo 'make check    format, lints, house rules and the fast tests (under two minutes once built)'
	@echo 'make fuzz     search every parser for what it does not bear, FUZZ_SECONDS (60) each'
	@echo 'make bench    measure against Postfix on this machine'
	@echo 'make accept   the long proofs: $(ACCEPT_KILLS) kills, $(ACCEPT_POWER_CUTS) power cuts and every proof at its full count'
	@echo 'make format   format every Rust file'

start:
	@scripts/setup.sh build
	$(CARGO) build --release --locked -p facteur
	@exec $(TARGET)/release/facteur --data $(DATA) start

test:
	@scripts/setup.sh tests
	@rm -f $(FACTEUR_PROOFS)
	@$(MAKE) --no-print-directory check
	$(CARGO) $(RUN_TESTS) --workspace --locked --test '*'
	@$(MAKE) --no-print-directory crash

check:
	@scripts/setup.sh build
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@$(MAKE) --no-print-directory fast

# The tests beside the code, and the house rules. The whole workspace each time: with one crate alone cargo would choose
# other features for what it depends on, and build all of that again.
fast:
	$(CARGO) $(RUN_TESTS) --workspace --locked --lib --bins
	$(CARGO) $(RUN_TESTS) --workspace --locked --test tidy

format:
	$(CARGO) fmt --all

# The program as the tests built it: alone, cargo would choose other features for what it depends on, and build that again.
PROGRAM_OF_TESTS := $(CARGO) test --no-run --quiet --workspace --locked --test '*'

crash:
	$(PROGRAM_OF_TESTS)
	bench/crash/run --binary $(TARGET)/debug/facteur --kills $(KILLS) --power-cuts $(POWER_CUTS)

# A short one, for whoever changed what is kept in memory; `make accept-soak` goes on for an hour.
soak:
	$(PROGRAM_OF_TESTS)
	bench/soak/run --binary $(TARGET)/debug/facteur --minutes 1 --warm-up 0.5

# By coverage, on the stable toolchain; `make test` tries the same targets without.
fuzz:
	@scripts/setup.sh build
	scripts/fuzz.sh

bench:
	@scripts/setup.sh tests
	$(CARGO) build --release --locked -p facteur
	bench/run --binary $(TARGET)/release/facteur $(BENCH)

accept:
	@rm -f $(FACTEUR_PROOFS)
	@$(MAKE) --no-print-directory accept-crash
	@$(MAKE) --no-print-directory accept-soak
	@$(MAKE) --no-print-directory accept-rows
	@$(MAKE) --no-print-directory accept-code
	scripts/reliability.py $(FACTEUR_PROOFS)

# Its parts, one by one: each adds its lines to what was proved before it.
accept-crash:
	@scripts/setup.sh tests
	$(CARGO) build --release --locked -p facteur
	bench/crash/run --binary $(TARGET)/release/facteur --scale bar --kills $(ACCEPT_KILLS) --power-cuts $(ACCEPT_POWER_CUTS)

accept-soak:
	@scripts/setup.sh tests
	$(CARGO) build --release --locked -p facteur
	bench/soak/run --binary $(TARGET)/release/facteur --scale bar --minutes 60

accept-rows:
	@scripts/setup.sh tests
	FACTEUR_PROOF=bar $(CARGO) $(RUN_TESTS) $(BAR_PROFILE) --release --workspace --locked --test '*'

accept-code:
	@scripts/setup.sh build
	scripts/code.sh dependencies
	scripts/code.sh coverage
	scripts/code.sh mutants
