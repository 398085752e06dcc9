# One command each; `make demo` needs nothing but Python 3.11+ and make.
PYTHON ?= python3
# constraints-pandas3.txt: the other pandas major (needs Python 3.12 for its anndata).
CONSTRAINTS ?= constraints.txt
VENV := .venv
BIN := $(VENV)/bin

# Demonstration and tests stay on this machine, whatever the shell has set. The UI may be told to ask
# a hosted endpoint, by GEM_ASSETS_ENDPOINT.
ifneq ($(MAKECMDGOALS),ui)
unexport $(filter SYNTHESIZE_%,$(.VARIABLES))
endif
export DAGSTER_HOME := $(CURDIR)/.dagster

# Every process of the tests would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

# Where `make ui` serves the reports, to this machine only; Dagster's pages link to them there.
REPORTS_PORT ?= 3080
GEM_ASSETS_REPORTS_URL ?= http://127.0.0.1:$(REPORTS_PORT)
demo ui: export GEM_ASSETS_REPORTS_URL := $(GEM_ASSETS_REPORTS_URL)

.PHONY: help demo ui instance test e2e screenshots docs docs-links lint bench campaign clean
help:
	@echo "make demo   materialise every dataset in data/ on the embedded endpoint, print the findings"
	@echo "make ui     Dagster's UI on the same history (UI_PORT=3001 picks another port)"
	@echo "make test   the test suite"
	@echo "make e2e    the browser test, and a project that installs the package (needs npm and Chromium)"
	@echo "make screenshots  the same, and take the documentation's pictures anew"
	@echo "make docs   the documentation, into docs/_build/html"
	@echo "make lint   ruff, mypy, import contract"
	@echo "make bench  benchmark tables"
	@echo "make campaign  faults, kills and damaged files at random (some minutes)"
	@echo "make PYTHON=python3.12 ...  picks another Python"

demo: export GEM_ASSETS_ENDPOINT := embedded
demo: $(VENV)/.installed instance
	$(BIN)/gem-assets run

# Dagster says of `dagster dev` that `dg dev` is to follow it, which is no news to who looks at data.
ui: $(VENV)/.installed instance
	@reports="$${GEM_ASSETS_RESULTS:-results}/reports"; mkdir -p "$$reports"; \
	$(BIN)/python -m http.server $(REPORTS_PORT) --bind 127.0.0.1 --directory "$$reports" \
	  > /dev/null 2>&1 & served=$$!; trap 'kill $$served 2> /dev/null' EXIT INT TERM; \
	$(BIN)/python -W 'ignore:Function `dev_command`:FutureWarning' -m dagster dev \
	  -w workspace.yaml $(if $(UI_PORT),-p $(UI_PORT))

test: $(VENV)/.installed-dev
	$(BIN)/pytest -n 2 --dist worksteal --ignore tests/e2e

e2e: $(VENV)/.installed-e2e
	$(BIN)/pytest tests/e2e

screenshots: $(VENV)/.installed-e2e
	$(BIN)/pytest tests/e2e --screenshots docs/images

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

# Links to other hosts; needs the network.
docs-links: $(VENV)/.installed-docs
	$(BIN)/sphinx-build -q -b linkcheck docs docs/_build/links

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
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[demo]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(CONSTRAINTS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[docs]'
	@touch $@

# What pip can't install is looked for before the rest; only Debian's Chromium is installed here.
$(VENV)/.installed-e2e: $(VENV)/.installed-dev tests/e2e/package.json
	@command -v npm > /dev/null || { echo "make e2e needs npm, which brings axe-core. Install \
	Node.js with it (Debian: apt-get install npm), then try again."; exit 1; }
	@command -v chromium > /dev/null || command -v chromium-browser > /dev/null || \
	  { command -v apt-get > /dev/null && apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium < /dev/null; } || \
	  { echo "make e2e needs Chromium and could not install it (that takes Debian's apt-get, as root). \
	Install it so that 'chromium' starts it, then try again."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[dev,e2e,docs]'
	npm install --prefix tests/e2e --no-package-lock --no-audit --no-fund --silent
	@touch $@

# Demo and UI share this home, so that the UI shows the demo's runs.
instance:
	@mkdir -p "$$DAGSTER_HOME"
	@test -f "$$DAGSTER_HOME/dagster.yaml" || printf '%s\n' \
	  'telemetry: {enabled: false}' \
	  'nux: {enabled: false}' \
	  'concurrency:' \
	  '  pools: {default_limit: 1, granularity: op}' \
	  '  runs: {max_concurrent_runs: 2}' > "$$DAGSTER_HOME/dagster.yaml"

clean:
	rm -rf $(VENV) .dagster results
