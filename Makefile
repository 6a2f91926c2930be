# Every command of the project. `make` alone lists them.
PYTHON ?= python3.11
PROCESSES ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUNS := .venv/runs
STAMP := .venv/installed

.DEFAULT_GOAL := help
.PHONY: help run check format lint types arch test engines simulate chaos bench schemas docs up down lock audit sbom clean attack fuzz

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# What runs needs fewer packages than what tests, so `make run` installs only those.
$(RUNS): requirements.lock pyproject.toml deploy/runtime_lock.py
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed; set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what requirements.lock names (once) ..."
	@$(BIN)/python deploy/runtime_lock.py requirements.lock \
		"quittance (pyproject.toml)" hatchling editables > .venv/runs.lock
	@$(PIP) --require-hashes -r .venv/runs.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $(RUNS)

$(STAMP): $(RUNS)
	@echo "Installing what checks and tests need besides (once) ..."
	@$(PIP) --require-hashes -r requirements.lock
	@touch $(STAMP)

run: $(RUNS) ## start everything in one process; the first start plays a demo half year
	@$(BIN)/quittance serve

check: lint types arch ## format, lint, types, architecture

format: $(STAMP) ## write the code in its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(STAMP) ## formatting and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP) ## mypy strict
	$(BIN)/mypy libs services tests bench

arch: $(STAMP) ## who may import whom
	$(BIN)/lint-imports

# Engines broken for minutes, in scenes that want the machine to themselves: by night, `make engines`.
LONG := tests/chaos tests/distributed/test_engines_broken.py

test: $(STAMP) ## all tests but the long ones, on embedded PostgreSQL and real Kafka brokers
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile $(addprefix --ignore=,$(LONG))

engines: $(STAMP) ## the long tests: brokers, databases and services broken under load
	$(BIN)/python -m pytest $(LONG)

seeds ?= 1000
from ?= 1
simulate: $(STAMP) ## simulated months under faults, by seed: seeds=1000 from=1
	$(BIN)/python -m tests.simulation --seeds $(seeds) --from $(from)

fuzz: $(STAMP) ## readers of bytes from outside, with atheris; seconds=60 for each
	$(BIN)/python -m tests.fuzz --seconds $(or $(seconds),60)

attack: $(STAMP) ## schemathesis against the whole interface, longer than the tests run it
	QUITTANCE_ATTACK_EXAMPLES=300 $(BIN)/python -m pytest -q tests/attacks/test_openapi.py

seed ?= 1
events ?= 100000
chaos: $(STAMP) ## break services and engines under load, then prove it all: seed=1 events=100000
	$(BIN)/python -m tests.chaos --seed $(seed) --events $(events)

bench: $(STAMP) ## figures, as ratios against an anchor in the same run
	$(BIN)/python -m bench

schemas: $(STAMP) ## write JSON Schemas, AsyncAPI and docs/events.md from the events
	$(BIN)/python -m libs.events.describe

up: ## the distributed shape on this machine; makes its secrets first
	sh deploy/secrets.sh
	docker compose up --build --wait

down: ## stop it
	docker compose down

lock: ## resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --quiet -o requirements.lock

audit: $(STAMP) ## compare the lock with published advisories, ours and the public database's
	$(BIN)/python -m pytest -q tests/unit/deploy/test_supply.py
	sh deploy/audit.sh requirements.lock

sbom: $(RUNS) ## print the bill of materials of the image (CycloneDX)
	@$(BIN)/python deploy/sbom.py requirements.lock pyproject.toml

clean: ## remove environment and caches, never data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
