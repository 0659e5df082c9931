PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

.PHONY: demo test nightly clean

$(VENV)/.made:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'archsim needs Python 3.11 or newer')"
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: pyproject.toml $(VENV)/.made
	$(PIP) ".[data,fast]"
	touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.made
	$(PIP) ".[dev]"
	touch $@

demo: $(VENV)/.demo
	$(BIN)/archsim run arch_specs/wearable_rram.yaml workloads/watch_mlp.yaml -o results/demo
	$(BIN)/archsim learn arch_specs/wearable_rram.yaml workloads/watch_adapt.yaml \
	  --set learning.pretrain.epochs=6 --set learning.adapt.passes=2 \
	  --set 'device.errors.programming={kind: table, device: wan, scale: window}'

test: $(VENV)/.dev
	$(BIN)/ruff check archsim tests benchmarks
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2

# engines compared on 30,000 random graphs, others each night; a failure names the seed; longer runs on real chips;
# 2,000 random chips and networks; each kind of study killed 50 times
nightly: $(VENV)/.dev
	ARCHSIM_NIGHTLY=$${ARCHSIM_NIGHTLY:-$$(date +%Y%m%d)0000} $(BIN)/python -m pytest -n 2 tests/engine tests/test_long_simulation.py
	ARCHSIM_FUZZ=2000 ARCHSIM_FUZZ_SEED=$${ARCHSIM_NIGHTLY:-$$(date +%Y%m%d)0000} $(BIN)/python -m pytest -n 2 tests/fuzz/test_semantics.py
	ARCHSIM_KILLS=50 $(BIN)/python -m pytest -n 2 tests/explore/test_robust.py -k killed_again

clean:
	rm -rf $(VENV) results build *.egg-info
