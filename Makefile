# Two commands do everything: `make scan` and `make test`. What they need, they install.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup scan test check bench format lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## install what is missing: Debian packages (as root) and the virtual environment

$(STAMP): requirements.lock pyproject.toml scripts/setup.sh scripts/fetch-web.sh scripts/debian-packages.txt
	@bash scripts/setup.sh $(VENV)
	@touch $@

# scripts/scan.sh reads these from the environment, where spaces and quotes in paths do no harm. OUT's default: out/ and TARGET's name.
scan: export TARGET ?= examples/parcel
scan: export BUDGET ?= 3m
scan: export OUT ?=
scan: setup ## hunt in TARGET (default: the bundled example) for BUDGET, results in OUT
	@bash scripts/scan.sh $(BIN)/mithridate

test: setup ## pass all tests
	@bash scripts/setup.sh $(VENV) --tests
	@$(BIN)/python -m pytest -n $$((3 * $$(nproc))) --dist worksteal # many tests wait for a limit

check: setup ## style, types, architecture, docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/docs

bench: setup ## what Mithridate costs engines and applications; see bench/README.md
	@$(BIN)/python -m bench.no_tax
	@$(BIN)/python -m bench.injection.overhead

format: setup ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: ## renew requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --all-extras pyproject.toml -o requirements.lock

clean: ## remove the virtual environment and results
	@rm -rf $(VENV) out
