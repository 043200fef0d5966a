# make demo     trains on the embedded Fashion-MNIST for two minutes and says where the pictures are
# make test     style, types, tests
# make wheel-test  builds a wheel and trains from it, in an empty environment outside the checkout; exports what was
#               trained, and generates from that in another environment, without torch
# make course   makes and executes the notebooks of the course, in both languages; SMOKE=1 with tiny budgets, to no folder
# make docs     builds the documents, strictly
# Each makes its own .venv the first time and is quick the second; only Python 3.11+ and make are needed.
# Every path is relative, so the checkout may lie in a folder with a space in its name.

# The first that runs and is new enough: a name on the path may be a shim that does not.
IS_NEW = -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	$$name $(IS_NEW) && echo $$name && break; done)
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt
# What pip would do on one core, and that takes it the most time; a package may have templates that are no Python.
COMPILE = $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true

.PHONY: demo test wheel-test install course docs clean

demo: $(VENV)/installed
	$(BIN)/python -m faussaire demo

# Three on two cores, as browsers and servers are waited for; the files that take long begin (tests/conftest.py).
# The programs that tests start take a thread each, and are compiled once. The types are looked at beside them.
test: export OMP_NUM_THREADS = 1
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/installed-dev
	$(BIN)/python -m ruff check src tests benchmarks course
	$(BIN)/python -m ruff format --check src tests benchmarks course
	$(BIN)/python -m mypy > $(VENV)/types 2>&1 & types=$$!; \
		$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder; tests=$$?; \
		wait $$types; types=$$?; cat $(VENV)/types; exit $$((types + tests))

# Nothing of the checkout is on the path there: what the wheel lacks is missed.
wheel-test: $(VENV)/installed
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	outside=$$(mktemp -d) && trap 'rm -rf "$$outside"' EXIT && \
		"$(PYTHON)" -m venv "$$outside/venv" && \
		"$$outside/venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt \
			"$$(grep '^torch==' constraints.txt)" && \
		"$$outside/venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt \
			"$$(ls dist/faussaire-*.whl)[onnx]" && \
		"$(PYTHON)" -m venv "$$outside/runtime" && \
		"$$outside/runtime/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt \
			"$$(ls dist/faussaire-*.whl)[runtime]" && \
		cd "$$outside" && venv/bin/faussaire demo --minutes 0.2 && test -s runs/demo/progress.gif && \
		venv/bin/faussaire export runs/demo --to onnx demo.onnx && \
		! runtime/bin/python -c 'import torch' 2>/dev/null && \
		runtime/bin/faussaire generate demo.onnx && test -s grid.png

install: $(VENV)/installed

course: $(VENV)/installed-dev
	$(BIN)/python course/build.py $(if $(SMOKE),--quick)

docs: $(VENV)/installed-dev
	$(PIP) -e '.[docs]'
	$(BIN)/python -m mkdocs build --strict

# torch goes in first and alone: asked for beside the rest, pip may take a CUDA build of several GB.
$(VENV)/installed: pyproject.toml constraints.txt
	@"$(PYTHON)" $(IS_NEW) || \
		{ echo "faussaire needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || \
		{ echo "python -m venv failed: on Debian or Ubuntu, apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	$(PIP) "$$(grep '^torch==' constraints.txt)"
	$(PIP) -e '.[train]'
	$(COMPILE)
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) -e '.[dev]'
	$(COMPILE)
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis site dist
