# Every job of the project, one command each. `make` alone prints this list.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Other people's clients of the vendors, which some tests let read the demo company.
CLIENTS := .venv-clients
# Demo companies that `make test-statistics` makes; fewer than 100 leave docs/statistics.md as it is.
SEEDS  := 100
# System certificates, as pip uses them: a company proxy signs with a root of its own.
UV     := $(BIN)/uv --system-certs
# Airflow, dbt and Great Expectations start a process a task: uncompiled imports would cost half a minute each.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help run up test test-statistics lint types bench docs lock clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## One night of the demo company through Airflow; again for the next night
	@$(BIN)/valuegap demo run

up: $(VENV)/.installed ## Airflow with its UI on the demo company, until Ctrl-C
	@$(BIN)/valuegap demo up

test: $(VENV)/.installed-dev $(CLIENTS)/.installed ## All tests
	@$(BIN)/pytest

test-statistics: $(VENV)/.installed-dev ## Is the planted truth found in 100 demo companies? Ten to twenty minutes; SEEDS=20 for fewer
	@STATISTICS_SEEDS=$(SEEDS) $(BIN)/pytest -m statistics tests/statistics

lint: $(VENV)/.installed-dev ## Style of Python and SQL
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/sqlfluff lint --processes 2 dbt_project/models

types: $(VENV)/.installed-dev ## mypy --strict on the package
	@$(BIN)/mypy

bench: $(VENV)/.installed-dev ## Seconds, rows a second and memory of each stage at size M
	@$(BIN)/python -m tests.benchmarks.night

docs: $(VENV)/.installed-dev ## Pages of marts and metrics, answers of README, from the demo company's first night
	@$(BIN)/python -m tests.integration.mart_pages data/published/warehouse.duckdb
	@$(BIN)/python -m tests.integration.readme_answers data/published/warehouse.duckdb

lock: $(VENV)/.installer ## Compile the lock files from pyproject.toml
	@./lock.sh $(BIN)/uv

clean: ## Remove the environment and all data, landing zone included
	rm -rf $(VENV) $(CLIENTS) data

$(VENV)/.installer: requirements-installer.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "Python 3.11 to 3.13 is needed, $(PYTHON) is `$(PYTHON) -V 2>&1`. Try: make PYTHON=python3.12 <target>"; exit 1; }
	@echo "[1/3] Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-installer.lock
	@touch $@

$(VENV)/.installed: $(VENV)/.installer requirements.lock pyproject.toml
	@echo "[2/3] Locked dependencies (about 170 packages, one to two minutes the first time)"
	@$(UV) pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	@echo "[3/3] Valuegap itself"
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "Locked dependencies of the tests"
	@$(UV) pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements-dev.lock
	@touch $@

$(CLIENTS)/.installed: $(VENV)/.installer requirements-clients.lock
	@echo "Other people's clients of the vendors in $(CLIENTS)"
	@$(PYTHON) -m venv --clear --without-pip $(CLIENTS)
	@$(UV) pip install --quiet --python $(CLIENTS)/bin/python --no-deps --require-hashes -r requirements-clients.lock
	@touch $@
