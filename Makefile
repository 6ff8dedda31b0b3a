# Every command makes its own environment in .venv first, where it is missing or older than pyproject.toml.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n + 1)))
MINUTES ?= 30

# Compiled files are kept, whatever the environment says: hundreds of processes start here.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing billsync and everything for it into $(VENV) (about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

.PHONY: install
install: $(STAMP) ## Make .venv with everything in it

.PHONY: demo
demo: $(STAMP) ## The main job on real data: a CRM export becomes invoices in a real ERP
	@$(BIN)/billsync demo

.PHONY: test
test: $(STAMP) ## All tests: real SQLite, real Postgres, a real ERP
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

.PHONY: check
check: $(STAMP) ## Format, lint, types, import contracts, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/billsync mapping lint $$(find mappings -name '*.yaml')
	@$(BIN)/billsync mapping test $$(find mappings -name '*.yaml')
	@$(BIN)/python -m pytest -q tests/project/test_docs.py tests/project/test_codes.py

.PHONY: format
format: $(STAMP) ## Put the code into the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet . || true

.PHONY: bench
bench: $(STAMP) ## Measure, as ratios in one run; tables and JSON in benchmarks/out
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.mapping
	@$(BIN)/python -m benchmarks.billing
	@$(BIN)/python -m benchmarks.sync
	@$(BIN)/python -m benchmarks.push
	@$(BIN)/python -m benchmarks.workers
	@$(BIN)/python -m benchmarks.calls salesforce
	@$(BIN)/python -m benchmarks.calls hubspot

.PHONY: soak
soak: $(STAMP) ## Long runs under faults: crashes at random moments, thousands of simulated histories, CRMs read while people work
	@$(BIN)/python -m pytest -q tests/crash --soak 40 -n $(WORKERS)
	@$(BIN)/python -m tests.simulation soak --minutes $(MINUTES) --workers $(WORKERS)
	@$(BIN)/python -m tests.crm.copying salesforce
	@$(BIN)/python -m tests.crm.copying hubspot

.PHONY: conformance
conformance: $(STAMP) ## Put our connectors through the conformance kit; score cards into docs/reference/conformance
	@$(BIN)/python -m tests.project.write_conformance

.PHONY: lock
lock: $(STAMP) ## Renew requirements.lock: what billsync runs on, with hashes
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@{ sed -n '/^#/p' requirements.lock; $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
		--extra postgres --generate-hashes --no-header --no-annotate; } > requirements.new
	@mv requirements.new requirements.lock

.PHONY: clean
clean: ## Take away everything that can be made again
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build benchmarks/out
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
