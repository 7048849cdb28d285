# Two commands do everything: `make run` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHONPATH := .:deps/servicekit:deps/executor:deps/rowkit
export PYTHONPATH
BIN := .venv/bin
CHECKED := coderunner/src coderunner/guest dataflowtools/src deps/servicekit/servicekit deps/executor/executor deps/rowkit/rowkit

.PHONY: help run test check bench soak doctor setup setup-dev guest system clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*##/	/' | expand -t 12

run: setup guest ## start both services on embedded defaults; Ctrl-C stops them
	@$(BIN)/python scripts/run_pair.py

test: setup-dev guest ## everything: lint, types, architecture, all tests
	@$(MAKE) --no-print-directory check
	@scripts/run_tests.sh $(TESTS)

check: setup-dev ## lint, types, architecture rules
	@echo "ruff";         $(BIN)/ruff check -q . && $(BIN)/ruff format -q --check .
	@echo "mypy";         $(BIN)/mypy $(CHECKED)
	@echo "import-linter"; $(BIN)/lint-imports --no-logo 2>&1 | tail -n 20; exit $${PIPESTATUS[0]}

bench: setup-dev guest ## measure; results in benchmarks/results
	@$(BIN)/python -m benchmarks $(BENCH)

soak: setup-dev guest ## what takes too long for test
	@$(BIN)/python -m pytest -q -m soak --timeout 3600 $(TESTS)

doctor: setup guest ## which walls of isolation stand on this machine, and what to do about the others
	@$(BIN)/python scripts/doctor.py

setup: system ## the services' virtual environment
	@scripts/setup_venv.sh run

setup-dev: system
	@scripts/setup_venv.sh dev

guest: ## the guest interpreter
	@./init_site_packages.sh

system: ## system packages, where they may be installed
	@scripts/system_packages.sh

clean: ## the virtual environment and caches
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
