# Set-up, checks and demo. Needs git, make and one Python >= 3.10; everything else goes into .venv/.
FOUND := $(shell for python in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$python && break; done)
PYTHON ?= $(or $(FOUND),python3)
ENV := $(PYTHON) .ci/environments.py

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs format bench bench-large warm-start trips soak example environments clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## tune a small ONNX model with a real TVM, and keep and use the results
	$(ENV) run tvm-0.27 docs/demo.py

test: ## lint, types, floors, all tests, on every Python found and every TVM
	$(PYTHON) .ci/check.py

lint: ## ruff, mypy and the import floors only
	$(PYTHON) .ci/check.py lint

format: ## let ruff mend style and order of imports
	$(ENV) run core -m ruff check --fix .
	$(ENV) run core -m ruff format .

warm-start: ## what a warm start saves, by replay of the logs in LOGS
	$(ENV) run tvm-0.27 benchmarks/warm_start.py $(LOGS)

bench: ## every target of speed in one table, each against its floor or peer in the same run: docs/scale.md
	$(ENV) run core benchmarks/bench.py --document docs/scale.md --json docs/scale.json

bench-large: ## the same, also in libraries of 100,000 jobs and 1,001,000 configs, which take long to make
	$(ENV) run core benchmarks/bench.py --large --document docs/scale.md --json docs/scale.json

trips: ## how far everyday commands go through the code, and how many Git processes they start
	$(ENV) run tvm-0.27 benchmarks/trips.py

soak: ## the long tests: random histories, kills, damage, all records of real databases; TVMGITLIB_SOAK=0.01 for less
	$(ENV) run core -m pytest tests -m soak --ignore=tests/tvm -n 2
	$(ENV) run core -m pytest tests -m "hypothesis and not soak" --hypothesis-profile=soak --ignore=tests/tvm -n 2
	for tvm in 0.16 0.25 0.27; do $(ENV) run tvm-$$tvm -m pytest tests/tvm -m soak -W default || exit; done

docs: ## the site of docs/ in build/site, and the man page in build/man; warnings are errors
	$(ENV) run core -m sphinx -W --keep-going -q docs build/site
	$(ENV) run core -m sphinx -W --keep-going -q -b man docs build/man

example: ## remake example-repo/ and its bundle from their logs
	$(ENV) run core example-repo/make.py

environments: ## only create the environments
	$(ENV) create

clean: ## remove environments, caches and demo output
	rm -rf .venv build dist demo-library* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
