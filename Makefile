# Every target sets up what it needs in .venv, from nothing but CPython 3.11+, pip, make and a C compiler.
# PYTHON=/path/to/python3 chooses the interpreter; without it the newest on PATH that fits is taken.

VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test lint attacks compat strict used cpython evidence hygiene sanitize kernel load pictures suites bench clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/ready ## show an attack unguarded and guarded
	$(BIN)/importguard demo

test: $(VENV)/ready-test ## run the tests (TESTS="tests/demo -k pipe" for some)
	$(RUN) pytest -n auto --basetemp=$$(mktemp -d $${TMPDIR:-/tmp}/ig-XXXX)/t $(TESTS)

lint: $(VENV)/ready-test $(VENV)/ready-lint ## style, types, direction of imports
	$(RUN) ruff check .
	$(RUN) mypy
	$(BIN)/lint-imports --no-cache

attacks: $(VENV)/ready-test ## re-enact every attack on every CPython that is here
	$(RUN) pytest tests/attacks --pythons all

compat: $(VENV)/ready-test ## import every module of the most downloaded distributions guarded and write down what differs
	nice $(BIN)/python tests/compat --out docs/reference/compat.md

strict: $(VENV)/ready-test ## import every module of the most downloaded distributions under strict and write down what differs
	nice $(BIN)/python tests/compat --under strict --cores c --out docs/reference/compat-strict.md

used: $(VENV)/ready-test ## use the most downloaded distributions guarded, and under a lock, and write down what differs
	nice $(BIN)/python tests/used --out docs/reference/used.md

cpython: $(VENV)/ready-test ## run CPython's own tests bare and guarded and write down what differs
	$(BIN)/python tests/cpython --core c py --resume build/cpython-$$(git rev-parse --short HEAD 2>/dev/null || echo here) --out docs/reference/cpython.md

evidence: $(VENV)/ready-test ## measure and gather what it catches, refuses wrongly, costs and misses
	nice $(BIN)/python tests/evidence --resume build/evidence --out docs/evidence.md

hygiene: $(VENV)/ready-test ## fail each allocation, fuzz what the core in C reads, count what it keeps
	$(RUN) pytest tests/hygiene --thorough -n auto

sanitize: $(VENV)/ready-test ## run tests against a core in C that ASan and UBSan watch
	tools/sanitize $(BIN)/python

kernel: $(VENV)/ready-test ## run workloads bare and sealed, end thirty process trees, and write down what differs
	$(BIN)/python tests/kernel --out docs/reference/workloads.md

load: $(VENV)/ready-test ## fifty thousand requests with a violation in every hundredth, and what befalls a launcher
	$(RUN) pytest tests/load --thorough

pictures: $(VENV)/ready ## make the pictures of the documentation from real runs (with Chromium)
	$(BIN)/python tools/pictures.py

suites: $(VENV)/ready-test ## run the suites of well-known projects bare and guarded and write down what differs
	nice $(BIN)/python tests/suites --out docs/reference/suites.md

bench: $(VENV)/ready-bench ## measure what the guard costs
	$(BIN)/python benchmarks

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist .compat .pytest_cache .mypy_cache .ruff_cache

$(VENV)/ready: pyproject.toml setup.py tools/environment scripts/importguard $(wildcard importguard/core/src/*)
	tools/environment $(VENV)
	@touch $@

# The tests run guarded programs on every CPython that is here, with either core.
$(VENV)/ready-test: $(VENV)/ready tools/group tools/cores
	tools/group $(VENV) test
	$(BIN)/python tools/cores
	@touch $@

$(VENV)/ready-%: $(VENV)/ready tools/group
	tools/group $(VENV) $*
	@touch $@
