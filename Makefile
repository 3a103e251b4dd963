# make demo   installs the core (no torch) and restores the photographs in examples/
# make test   installs everything and runs all checks
# make check  the checks alone, without the tests
# make docs   the documentation as a site, in docs/_build/index.html
# make e2e    the tests in a real browser: needs Chromium as the command chromium

PYTHON ?= python3
PIP = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
CORE = .venv-core
DEV = .venv

.PHONY: demo test check docs e2e clean

demo: $(CORE)/ready
	@$(CORE)/bin/aigan restore examples/cat-noise.png -o demo --task denoise --save original,interference,comparison --overwrite
	@$(CORE)/bin/aigan restore examples/flower-rain-light.png examples/rocket-rain-heavy.png -o demo --task derain --save original,interference,comparison --overwrite
	@$(CORE)/bin/aigan restore examples/temple-haze.png -o demo --task dehaze --save original,interference,comparison --overwrite
	@echo
	@echo "Look at demo/*.comparison.png: before, restored, and what was taken out."
	@echo "Next, one of your own:  $(CORE)/bin/aigan restore PICTURE -o restored.png --task denoise"

test: check
	$(DEV)/bin/python -m pytest --quiet --numprocesses auto --dist loadfile

check: $(DEV)/ready
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

docs: $(DEV)/ready
	$(DEV)/bin/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "Open docs/_build/index.html"

e2e: $(DEV)/e2e-ready
	$(DEV)/bin/python -m pytest --quiet tests/e2e

$(CORE)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(CORE)
	$(CORE)/bin/python $(PIP) .
	@touch $@

$(DEV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python $(PIP) --editable '.[dev]'
	@touch $@

$(DEV)/e2e-ready: $(DEV)/ready
	$(DEV)/bin/python $(PIP) --editable '.[e2e]'
	@touch $@

clean:
	rm -rf $(CORE) $(DEV) demo docs/_build docs/models
