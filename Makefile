# make book   install, build the book (warnings are errors), say where to open it
# make test   install, then lint, unit tests, every notebook, the build, the built pages
# make claims every notebook on several kinds of machine: by what margin does each claim hold?
# make cupy   every notebook under CuPy's rules, without a device
# make libraries  the core on PyTorch and JAX, and converters against their libraries, where they are installed
# make fuzz   ten thousand random cases and more: laws, and bad values for every public function
# make lab    JupyterLab on the chapters        make serve  the built book on this machine
# make clean  forget what was built             PYTHON=python3.12 VENV=elsewhere  override

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PORT ?= 8000
CASES ?= 10000
SEED ?= $(shell date +%Y%m%d)
STAMP = $(VENV)/.installed
# The package spreads its own work over the cores; BLAS threads on top of that only get in its way.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help install book test lint unit notebooks html pages claims cupy libraries fuzz lab serve clean

help:
	@sed -n 's/^# //p' Makefile

install: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed and $(PYTHON) is {v[0]}.{v[1]}: try make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $(STAMP)

book: html
	@echo "The book is ready: open _build/html/index.html in a browser, or run make serve."

# Every stage runs, also after one has failed; the last line names those that did.
test: $(STAMP)
	@failed=""; \
	for stage in lint unit notebooks html pages; do \
	  echo; echo "== $$stage"; \
	  case "$$stage $$failed" in pages*html*) echo "not run: there is no book to check"; continue;; esac; \
	  $(MAKE) --no-print-directory $$stage || failed="$$failed $$stage"; \
	done; \
	echo; if [ -n "$$failed" ]; then echo "FAILED:$$failed"; exit 1; fi; echo "all stages passed"

lint: $(STAMP)
	$(BIN)/ruff check .

unit: $(STAMP)
	$(BIN)/python -m pytest tests --ignore=tests/browser -n 2

# Each notebook runs once, for the tests and for the book; nbval then judges every cell of the executed copies.
notebooks: $(STAMP)
	$(BIN)/python chapters/_ext/run_notebooks.py
	$(BIN)/python -m pytest chapters --nbval-lax --nbval-current-env --executed -q

# What failed on the pages is named again at the very end; there is a book all the same.
html: $(STAMP)
	@$(BIN)/jupyter-book build -W -n --keep-going . || built=$$?; \
	$(BIN)/python chapters/_ext/run_notebooks.py --failed && exit $$built

pages: $(STAMP)
	$(BIN)/python -m pytest tests/browser -n 2

claims: $(STAMP)
	$(BIN)/python chapters/_ext/claims.py $(MACHINES)

cupy: $(STAMP)
	CSCBOOK_BACKEND=cupy PYTHONPATH=tests/standin $(BIN)/python -m pytest tests --ignore=tests/browser -m gpu -q -n 2
	$(BIN)/python chapters/_ext/claims.py --check "cupy stand-in"

libraries: $(STAMP)
	CSCBOOK_LIBRARIES=torch,jax $(BIN)/python -m pytest tests/test_libraries.py -q -n 2
	CSCBOOK_LIBRARIES=torch $(BIN)/python -m pytest tests --ignore=tests/browser -m libraries \
	  --deselect tests/test_libraries.py -q -n 2
	$(BIN)/python -m pytest tests/interop -q -n 2

# SEED=7 draws others; the last lines say how many ran, and from which seed.
fuzz: $(STAMP)
	CSCBOOK_FUZZ=$(CASES) CSCBOOK_FUZZ_SEED=$(SEED) $(BIN)/python -m pytest tests/fuzz -q -n 2 \
	  --hypothesis-seed=$(SEED)

lab: $(STAMP)
	$(BIN)/jupyter lab chapters

serve: $(STAMP)
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

clean:
	rm -rf _build
	find cscbook -name '*.nb[ic]' -delete
