# The tasks of this project. Every recipe is one documented command, printed as it runs; to give one of them
# by hand, first `source .venv/bin/activate`. Python 3.11 to 3.13, git and make are all that must be there.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
BUNDLE ?= pet_denoising
BENCH ?= pet_reconstruction

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

CONFIGS := bundles/$(BUNDLE)/configs
DATA := bundles/$(BUNDLE)/data
EVAL := bundles/$(BUNDLE)/eval
PIP := python -m pip install -c constraints.txt

# What differs between the bundles: the command that makes the default data.
DATA_COMMAND_pet_denoising = python -m preprocessing pet simulate --subjects 40 --seed 0 --out $(DATA) --workers 2
DATA_COMMAND_face_super_resolution = python -m preprocessing face simulate --identities 160 --seed 0 --out $(DATA) --workers 2
DATA_COMMAND_mr_contrast_synthesis = python -m preprocessing mr simulate --subjects 32 --seed 0 --out $(DATA) --workers 2

BUNDLES := $(patsubst DATA_COMMAND_%,%,$(filter DATA_COMMAND_%,$(.VARIABLES)))
ifeq ($(filter $(BUNDLE),$(BUNDLES)),)
$(error there is no bundle '$(BUNDLE)'; expected BUNDLE to be one of: $(BUNDLES))
endif

# What the restoration of one case needs besides: the faces of the data list are references.
RESTORE_OPTIONS_face_super_resolution = --input_kind reference

.PHONY: help
help:  ## list the targets
	@echo 'make TARGET [BUNDLE=$(BUNDLE)] [PYTHON=$(PYTHON)]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1@\2/p' Makefile | while IFS=@ read -r name text; do printf '  %-10s %s\n' $$name "$$text"; done

# --- packages -------------------------------------------------------------------------------------------

.venv/bin/python:
	@command -v $(PYTHON) > /dev/null || { echo 'error: found no $(PYTHON); name a Python 3.11 to 3.13, for example: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("error: expected Python 3.11 to 3.13, $(PYTHON) is %d.%d; name another one, for example: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

# torch comes first and by itself, so that a build of it that is already there (CPU only) is kept.
.venv/.installed-run: pyproject.toml constraints.txt | .venv/bin/python
	python -m pip install --quiet --upgrade 'pip>=25.1'
	$(PIP) torch
	$(PIP) -e '.[cluster,export,face,mr,pet,report,tracking]'
	@touch $@

.venv/.installed-dev: .venv/.installed-run
	$(PIP) --group dev
	@touch $@

.PHONY: install
install: .venv/.installed-dev  ## make .venv with everything that run, test and lint need

# --- a bundle from data to report -----------------------------------------------------------------------

.PHONY: run data train evaluate restore report
run: data train evaluate restore report  ## all five steps below; run again to resume

data: .venv/.installed-run  ## make the default data of the bundle
	$(DATA_COMMAND_$(BUNDLE))

train: .venv/.installed-run  ## train the bundle; a killed run continues
	python -m monai.bundle run training --config_file $(CONFIGS)/train.json

evaluate: .venv/.installed-run  ## measure the held-out subjects
	python -m monai.bundle run evaluating --config_file "['$(CONFIGS)/train.json','$(CONFIGS)/evaluate.json']"

restore: .venv/.installed-run  ## restore one held-out case
	python -m monai.bundle run --config_file $(CONFIGS)/inference.json --input $(shell .venv/bin/python -c "import json; print('$(DATA)/' + json.load(open('$(DATA)/datalist.json'))['test'][0]['image'])") $(RESTORE_OPTIONS_$(BUNDLE))

report: .venv/.installed-run  ## write the report of the last evaluation, and print its table
	python -m taskgan_ext.report $(EVAL)
	@echo 'table:    $(EVAL)/summary.csv'
	@echo 'restored: $(EVAL)/restored'
	@echo 'report:   $(EVAL)/report.html'

# --- development ----------------------------------------------------------------------------------------

.PHONY: test lint bench clean
test: .venv/.installed-dev  ## run all tests
	OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadfile

lint: .venv/.installed-dev  ## check style, types and import layers
	ruff check
	ruff format --check
	mypy
	lint-imports

bench: .venv/.installed-dev  ## measure speed: BENCH is a file of benchmarks/
	python benchmarks/$(BENCH).py

clean:  ## remove .venv and caches; data, models and results stay
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
