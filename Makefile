# Two commands do everything: `make scan` and `make test`. What they need, they install.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
TARGET ?= examples/parcel
BUDGET ?= 3m
OUT ?= out/$(notdir $(patsubst %/,%,$(TARGET)))
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup scan test check bench format lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## install what is missing: Debian packages (as root) and the virtual environment

$(STAMP): requirements.lock pyproject.toml scripts/setup.sh scripts/debian-packages.txt
	@bash scripts/setup.sh $(VENV)
	@touch $@

scan: setup ## hunt in TARGET (default: the bundled example) for BUDGET, results in OUT
	@bash scripts/scan.sh $(BIN)/mithridate '$(TARGET)' '$(OUT)' '$(BUDGET)'

test: setup ## pass all tests
	@bash scripts/setup.sh $(VENV) --tests
	@$(BIN)/python -m pytest -n auto

check: setup ## style, types, architecture, docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/docs

bench: setup ## measurements against the raw engines; see bench/README.md
	@$(BIN)/python bench/no_tax.py

format: setup ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: ## renew requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --all-extras pyproject.toml -o requirements.lock

clean: ## remove the virtual environment and results
	@rm -rf $(VENV) out
