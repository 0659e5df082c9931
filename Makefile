PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

LOWEST := .venv-lowest
# rooms that need no long run; CONTRIBUTING.md says the rule
QUICK := $(addprefix tests/,components engine export files interconnect mapping metrics spec whatif workload \
  cli/test_inputs.py cli/test_main.py \
  test_architecture.py test_errors.py test_json_reader.py test_public_names.py test_taskgraph.py test_tasktemplate.py \
  test_units.py test_verify.py test_yaml_reader.py)

# rooms whose lines and branches `make coverage` measures; kernels are seen through their plain twins
COVERED := spec units taskgraph engine metrics lowering components rules crossbar

.PHONY: demo quick test docs pages validate coverage nightly lowest wheel clean

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

$(VENV)/.docs: pyproject.toml $(VENV)/.made
	$(PIP) ".[docs]"
	touch $@

demo: $(VENV)/.demo
	$(BIN)/archsim run arch_specs/wearable_rram.yaml workloads/watch_mlp.yaml -o results/demo
	$(BIN)/archsim learn arch_specs/wearable_rram.yaml workloads/watch_adapt.yaml \
	  --set learning.pretrain.epochs=6 --set learning.adapt.passes=2 --set learning.adapt.simulated=60 \
	  --set 'device.errors.programming={kind: table, device: wan, scale: window}'

# lint, and types while the kernels are compiled on the other core, each once
CHECKS = $(BIN)/ruff check archsim tests benchmarks docs && \
  { $(BIN)/python tests/warm.py engines & $(BIN)/python tests/warm.py numbers & $(BIN)/mypy && wait; }
# a worker that has nothing left takes over what waits for the other
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal

quick: $(VENV)/.dev
	$(CHECKS)
	$(PYTEST) -m "not slow" $(QUICK)

test: $(VENV)/.dev
	$(CHECKS)
	$(PYTEST)

# the site, in build/site: every tutorial is run, and a warning is an error
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/site

# output, tables and pictures that docs show, made again; figures in prose are listed (STUDIES=1: studies too, hours)
pages: $(VENV)/.dev
	$(BIN)/python docs/remake.py $(if $(STUDIES),--studies)

# archsim beside peers, silicon and theory: figures into docs/validation; fails where a difference has no reason
validate: $(VENV)/.dev
	$(BIN)/python docs/validation/validate.py $(NAMES)

# lines and branches of COVERED that the tests reach; the goal is 95 %
coverage: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 $(foreach room,$(COVERED),--cov=archsim.$(room)) --cov-branch --cov-report=term:skip-covered

# engines compared on 30,000 random graphs, others each night; a failure names the seed; longer runs on real chips; all
# golden figures;
# 2,000 random chips and networks; each kind of study killed 50 times; 20,000 damaged inputs, others each night, of
# which a failure is printed as a command
nightly: $(VENV)/.dev
	ARCHSIM_NIGHTLY=$${ARCHSIM_NIGHTLY:-$$(date +%Y%m%d)0000} $(BIN)/python -m pytest -n 2 tests/engine tests/golden tests/test_long_simulation.py
	ARCHSIM_FUZZ=2000 ARCHSIM_FUZZ_SEED=$${ARCHSIM_NIGHTLY:-$$(date +%Y%m%d)0000} $(BIN)/python -m pytest -n 2 tests/fuzz/test_semantics.py
	ARCHSIM_EFFECTS=all $(BIN)/python -m pytest -n 2 tests/test_effects.py
	ARCHSIM_KILLS=50 $(BIN)/python -m pytest -n 2 tests/explore/test_robust.py
	ARCHSIM_FUZZ=$${ARCHSIM_FUZZ:-20000} ARCHSIM_FUZZ_FIRST=$${ARCHSIM_FUZZ_FIRST:-$$(date +%Y%m%d)00000} \
	  $(BIN)/python -m pytest -n 2 tests/fuzz/test_damaged.py

# the lowest versions that pyproject.toml promises, on a short walk (PYTHON=python3.11 or 3.12)
lowest:
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint tests/lowest/versions.txt --editable ".[data,fast]"
	$(LOWEST)/bin/python tests/lowest/smoke.py

# the wheel in new environments and empty folders, without the clone: examples, commands of the pages (those of PYTHONS
# that are installed)
PYTHONS ?= python3.11 python3.12 python3.13
wheel: $(VENV)/.dev
	$(BIN)/python tests/wheel/wheel_walk.py $(PYTHONS)

clean:
	rm -rf $(VENV) $(LOWEST) results build *.egg-info
