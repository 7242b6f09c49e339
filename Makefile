# make demo: the first run, with a table and figures. make test: everything a change must pass.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test test-all lint bench peers clean

demo: .venv/core
	$(BIN)/simenv run long_term_reward --agents organic random popular repeat content itemknn als epsgreedy oracle \
		--listeners 1000 --days 30 --seeds 3 --jobs 2

test: lint
	$(BIN)/python -m pytest
	$(BIN)/simenv facts --small --jobs 2

test-all: lint
	$(BIN)/python -m pytest -m "slow or not slow"

# mypy and import-linter look at an installed copy, in which the four folders are one package.
lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@rm -rf .lint && mkdir -p .lint/source
	@cp -R pyproject.toml README.md LICENSE simenv agents users scenarios .lint/source/
	@$(PIP) install --no-build-isolation --no-deps --target .lint/site .lint/source
	cd .lint/site && ../../$(BIN)/mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache -p simenv
	cd .lint/site && ../../$(BIN)/lint-imports --config ../../pyproject.toml --cache-dir ../../.import_linter_cache

bench: .venv/core
	$(BIN)/simenv bench

# Other simulators, each in an environment of its own under the user's cache; writes benchmarks/peers.md.
peers: .venv/core
	$(BIN)/python benchmarks/peers.py

clean:
	rm -rf .venv .lint .mypy_cache .import_linter_cache .pytest_cache .ruff_cache

# Stamps: what is installed once is not looked at again until its list changes.
.venv/made:
	$(PYTHON) -m venv .venv
	@touch $@

.venv/core: .venv/made pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e .
	@touch $@

# torch first, by itself: a build that is already there, or that was chosen for this machine, is kept.
.venv/dev: .venv/core
	$(PIP) install -c constraints.txt torch
	$(PIP) install -c constraints.txt -e ".[dev]"
	@touch $@
