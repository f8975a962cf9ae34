# Chores by name; `make` lists them. Everything runs inside .venv, which ./demo, ./check or `make dev` create.

PYTHON ?= python3
BIN := .venv/bin
JOBS ?= $(shell nproc)
CMAKE_COMMON = -G Ninja -DZEROG_EMU=ON -DZEROG_WERROR=ON -DZEROG_NATIVE_TESTS=ON \
  -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python -Dpybind11_DIR=$$($(BIN)/python -m pybind11 --cmakedir)

export ZEROG_EELS_PYTHON ?= $(CURDIR)/build/eels/bin/python
export ZEROG_PYREVM_PYTHON ?= $(CURDIR)/build/revm/bin/python
export PATH := $(CURDIR)/$(BIN):$(PATH)
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/made: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q --group dev
	touch $@

# The executable specification of Ethereum pins versions of its own: an environment beside ours.
build/eels/installed: Makefile
	test -x build/eels/bin/python || $(PYTHON) -m venv build/eels
	build/eels/bin/python -m pip install -q ethereum-execution==2.20.0
	touch $@

# A peer of the benchmarks of byte code.
build/revm/installed: Makefile
	test -x build/revm/bin/python || $(PYTHON) -m venv build/revm
	build/revm/bin/python -m pip install -q pyrevm==0.3.7
	touch $@

.PHONY: dev
dev: .venv/made ## editable install; again after a change of C++: seconds
	$(BIN)/python -m pip install -q --no-build-isolation -Ccmake.define.ZEROG_EMU=ON -Ccmake.define.ZEROG_WERROR=ON -e .

.PHONY: build
build: .venv/made ## the wheel
	$(BIN)/python -m pip wheel -q --no-deps -w build/wheel .

.PHONY: test
test: dev ## the quick tests, under a minute
	$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow and not e2e and not gpu"

.PHONY: test-slow
test-slow: dev build/eels/installed ## vectors, differential fuzz, sanitised children: minutes
	$(BIN)/python -m pytest -q -n $(JOBS) --durations=25 -m "slow and not e2e and not gpu"

# Those that install into the environment the others run from, take well-known ports, or hold a restart to its seconds.
E2E_ALONE := tests/e2e/test_readme.py tests/e2e/test_kill.py

.PHONY: e2e
e2e: dev ## real processes, web3.py, ethers, the official clients, kill -9
	$(BIN)/python -m pytest -q -m "e2e" --durations=25 -n $(JOBS) --dist loadfile $(addprefix --ignore=,$(E2E_ALONE))
	$(BIN)/python -m pytest -q -m "e2e" $(E2E_ALONE)

.PHONY: peel
peel: dev ## the backend tests again with each smaller instruction set
	ZEROG_BACKEND=avx2 $(BIN)/python -m pytest -q -m "not slow and not e2e and not gpu" tests/differential tests/unit/primitives
	ZEROG_BACKEND=scalar $(BIN)/python -m pytest -q -m "not slow and not e2e and not gpu" tests/differential tests/unit/primitives

.PHONY: native
native: .venv/made ## the C++ tests under AddressSanitizer, UBSan and ThreadSanitizer
	cmake -S . -B build/asan $(CMAKE_COMMON) -DZEROG_BINDINGS=OFF -DZEROG_SANITIZE=address -DCMAKE_BUILD_TYPE=RelWithDebInfo
	cmake --build build/asan
	ctest --test-dir build/asan --output-on-failure -j $(JOBS)
	cmake -S . -B build/tsan $(CMAKE_COMMON) -DZEROG_BINDINGS=OFF -DZEROG_SANITIZE=thread -DCMAKE_BUILD_TYPE=RelWithDebInfo
	cmake --build build/tsan
	ctest --test-dir build/tsan --output-on-failure -j $(JOBS)

.PHONY: fuzz
FUZZ_SECONDS ?= 10
fuzz: .venv/made ## each libFuzzer target for FUZZ_SECONDS from its kept corpus
	tests/fuzz/run.sh $(FUZZ_SECONDS)

.PHONY: fuzz-api
API_EXAMPLES ?= 20000
fuzz-api: dev ## API_EXAMPLES examples of the compute API's own description: minutes; prints the seed and what was answered
	ZEROG_API_EXAMPLES=$(API_EXAMPLES) $(BIN)/python -m pytest -q -s tests/unit/compute/test_provider_fuzzed.py

.PHONY: lint
lint: dev ## ruff and mypy, strict
	$(BIN)/ruff check python tests benchmarks
	$(BIN)/ruff format --check python tests benchmarks
	$(BIN)/mypy

.PHONY: format
format: .venv/made ## let the formatters decide
	$(BIN)/ruff format python tests benchmarks
	$(BIN)/ruff check --fix python tests benchmarks

.PHONY: bench
bench: dev build/eels/installed build/revm/installed ## the benchmarks, minutes; writes results with their environment to benchmarks/results
	ZEROG_BENCH_KEEP=1 $(BIN)/python -m pytest -q benchmarks

.PHONY: bench-tiny
bench-tiny: dev build/eels/installed build/revm/installed ## every benchmark once, tiny, as a test
	ZEROG_BENCH_TINY=1 $(BIN)/python -m pytest -q benchmarks --benchmark-disable

.PHONY: proto
proto: .venv/made ## the gRPC stubs again
	$(BIN)/python python/zerog/wire/proto/compile.py

.PHONY: contracts
contracts: .venv/made ## recompile the Solidity artifacts
	$(BIN)/python python/zerog/contracts/compile.py

.PHONY: docs
docs: dev ## regenerate the pages made from code (cli, config, layout, metrics) and the native stub
	$(BIN)/python docs/generate.py

.PHONY: check
check: lint test native test-slow peel e2e fuzz bench-tiny ## what CI runs
	@echo "check: all green"

.PHONY: clean
clean: ## build products; not .venv
	rm -rf build
