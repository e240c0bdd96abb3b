# Needs Python 3.11 or newer and make; everything else comes from the lock files into .venv.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# More for pytest: make test ARGS="tests/claims -k hedge"
ARGS ?=
# Which part of the proofs, or which of several: make proofs PART="load kills"
PART ?=
# More for the resolver: make lock UV_ARGS=--upgrade
UV_ARGS ?=
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UV_ARGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test check proofs fuzz test-whole bench-matching format lock openapi clean

help:  ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: .venv/.runtime  ## Serve the API with its demo claims on http://127.0.0.1:8000
	@exec $(BIN)/onrecord serve --migrate --demo

test: .venv/.dev .venv/.debian  ## Run all tests, on SQLite and on PostgreSQL
	@$(BIN)/pytest -n auto --dist worksteal $(ARGS)

check: .venv/.dev .venv/.debian  ## Check format, lint, types, imports and the Dockerfile, then run all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	@$(BIN)/pytest -n auto --dist worksteal $(ARGS)

proofs: .venv/.dev .venv/.debian  ## Prove every promise in full, part by part, and write docs/promises.md; PART=load for one, PART=list to see all
	@$(BIN)/python -m tests.prove $(PART)

fuzz: .venv/.dev  ## Hold the API against its description with many more random requests, for minutes
	@ONRECORD_FUZZ_EXAMPLES=200 $(BIN)/pytest -n 2 tests/contract/test_schemathesis.py $(ARGS)

test-whole: .venv/.dev  ## Record and question all lines of the real data, not a part; takes more than a quarter of an hour
	@ONRECORD_TEST_WHOLE=1 $(BIN)/pytest -n 2 tests/contract/test_real_data.py tests/contract/test_questions_of_real_data.py $(ARGS)

bench-matching: .venv/.dev  ## Ask which claims real tweets repeat: how often that is found, and how fast
	@$(BIN)/python -m benchmarks.matching $(ARGS)

format: .venv/.dev  ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: .venv/.runtime  ## Write openapi/openapi.json from the code
	@mkdir -p openapi
	$(BIN)/onrecord openapi > openapi/openapi.json.new || { rm -f openapi/openapi.json.new; exit 1; }
	@mv openapi/openapi.json.new openapi/openapi.json

lock: .venv/pyvenv.cfg  ## Resolve the dependencies again and write the lock files
	$(PIP) install -qq uv
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --output-file requirements-build.lock --group build
	$(COMPILE) --output-file requirements-dev.lock --constraint requirements.lock --group dev pyproject.toml

clean:  ## Remove the environment, caches and build output, but no data
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis build dist
	find app migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A stamp is younger than the files it was installed from, so a second make has nothing to do.

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit("Onrecord needs Python 3.11 or newer, and $(PYTHON) is %d.%d: try make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements.lock requirements-build.lock pyproject.toml | .venv/pyvenv.cfg
	@echo "Installing what Onrecord needs into .venv; this takes a minute or so."
	@$(PIP) install -qq --require-hashes --requirement requirements.lock --requirement requirements-build.lock
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@$(PIP) check > /dev/null || { $(PIP) check; exit 1; }
	@touch $@

# Holds all that .runtime holds, in the same versions.
.venv/.dev: requirements-dev.lock requirements.lock requirements-build.lock pyproject.toml | .venv/pyvenv.cfg
	@echo "Installing what Onrecord and its tests need into .venv; this takes a minute or two."
	@$(PIP) install -qq --require-hashes --requirement requirements-dev.lock
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@touch .venv/.runtime $@

# Programs that tests run beside the service and PyPI does not have: the stock age tool, and the proxies HAProxy and nginx.
# What this system lacks of them and of their libraries comes from Debian's packages, unpacked here, which takes no root,
# with package lists of their own where the system's are absent or old. Where they cannot be had, the tests that need
# them are skipped, the proofs fail, and nothing else does.
DEBIAN := age haproxy nginx
APT := apt-get -qq -o Debug::NoLocking=true
APT_OWN := -o Dir::State="$$PWD/state" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$$PWD/cache"

.venv/.debian: | .venv/pyvenv.cfg
	@rm -rf .venv/debian && mkdir -p .venv/debian/get/state/lists/partial .venv/debian/get/cache/archives/partial && \
	( cd .venv/debian/get && \
		fetch() { plan=$$($(APT) $$@ -s --no-install-recommends install $(DEBIAN)) && \
			absent=$$(echo "$$plan" | awk '/^Inst/ { print $$2 }') && \
			{ test -z "$$absent" || $(APT) $$@ download $$absent; }; } && \
		{ fetch || { $(APT) $(APT_OWN) update && fetch $(APT_OWN); }; } && \
		for package in *.deb; do test ! -f "$$package" || dpkg-deb -x "$$package" .. || exit 1; done ) \
		> /dev/null 2>&1 && touch $@ || \
	echo "Of $(DEBIAN), what is not installed could not be fetched, so tests that need it are skipped. To have them: brew (or apt-get) install $(DEBIAN)."; \
	rm -rf .venv/debian/get
