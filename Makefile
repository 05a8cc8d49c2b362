# SPDX-License-Identifier: EUPL-1.2
# `make run` starts the platform with a demo; `make test` proves it. Both need Python 3.11 or newer and make, no more.

.PHONY: help run test lint lock bench-ledger bench-web setup setup-test
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.made
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

help:
	@echo "make run           start everything on this machine, with demo data"
	@echo "make test          lint, types, import contracts, all tests"
	@echo "make lint          only lint, types and import contracts"
	@echo "make bench-ledger  measure the ledger against pgbench"
	@echo "make bench-web     measure gunicorn against granian on real pages"
	@echo "make lock          lock the dependencies again (needs uv and npm)"

# Through the launcher, so that whoever kills make ends the platform too.
run: setup
	@exec $(BIN)/python -I -S platform/heitje_server/launcher.py $$PPID 15 - $(BIN)/heitje run

test: setup-test lint
	$(BIN)/python -m tests.install_chromium
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 15

lint: setup-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-ledger: setup-test
	$(BIN)/python -m tests.bench.ledger

bench-web: setup-test
	$(BIN)/python -m tests.bench.web_server

lock:
	uv lock
	uv export -q --frozen --no-header --no-annotate --no-emit-project --no-dev --extra embedded --group build -o requirements/run.txt
	uv export -q --frozen --no-header --no-annotate --no-emit-project --no-dev --group build -o requirements/production.txt
	uv export -q --frozen --no-header --no-annotate --no-emit-project --extra embedded --group build --group dev -o requirements/dev.txt
	for name in node payment-peer; do \
	  grep -o '^[a-z][^ ;]*==[^ ;]*' requirements/$$name.txt | \
	  uv pip compile -q --universal --no-deps --generate-hashes --no-header --no-annotate -o requirements/$$name.txt -; \
	done
	npm install --package-lock-only

# Set-up: each step leaves a stamp, and is done again when what it read has changed.

setup: $(STAMPS)/run $(STAMPS)/payment-peer $(STAMPS)/project $(STAMPS)/vendor
setup-test: $(STAMPS)/dev $(STAMPS)/payment-peer $(STAMPS)/project $(STAMPS)/vendor

$(STAMPS)/venv:
	@found=; for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Heitje needs Python 3.11, 3.12, 3.13 or 3.14. Install one, and try again."; exit 1; \
	fi; \
	if [ ! -x $(BIN)/python ]; then \
	  echo "Setting up with $$($$found --version) ..."; \
	  $$found -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "Python could not make a virtual environment. On Debian or Ubuntu: apt install python3-venv"; exit 1; }; \
	fi
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: requirements/run.txt $(STAMPS)/venv
	@echo "Installing Python packages ..."
	@$(PIP) install -qq --require-hashes -r $<
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/run
	@echo "Installing Python packages for the tests ..."
	@$(PIP) install -qq --require-hashes -r $<
	@touch $@

$(STAMPS)/payment-peer: requirements/payment-peer.txt $(STAMPS)/run
	@$(PIP) install -qq --no-deps --require-hashes -r $<
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/run
	@$(PIP) install -qq --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/node: package.json package-lock.json requirements/node.txt $(STAMPS)/project
	@echo "Installing Node.js packages ..."
	@$(BIN)/python -m heitje_server.embedded.node_packages
	@touch $@

$(STAMPS)/vendor: platform/heitje_server/vendor.py $(STAMPS)/node
	@$(BIN)/python -m heitje_server.vendor
	@touch $@
