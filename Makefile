# The two commands that matter: `make run` and `make test`. Both set up .venv by themselves.
PYTHON ?= python3
BIN = .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help run test unit bench faults format lint lock clean

help:            ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

.venv/.installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

run: .venv/.installed    ## the whole system with simulated phones, on http://127.0.0.1:8100
	$(BIN)/wenzheng demo

test: .venv/.installed   ## every test, the browser's among them
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# In one process: a second one would import and collect everything again, which costs as much as it saves.
# The compiled tests are kept, even where the environment forbids it: to compile them takes a third of the time.
unit: .venv/.installed   ## the domain's and the channels' tests: no service, seconds; says what CPU they took
	HYPOTHESIS_PROFILE=unit $(BIN)/python tests/kit/cpu.py env -u PYTHONDONTWRITEBYTECODE \
		$(BIN)/python -m pytest -n 0 -q -m "not integration and not heavy" tests/bot tests/adapters

faults: .venv/.installed ## the fault table
	$(BIN)/python -m pytest -m faults

bench: .venv/.installed  ## every benchmark in its short form, one JSON line a figure
	$(BIN)/python benchmarks/intake.py --short --json
	$(BIN)/python benchmarks/deadlines.py --short --json
	$(BIN)/python benchmarks/growth.py --short --json
	$(BIN)/python benchmarks/replay.py --short --json
	$(BIN)/python benchmarks/dispatch.py --short --json
ifdef DATA
	$(BIN)/python benchmarks/routing.py --train $(DATA)/routing_train.csv --test $(DATA)/routing_dev.csv --json
	$(BIN)/python benchmarks/hot_topics.py $(DATA)/hot_topics.csv --json
else
	@echo "Left out: routing and hot topics; give the folder of labelled letters: make bench DATA=folder"
endif
	$(BIN)/python benchmarks/hot_topics.py --short --json

format: .venv/.installed ## put every file into the one form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

lint: .venv/.installed   ## form, ruff, mypy, import directions, dead names
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python docs/check_types.py
	$(BIN)/lint-imports
	$(BIN)/vulture

lock:            ## renew both lock files (hashes, no registry address)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-header -o requirements.lock pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-header --group dev -o requirements-dev.lock pyproject.toml

clean:           ## remove the environment and the demo's data
	rm -rf .venv var
