# The everyday commands. PRESET chooses another build, e.g. `make build PRESET=asan`.
PRESET ?= release
FUZZ_SECONDS ?= 60
BUILD := build/$(PRESET)
PYTHON := .venv/bin/python

.PHONY: help bootstrap configure build fixtures test fuzz demo bench shape-report format lint clean

help:
	@echo 'make bootstrap  set up packages, .venv and libraries (all others do it too)'
	@echo 'make build      build/bin/acuate, and the Python package in .venv'
	@echo 'make test       build, fetch the test models, run every test'
	@echo 'make fuzz       libFuzzer on every target and thousands of random models (FUZZ_SECONDS each, 60)'
	@echo 'make demo       convert a real text detector and print the report'
	@echo 'make bench      build and run the benchmarks'
	@echo 'make shape-report  list what infers the shapes of each operator'
	@echo 'make format     clang-format and ruff format'
	@echo 'make lint       formatting, clang-tidy, ruff and mypy, as checks'
	@echo 'make clean      remove build/ (keeps .venv and the cache)'

bootstrap:
	@scripts/bootstrap

configure: bootstrap
	@# CMake re-runs itself from the build when a file comes or goes.
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET)

build: configure
	@cmake --build $(BUILD)
	@cmake --install $(BUILD) --component python --prefix .venv >$(BUILD)/install.log || { cat $(BUILD)/install.log; exit 1; }
	@ln -sfn $(PRESET)/bin build/bin

fixtures: bootstrap
	@$(PYTHON) scripts/fixtures --group test

test: build fixtures
	@cd $(BUILD) && ctest --output-on-failure --no-tests=error

# What libFuzzer finds stays in build/fuzz: its corpus, and crash-* files to give to the target again.
fuzz: build
	@scripts/bootstrap --fuzz
	@test -f build/fuzz/build.ninja || cmake --preset fuzz
	@cmake --build build/fuzz --target fuzz_targets
	@for target in $(patsubst tests/fuzz/%_fuzz.cpp,%,$(wildcard tests/fuzz/*_fuzz.cpp)); do \
	  mkdir -p build/fuzz/corpus/$$target; \
	  $(BUILD)/fuzz/$${target}_fuzz --copy-corpus build/fuzz/corpus/$$target || exit 1; \
	  build/fuzz/fuzz/$${target}_fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=20 -rss_limit_mb=4096 \
	    -artifact_prefix=build/fuzz/$$target- build/fuzz/corpus/$$target || exit 1; done
	@ACUATE_PROPERTY_SEEDS=$$(($(FUZZ_SECONDS) * 100)) $(BUILD)/room_tests/property_test --gtest_brief=1

demo: build
	@$(PYTHON) scripts/fixtures --group demo
	@examples/ppocr/demo.sh

bench: build
	@cmake --build $(BUILD) --target benchmarks
	@$(PYTHON) scripts/fixtures --group demo
	@for program in $(BUILD)/bench/*_bench; do [ ! -x $$program ] || $$program || exit 1; done
	@for script in bench/*_bench.py; do ACUATE_BUILD_DIR=$(BUILD) $(PYTHON) $$script || exit 1; done

shape-report: build
	@$(BUILD)/bin/acuate shape-report

CPP_FILES = $(shell git ls-files --cached --others --exclude-standard '*.cpp' '*.h')

format:
	@scripts/bootstrap --lint
	@clang-format-14 -i $(CPP_FILES)
	@$(PYTHON) -m ruff format .

lint:
	@scripts/bootstrap --lint
	@clang-format-14 --dry-run --Werror $(CPP_FILES)
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@test -f build/tidy/build.ninja || cmake --preset tidy
	@cmake --build build/tidy

clean:
	@rm -rf build
