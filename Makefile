# Every target sets up the environment it needs; nothing else has to be installed first.
# Python 3.11 or later and a C compiler are expected: PYTHON=python3.12 chooses another one.
PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
BIN    := $(VENV)/bin

.PHONY: run test test-all fuzz check lint format types coverage bench bench-avx2 bench-surrogate bench-gpu gpu gpu-counts docs test-docs test-simulators clean

run: $(VENV)/.run
	$(BIN)/genn-delays run experiments/quickstart.yaml $(ARGS)

# In as many processes as there are cores; ARGS="-n 0 ..." for one.
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-all: $(VENV)/.dev
	$(BIN)/python -m pytest -m "slow or not slow" $(ARGS)

# Damaged and odd files at every entrance: 100,000 of them, see docs/testing.md.
fuzz: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m fuzz $(ARGS)

# What continuous integration runs.
check: lint types coverage

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev
	$(BIN)/mypy

coverage: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal --cov $(ARGS)

# Both against PyTorch, which has to be in the environment: $(VENV)/bin/pip install torch
bench: $(VENV)/.run
	$(BIN)/python benchmarks/compare.py $(ARGS)
	$(BIN)/python benchmarks/scaling.py $(ARGS)
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/ceiling.py $(ARGS)

bench-avx2: $(VENV)/.run
	$(BIN)/python benchmarks/compare.py --isa avx2 $(ARGS)
	$(BIN)/python benchmarks/report.py

bench-surrogate: $(VENV)/.run
	$(BIN)/python benchmarks/surrogate.py $(ARGS)
	$(BIN)/python benchmarks/dcls.py

# PyGeNN is installed by hand, so these run in the interpreter that has it.
bench-gpu:
	PYTHONPATH=.:benchmarks $(PYTHON) -m gpu.table $(ARGS)

# All that a bare node with an NVIDIA device can say in nine minutes, see docs/gpu.md.
gpu:
	PYTHONPATH=.:benchmarks $(PYTHON) -m gpu.node $(ARGS)

# What nvcc says of the generated kernels, and the counted floor.
gpu-counts:
	PYTHONPATH=.:benchmarks $(PYTHON) -m gpu.resources $(ARGS)
	PYTHONPATH=.:benchmarks $(PYTHON) -m gpu.floor

# Exported scripts in their simulators, which get an environment of their own.
test-simulators: $(VENV)/.dev $(VENV)-simulators/.done
	GENN_DELAYS_SIMULATORS=$(VENV)-simulators/bin/python \
		$(BIN)/python -m pytest -m simulators tests/export $(ARGS)

# A warning is an error: a link, a name or a block that is not right.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W -n -q --keep-going -j auto -c docs . docs/_build/html
	@echo "open docs/_build/html/index.html"

# The pages in Debian's chromium; needs the packages chromium and chromium-driver.
test-docs: $(VENV)/.docs
	$(BIN)/python -m pytest -m site tests/test_docs_site.py $(ARGS)

clean:
	rm -rf $(VENV) $(VENV)-simulators build dist docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp per set of extras: the environment follows the files that describe it.
$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "genn-delays needs Python 3.11 or later; give one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml setup.py | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[speech]"
	touch $@

$(VENV)/.dev: pyproject.toml setup.py | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[dev,speech]"
	touch $@ $(VENV)/.run

$(VENV)/.docs: pyproject.toml setup.py | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[dev,docs,speech]"
	touch $@ $(VENV)/.run $(VENV)/.dev

# brian2 2.9, which is what Python below 3.13 gets, does not import with numpy 2.4
$(VENV)-simulators/.done:
	$(PYTHON) -m venv $(VENV)-simulators
	$(VENV)-simulators/bin/python -m pip install --quiet "brian2>=2.9" "numpy<2.4" \
		"nest-simulator>=3.10" "arbor>=0.12" "PyNN>=0.13"
	touch $@
