# Needs Python 3.11 or newer with venv, and make. `make demo` and `make test` do all the rest.
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= auto

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Written last, so that a set-up that broke off is done again.
RUNTIME := $(VENV)/.runtime-ready
DEVELOPMENT := $(VENV)/.development-ready

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format types unit browser wheel clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(RUNTIME) ## Build the synthetic prefecture and serve it on http://127.0.0.1:8000
	@$(BIN)/marketplace demo

test: lint types ## The whole gate: lint, format, import contracts, types, tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lint: $(DEVELOPMENT) ## Lint, format and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: $(DEVELOPMENT) ## Put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEVELOPMENT) ## mypy --strict
	$(BIN)/mypy

unit: $(DEVELOPMENT) ## Tests without a browser and without the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not browser and not slow"

browser: $(DEVELOPMENT) ## Tests in a Chromium, which leave pictures of every page in screenshots/
	SCREENSHOTS=1 $(BIN)/python -m pytest -m browser

wheel: $(DEVELOPMENT) ## Build dist/*.whl with templates, static files, migrations and translations
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

clean: ## Remove what the tools left behind; keeps .venv and instance
	rm -rf dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make demo PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked dependencies into $(VENV): about a minute."
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEVELOPMENT): requirements-dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked dependencies for development into $(VENV): a minute or two."
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(RUNTIME)
