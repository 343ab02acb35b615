# One command a job; each builds what it needs. Works from anywhere (`make -C`), with any HOME, without a git identity.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: help demo test lint bench bench-accuracy soak venv tools requirements clean

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
WORKERS ?= 3
RESULTS ?= 1000000
SHARE ?= 1
WORLDS ?= 500
SEED ?= 1000001
MOST_WORLDS ?= $(shell expr $(WORLDS) \* 3 / 5)
SOME_WORLDS ?= $(shell expr $(WORLDS) / 5)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@echo "make demo   the dashboard on sample data (five answers as text where there is no terminal)"
	@echo "make test   format, lint, types, import borders, tests"
	@echo "make lint   the same without the tests"
	@echo "make bench  speed, as tables (RESULTS=10000000: on a store of that size; SHARE=0.1: of all other sizes); make bench-accuracy: accuracy (WORLDS=50: of so many; SEED=1: of these)"
	@echo "make soak   long tests, and an hour of the dashboard on a store that grows"

demo: $(STAMP)
	@$(BIN)/crywolf demo

test: lint tools
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not soak"

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m bench --results $(RESULTS) --share $(SHARE)

bench-accuracy: $(STAMP)
	$(BIN)/python -m bench.suspects_on_evidence --preset default,misspec,hard --count $(WORLDS) --seed $(SEED)
	$(BIN)/python -m bench.suspects_on_evidence --preset default,misspec,hard --count $(WORLDS) --kind environment --seed $(SEED)
	$(BIN)/python -m bench.suspects_on_evidence --preset default --count $(MOST_WORLDS) --odd --seed $(SEED)
	$(BIN)/python -m bench.suspects_on_evidence --preset default --count $(MOST_WORLDS) --ablation --seed $(SEED)
	$(BIN)/python -m bench.learning --count $(SOME_WORLDS) --seed $(SEED)
	$(BIN)/python -m bench.emitted_worlds --count $(SOME_WORLDS) --seed $(SEED)
	$(BIN)/python -m bench.emitted_worlds --count $(SOME_WORLDS) --pre-merge 0.3 --seed $(SEED)
	$(BIN)/python -m bench.real_noise --seed $(SEED)
	$(BIN)/python -m bench.flake_coverage

soak: $(STAMP) tools
	CRYWOLF_EXAMPLES=random $(BIN)/python -m pytest -n $(WORKERS) -m "soak or hypothesis"
	$(BIN)/python -m bench.cockpit --results $(RESULTS) --tests 20000 --seconds 3600

venv: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "crywolf needs Python 3.11 or newer; choose one with make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { echo "a virtual environment cannot be made; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# What some tests drive; they are skipped, with the reason, where it is missing.
tools:
	@for tool in tmux chromium; do \
	  if command -v $$tool >/dev/null; then continue; fi; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$tool; } \
	      >/dev/null 2>&1 || echo "$$tool could not be installed: the tests that need it are skipped" >&2; \
	  else \
	    echo "$$tool is missing: the tests that need it are skipped" >&2; \
	  fi; \
	done

# Refreshes the pins; see CONTRIBUTING.md.
requirements:
	echo "editables>=0.5" | uv pip compile --universal --upgrade --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header pyproject.toml - --extra dev --extra serve --extra pictures -o requirements.txt  # hatchling needs editables for an editable install

clean:
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
