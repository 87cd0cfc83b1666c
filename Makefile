# Verbs only; what they do in detail is Swift's and Python's business. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# An interpreter started from here behaves as a user's would: it writes bytecode, and nothing but
# what a rule names is on its path.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME IMPORTAHEAD IMPORTAHEAD_BACKEND

SWIFT ?= swift
# The interpreter the tests and the demo run on: Debian's, where there is one.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)

# What apt has to provide. Benchmarks/bench.mk adds what only a measurement needs.
PACKAGES := binutils liburing-dev libpython3-dev pkg-config python3-venv

# Where `make install` puts things; the tool finds its Python side through the link.
PREFIX ?= /usr/local
LIBRARY = $(DESTDIR)$(PREFIX)/lib/importahead

LAUNCHER := dist/bin/importahead
TOOL := dist/libexec/importahead
PACKAGE := dist/python/importahead
EXTENSION := $(PACKAGE)/_importahead.abi3.so
VENV := .build/venv
SWIFT_SOURCES = $(wildcard Sources Tests Benchmarks/Sources Benchmarks/Tests) Package.swift \
	$(wildcard Benchmarks/Package.swift)
PYTHON_SOURCES = $(wildcard Sources/python Tests/python Tests/conformance Tests/compatibility Tests/mutations \
	Benchmarks demo)

-include Benchmarks/bench.mk

.PHONY: help setup packages build tool launcher extension python test test-swift test-python demo lint format \
	conformance compatibility mutations install clean

help: ## Show what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the Debian packages that are missing; nothing when none is.
	@scripts/setup '$(SWIFT)' $(PACKAGES) $(BENCH_PACKAGES)

# What building alone needs: nobody has to have what a measurement needs.
packages:
	@scripts/setup '$(SWIFT)' $(PACKAGES)

build: tool launcher extension python ## Build the tool and the extension into dist/.
	@echo 'built $(LAUNCHER) and $(EXTENSION)'

# The tool carries its Swift runtime, so that it runs where there is no toolchain.
tool: packages
	@$(call swift-quietly,$(SWIFT) build -c release --product importahead --static-swift-stdlib)
	@scripts/place --strip .build/release/importahead $(TOOL)

# What is called importahead is small: it becomes the program to run, or the tool.
launcher: packages
	@$(call swift-quietly,$(SWIFT) build -c release --traits Embedded --product importahead-launcher \
	  --scratch-path .build/embedded)
	@scripts/place --strip .build/embedded/release/importahead-launcher $(LAUNCHER)

# The extension is Embedded Swift and keeps a build directory of its own: the two never mix.
extension: packages
	@$(call swift-quietly,$(SWIFT) build -c release --traits Embedded --product _importahead \
	  --scratch-path .build/embedded)
	@scripts/place --strip .build/embedded/release/lib_importahead.so $(EXTENSION)

# Bytecode for every CPython here, at each level of optimisation: the hook must never compile itself,
# wherever the tree is copied to and whatever the copies' times.
python: extension
	@scripts/place-package Sources/python dist/python
	@scripts/pythons | while read -r python; do \
	  "$$python" -I -m compileall -q -f -o 0 -o 1 -o 2 \
	    --invalidation-mode unchecked-hash dist/python; \
	done

test: test-swift test-python ## Run the Swift and the Python tests.

test-swift: packages
	@$(SWIFT) test

test-python: build $(VENV)/ready
	@scripts/pytest $(VENV)/bin/python Tests/python

demo: build ## Time five well-known packages with and without importahead.
	@$(PYTHON) demo/demo.py --python '$(PYTHON)'

lint: $(VENV)/ready ## Check format and style of Swift and Python.
	@$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@$(VENV)/bin/ruff check --quiet $(PYTHON_SOURCES)
	@$(VENV)/bin/ruff format --quiet --check $(PYTHON_SOURCES)
	@echo 'lint: clean'

format: $(VENV)/ready ## Rewrite Swift and Python in the project's format.
	@$(SWIFT) format --in-place --parallel --recursive $(SWIFT_SOURCES)
	@$(VENV)/bin/ruff check --quiet --fix $(PYTHON_SOURCES)
	@$(VENV)/bin/ruff format --quiet $(PYTHON_SOURCES)

# All parts run whatever the first says; each may fail the whole.
# CONFORMANCE chooses interpreters, lanes and tests of CPython's, and then runs nothing else:
# make conformance CONFORMANCE='--python 3.13 --lane io_uring+evicted'
conformance: build $(VENV)/ready ## Run CPython's own import tests, and ours on every interpreter.
ifdef CONFORMANCE
	@$(VENV)/bin/python -u Tests/conformance/run.py $(CONFORMANCE)
else
	@failed=; \
	$(VENV)/bin/python -u Tests/conformance/run.py || failed=1; \
	$(VENV)/bin/python -u Tests/conformance/run.py --mutants || failed=1; \
	$(VENV)/bin/python -m pytest -q --full Tests/python || failed=1; \
	[[ -z $$failed ]]
endif

# COMPATIBILITY has options, such as '--only Ansible --only Dask'; `--list` shows the names.
compatibility: build $(VENV)/ready ## Run well-known programs with and without importahead (outside CI).
	@$(VENV)/bin/python -u Tests/compatibility/run.py --write $(COMPATIBILITY)

mutations: packages $(VENV)/ready ## Break the product on purpose and show which cases notice.
	@$(VENV)/bin/python -u Tests/mutations/run.py

install: build ## Copy the build to PREFIX, /usr/local by default, and link the tool into its bin.
	@install -d '$(DESTDIR)$(PREFIX)/bin' '$(LIBRARY)'
	@rm -rf '$(LIBRARY)/bin' '$(LIBRARY)/libexec' '$(LIBRARY)/python'
	@cp -a dist/bin dist/libexec dist/python '$(LIBRARY)'
	@ln -sfn ../lib/importahead/bin/importahead '$(DESTDIR)$(PREFIX)/bin/importahead'
	@echo 'installed $(PREFIX)/bin/importahead'

clean: ## Remove everything that was built.
	@rm -rf .build dist Benchmarks/.build

$(VENV)/ready: scripts/requirements.txt | packages
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --root-user-action ignore -r scripts/requirements.txt
	@touch $@

# SwiftPM's progress stays out of the log unless the build fails.
define swift-quietly
log=$$(mktemp); trap 'rm -f "$$log"' EXIT; echo '$(strip $(1))'; \
$(1) >"$$log" 2>&1 || { cat "$$log" >&2; exit 1; }
endef
