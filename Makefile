# One command each; `make demo` needs nothing but Python 3.11+ and make.
PYTHON ?= python3
# constraints-pandas3.txt: the other pandas major (needs Python 3.12 for its anndata).
CONSTRAINTS ?= constraints.txt
VENV := .venv
BIN := $(VENV)/bin
DAGSTER_HOME_DIR := $(CURDIR)/.dagster

# Demonstration and tests stay on this machine, whatever the shell has set.
unexport $(filter SYNTHESIZE_%,$(.VARIABLES))
export DAGSTER_HOME := $(DAGSTER_HOME_DIR)

.PHONY: help demo ui test e2e lint bench campaign clean
help:
	@echo "make demo   materialise every dataset in data/ on the embedded endpoint, print the findings"
	@echo "make ui     Dagster's UI on the same history"
	@echo "make test   the test suite"
	@echo "make e2e    the browser test, and a project that installs the package (needs Chromium)"
	@echo "make lint   ruff, mypy, import contract"
	@echo "make bench  benchmark tables"
	@echo "make campaign  faults, kills and damaged files at random (some minutes)"
	@echo "make PYTHON=python3.12 ...  picks another Python"

demo: export GEM_ASSETS_ENDPOINT := embedded
demo: $(VENV)/.installed .dagster/dagster.yaml
	$(BIN)/gem-assets run

ui: $(VENV)/.installed .dagster/dagster.yaml
	$(BIN)/dagster dev -w workspace.yaml

test: $(VENV)/.installed-dev
	$(BIN)/pytest -n 2 --dist worksteal --ignore tests/e2e

e2e: $(VENV)/.installed-e2e
	$(BIN)/pytest tests/e2e

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-e2e
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

campaign: $(VENV)/.installed-dev
	$(BIN)/python -m campaigns.faults
	$(BIN)/python -m campaigns.kills
	$(BIN)/python -m campaigns.fuzz

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "gem_assets needs Python 3.11 or newer, but '$(PYTHON)' is" \
	    "$$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(CONSTRAINTS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-e2e: $(VENV)/.installed-dev tests/e2e/package.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[dev,e2e]'
	npm install --prefix tests/e2e --no-package-lock --no-audit --no-fund --silent
	command -v chromium || { apt-get update -qq && apt-get install -y -qq chromium; }
	@touch $@

# Demo and UI share this home, so that the UI shows the demo's runs.
.dagster/dagster.yaml:
	@mkdir -p .dagster
	@printf '%s\n' \
	  'telemetry: {enabled: false}' \
	  'nux: {enabled: false}' \
	  'concurrency:' \
	  '  pools: {default_limit: 1, granularity: op}' \
	  '  runs: {max_concurrent_runs: 2}' > $@

clean:
	rm -rf $(VENV) .dagster results
