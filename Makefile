# Both targets do all their own set-up, on a machine with Python 3.11+, gcc and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint benchmarks clean

$(VENV)/dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# The main job on a small genome made on the spot: import, ask, draw.
demo: $(VENV)/dev
	$(BIN)/python examples/demo.py demo

test: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadscope --durations 15

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
	rm -rf $(VENV) demo build dist *.egg-info
