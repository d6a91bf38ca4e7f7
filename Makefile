# Both targets do all their own set-up, on a machine with Python 3.11+, gcc and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FAST = tests/test_sizes.py tests/test_deprecated.py tests/reference
TOUCHING = tests/cli tests/contracts/test_store_form.py
PURE = tests/contracts/test_store_form.py tests/storage/test_publish.py tests/storage/test_track_writer.py

.PHONY: demo test check lint test-lowest test-pure benchmarks clean

$(VENV)/dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# The main job on a small genome made on the spot: import, ask, draw.
demo: $(VENV)/dev
	$(BIN)/python examples/demo.py demo

test: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadscope --durations 15

# Under three minutes: lint, types, layers, and the tests that do not wait for compilers.
check: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadscope $(FAST)

# The oldest versions of what pyproject.toml asks for, on the tests that touch other libraries most.
test-lowest:
	$(PYTHON) -m venv .venv-lowest
	$(PYTHON) tests/lowest_versions.py > .venv-lowest/constraints.txt
	.venv-lowest/bin/pip install --quiet --disable-pip-version-check -c .venv-lowest/constraints.txt --editable '.[dev]'
	.venv-lowest/bin/python -m pytest -q -n 2 --dist loadscope -W default $(TOUCHING)

# Without the compiled chunk reader, as where no C compiler is: in a copy, since a work tree may hold it.
test-pure:
	rm -rf .pure && mkdir .pure && git archive HEAD | tar -x -C .pure
	$(PYTHON) -m venv .pure/.venv
	cd .pure && CC=/bin/false .venv/bin/pip install --quiet --disable-pip-version-check '.[dev]'
	cd .pure && .venv/bin/python -c 'from genomearray.storage.chunks.codecs import compiled; assert compiled is None'
	cd .pure && .venv/bin/python -m pytest -q -n 2 --dist loadscope $(PURE)

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Against other programs, side by side; see benchmarks/README.md.
benchmarks: $(VENV)/dev
	$(BIN)/python benchmarks/import_text.py
	$(BIN)/python benchmarks/reads.py
	$(BIN)/python benchmarks/startup.py

clean:
	rm -rf $(VENV) .venv-lowest .pure demo build dist *.egg-info
