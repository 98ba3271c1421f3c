# Every job of the project, one command each. `make` alone prints this list.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Other people's clients of the vendors, which some tests let read the demo company.
CLIENTS := .venv-clients
# Apache Superset, which needs SQLAlchemy before 2.
SUPERSET := .venv-superset
# Demo companies that `make test-statistics` makes; fewer than 100 leave docs/statistics.md as it is.
SEEDS  := 100
# Where `make dashboard` listens, on 127.0.0.1.
PORT   := 8501
# System certificates, as pip uses them: a company proxy signs with a root of its own.
UV     := $(BIN)/uv --system-certs
# Airflow, dbt and Great Expectations start a process a task: uncompiled imports would cost half a minute each.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help run up dashboard semantic test test-statistics lint types bench docs site superset lock clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## One night of the demo company through Airflow; again for the next night
	@$(BIN)/valuegap demo run

up: $(VENV)/.installed ## Airflow with its UI on the demo company, until Ctrl-C
	@$(BIN)/valuegap demo up

dashboard: $(VENV)/.installed-dashboard ## The dashboard on the published warehouse, until Ctrl-C; PORT=8502 for another port
	@$(BIN)/valuegap dashboard --port $(PORT)

semantic: $(VENV)/.installed-semantic ## MetricFlow for the published warehouse; ask it as docs/semantic-layer.md does
	@cd dbt_project && DBT_TARGET=published ../$(BIN)/dbt --quiet parse

test: $(VENV)/.installed-dev $(CLIENTS)/.installed ## All tests, two files at a time
	@$(BIN)/pytest --numprocesses 2 --dist loadfile

test-statistics: $(VENV)/.installed-dev ## Is the planted truth found in 100 demo companies? Ten to twenty minutes; SEEDS=20 for fewer
	@STATISTICS_SEEDS=$(SEEDS) $(BIN)/pytest -m statistics tests/statistics

lint: $(VENV)/.installed-dev ## Style of Python and SQL
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/sqlfluff lint --processes 2 dbt_project/models

types: $(VENV)/.installed-dev ## mypy --strict on the package
	@$(BIN)/mypy

bench: $(VENV)/.installed-dev ## Seconds, rows a second and memory of each stage at size M, and of twelve BI queries on what it published
	@$(BIN)/python -m tests.benchmarks.night

docs: $(VENV)/.installed-dev ## Pages of marts and metrics, answers and pictures in the docs, from the demo company's first night
	@$(BIN)/python -m tests.integration.mart_pages data/published/warehouse.duckdb
	@$(BIN)/python -m tests.integration.readme_answers data/published/warehouse.duckdb
	@$(BIN)/python -m tests.integration.dashboard_screenshots data docs/images/dashboard
	@$(BIN)/python -m tests.integration.lineage_page
	@$(BIN)/python -m tests.semantic.semantic_answers data/published/warehouse.duckdb

site: $(VENV)/.installed-dev ## The documentation as a site in site/; open site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

superset: $(SUPERSET)/.installed ## The marts in Apache Superset, until Ctrl-C; an environment of 800 MB of its own
	@bi/superset/try.sh $(SUPERSET)/bin

lock: $(VENV)/.installer ## Compile the lock files from pyproject.toml
	@./lock.sh $(BIN)/uv

clean: ## Remove the environment and all data, landing zone included
	rm -rf $(VENV) $(CLIENTS) $(SUPERSET) data site

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

$(VENV)/.installed-semantic: $(VENV)/.installed requirements-semantic.lock
	@echo "Locked dependencies of the semantic layer"
	@$(UV) pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements-semantic.lock
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "Locked dependencies of the tests"
	@$(UV) pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.installed-dashboard: $(VENV)/.installed requirements-dashboard.lock
	@echo "Locked dependencies of the dashboard"
	@$(UV) pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements-dashboard.lock
	@touch $@

$(CLIENTS)/.installed: $(VENV)/.installer requirements-clients.lock
	@echo "Other people's clients of the vendors in $(CLIENTS)"
	@$(PYTHON) -m venv --clear --without-pip $(CLIENTS)
	@$(UV) pip install --quiet --python $(CLIENTS)/bin/python --no-deps --require-hashes -r requirements-clients.lock
	@touch $@

$(SUPERSET)/.installed: $(VENV)/.installer bi/superset/requirements.lock
	@echo "Apache Superset in $(SUPERSET)"
	@$(PYTHON) -m venv --clear --without-pip $(SUPERSET)
	@$(UV) pip install --quiet --python $(SUPERSET)/bin/python --no-deps --require-hashes -r bi/superset/requirements.lock
	@touch $@
