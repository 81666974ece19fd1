# Each target makes its environment in .venv where that is missing.
# PYTHON names the interpreter (3.11 or newer) that the environment is made from.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test test-slow lint docs bench clean clean-kernels

demo: $(READY)
	$(BIN)/python docs/demo.py

# Workers share two cores: threads of OpenMP and BLAS would only wait for each other.
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

test-slow: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt ".[bench]"
	$(BIN)/python benchmarks/bench_bagging_predict.py
	$(BIN)/python benchmarks/bench_inference.py
	$(BIN)/python benchmarks/bench_splits.py
	$(BIN)/python benchmarks/bench_trees.py
	$(BIN)/python benchmarks/bench_forests.py
	$(BIN)/python benchmarks/bench_native.py
	$(BIN)/python benchmarks/bench_boosting.py plain missing categories classes
	$(BIN)/python benchmarks/bench_adaboost.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_learners.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_distributions.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_nets.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_combining.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_intervals.py coverage

clean-kernels:
	find ensembles -name '*.nb[ci]' -delete

clean: clean-kernels
	rm -rf .venv docs/_build docs/api/generated

# Debian's python3 has no ensurepip, so the system's pip installs the first pip.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@
