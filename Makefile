# Both targets do all their own set-up, on a machine with Python 3.11+, gcc and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FAST = tests/test_sizes.py tests/test_deprecated.py tests/reference
TOUCHING = tests/cli tests/contracts/test_store_form.py
SANITIZED = tests/loops tests/storage/test_runs.py tests/storage/test_chunk_map.py tests/converters/test_text_formats.py
PURE = tests/contracts/test_store_form.py tests/storage/test_publish.py tests/storage/test_track_writer.py

.PHONY: demo test check lint test-lowest test-pure test-sanitized benchmarks clean

$(VENV)/dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# The main job on a small genome made on the spot: import, ask, draw.
demo: $(VENV)/dev
	$(BIN)/python examples/demo.py demo

test: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadscope --durations 15

# Under three minutes: lint, types, layers, and fast tests.
check: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadscope $(FAST)

# The oldest versions of what pyproject.toml asks for, on the tests that touch other libraries most.
test-lowest:
	$(PYTHON) -m venv .venv-lowest
	$(PYTHON) tests/lowest_versions.py > .venv-lowest/constraints.txt
	.venv-lowest/bin/pip install --quiet --disable-pip-version-check -c .venv-lowest/constraints.txt --editable '.[dev]'
	.venv-lowest/bin/python -m pytest -q -n 2 --dist loadscope -W default $(TOUCHING)

# Without compiled code, as where no C compiler is: in a copy, since a work tree may hold it.
test-pure:
	rm -rf .pure && mkdir .pure && git archive HEAD | tar -x -C .pure
	$(PYTHON) -m venv .pure/.venv
	cd .pure && CC=/bin/false .venv/bin/pip install --quiet --disable-pip-version-check '.[dev]'
	cd .pure && .venv/bin/genomearray --version | grep -q 'without compiled code'
	cd .pure && .venv/bin/python -m pytest -q -W 'ignore:genomearray was installed without' -n 2 --dist loadscope $(PURE)

# The compiled code under the address and undefined behaviour sanitizers of gcc, on what reaches most of it.
test-sanitized:
	rm -rf .sanitized && mkdir .sanitized && git archive HEAD | tar -x -C .sanitized
	$(PYTHON) -m venv .sanitized/.venv
	cd .sanitized && CFLAGS="-g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
		.venv/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	cd .sanitized && LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc .venv/bin/python -m pytest -q -s -p no:faulthandler $(SANITIZED)

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
	rm -rf $(VENV) .venv-lowest .pure .sanitized demo build dist *.egg-info
