# The commands of Snappio. They need Python 3.11 or newer and make, nothing else:
# each makes the environment it needs from uv.lock first, which costs nothing when
# it is there already.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Where `make run` listens and keeps its data.
export PORT ?= 8000
ifdef DATA_DIR
export DATA_DIR
endif

UV := .tools/uv-0.13.9
PYTHON := .venv/bin/python
# Made by `scripts/environment`; newer than the lock means up to date.
RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development
# What the tests of the TypeScript client need, where there is Node.
NODE := clients/typescript/node_modules/.installed
# Passed on to pytest: make test ARGS="-k sign_in -x"
ARGS ?=

.PHONY: help
help:  ## Say what there is to do
	@printf 'Snappio: a self-hosted social network backend. Commands:\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nVariables: PORT and DATA_DIR for `make run`; ARGS for pytest. Settings: .env.example.\n'

.PHONY: run
run: $(RUNTIME)  ## Start Snappio at http://localhost:$PORT, everything in one process
	@exec scripts/run

.PHONY: demo
demo: $(RUNTIME)  ## Fill the instance with a small believable network
	@$(PYTHON) manage.py migrate --verbosity 0
	@exec $(PYTHON) manage.py demo

.PHONY: test
test: $(DEVELOPMENT) $(NODE)  ## Test on SQLite, then on PostgreSQL and Redis (about ten minutes)
	@exec $(PYTHON) -m scripts.test $(ARGS)

.PHONY: test-long
test-long: $(DEVELOPMENT)  ## Long fault schedules and fuzzing (about 20 minutes)
	@exec $(PYTHON) -m scripts.test --long $(ARGS)

.PHONY: faults
faults: $(DEVELOPMENT)  ## Kill servers under load; with SECONDS= or SEED= one schedule only
ifneq ($(SECONDS)$(SEED),)
	@exec $(PYTHON) -m tests.faults $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))
else
	@exec $(PYTHON) -m scripts.test --faults $(ARGS)
endif

.PHONY: check
check: $(DEVELOPMENT)  ## Lint, format, types, imports, migrations, deployment, schema
	@exec $(PYTHON) -m scripts.check

.PHONY: format
format: $(DEVELOPMENT)  ## Format the code and mend what can be mended without asking
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format .

.PHONY: schema
schema: $(DEVELOPMENT)  ## Write docs/api.yaml and clients' types anew after a change of the API
	@mkdir -p docs
	@$(PYTHON) manage.py spectacular --validate --fail-on-warn --file docs/api.yaml
	@$(PYTHON) -m scripts.typescript
	@echo 'docs/api.yaml is written, and the types of the TypeScript client.'

.PHONY: bench
bench: $(DEVELOPMENT)  ## Measure against the bare references and print the ratios
	@exec $(PYTHON) -m benchmarks

.PHONY: clean
clean:  ## Remove the environment and all caches; the data in var/ stays
	rm -rf clients/typescript/node_modules clients/typescript/build
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV):
	@scripts/environment tools $@

$(RUNTIME): uv.lock pyproject.toml | $(UV)
	@scripts/environment runtime $@

$(DEVELOPMENT): uv.lock pyproject.toml | $(UV)
	@scripts/environment development $@

$(NODE): clients/typescript/package-lock.json
	@scripts/environment node $@
