# Containers from scratch.  What stands behind ## is what `make help` shows.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV ?= .venv
PY := $(CURDIR)/$(VENV)/bin/python
LAB := $(PY) -IBm lab
STEPS := 1 2 3 4 5

# ---- Which step?  `make check-step 3`, `make check-step N=3` and `make check-step-3` are one.
TAKES_STEP := check-step watch run-step xray memory-curve hint reset diff notebook
VERBS := $(filter $(TAKES_STEP),$(MAKECMDGOALS))
ifneq ($(VERBS),)
  VERB := $(firstword $(VERBS))
  # An N of the environment is not meant for us; the value is never run.
  WORDS := $(filter-out $(VERB),$(MAKECMDGOALS)) $(if $(filter command,$(origin N)),$(value N))
  EXAMPLE := steps are $(STEPS), for example: make $(VERB) 1
  ifeq ($(VERB) $(strip $(WORDS)),notebook )
    WORDS := 1
    FIRST := yes
  endif
  ifeq ($(strip $(WORDS)),)
    $(error which step? $(EXAMPLE))
  endif
  ifneq ($(words $(WORDS)),1)
    $(error one step at a time, not '$(strip $(WORDS))'; $(EXAMPLE))
  endif
  STEP := $(patsubst 0%,%,$(strip $(WORDS)))
  ifeq ($(filter $(STEP),$(STEPS)),)
    $(error there is no step '$(strip $(WORDS))'; $(EXAMPLE))
  endif
  # The number is a goal too: one that does nothing, also beside a file of that name.
  .PHONY: $(filter-out $(VERB),$(MAKECMDGOALS))
  $(filter-out $(VERB),$(MAKECMDGOALS)): ; @:
endif

# ---- Root.  The command is raised, not make: what make builds stays the user's.
ifneq ($(shell id -u),0)
  SUDO ?= $(if $(shell command -v sudo),sudo -p 'Namespaces and mounts are made by root: password for %p: ')
else ifneq ($(SUDO_UID),)
  AS_USER := sudo -u '\#$(SUDO_UID)' --
endif

# What was typed as CMD goes to the program as it is: its $ are not make's.
override CMD := $(value CMD)
export CMD
# So is NAME, and only if it was typed: some environments have a NAME that is the machine's.
export CERTIFIED := $(if $(filter command,$(origin NAME)),$(value NAME))
override NAME := $(value NAME)
# BOARD may be the environment's too: who has opted in once has done so for all commands.
override BOARD := $(value BOARD)
export BOARD
TOLD := $(if $(BOARD),env BOARD="$$BOARD")
# These are ours only if they were typed; the environment may have its own.
override SVG := $(if $(filter command,$(origin SVG)),$(value SVG))
override PROGRAM := $(if $(filter command,$(origin PROGRAM)),$(value PROGRAM))
override SUBMISSIONS := $(if $(filter command,$(origin SUBMISSIONS)),$(value SUBMISSIONS))
override RESULTS := $(if $(filter command,$(origin RESULTS)),$(value RESULTS),grades)
override JOBS := $(if $(filter command,$(origin JOBS)),$(value JOBS))
override GRADED := $(if $(filter command,$(origin STEPS)),$(value STEPS))
override ISOLATE := $(if $(filter command,$(origin ISOLATE)),$(value ISOLATE))
override OPAQUE := $(if $(filter command,$(origin OPAQUE)),$(value OPAQUE))
export SVG PROGRAM SUBMISSIONS RESULTS JOBS GRADED ISOLATE OPAQUE
export BOARD_PORT := $(if $(filter command,$(origin PORT)),$(value PORT))

.PHONY: help
help: ## show this list
	@sed -nE 's/^([a-z0-9-]+):.* ## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

# ---- For learners
.PHONY: check-step
check-step: $(VENV)/.compiled rootfs/bin/sh ## N  judge your step N (1 to 5), and say what to do next
	@$(SUDO) $(TOLD) $(LAB) check $(STEP)

.PHONY: watch
watch: $(VENV)/.compiled rootfs/bin/sh ## N  judge your step N at every save, until Ctrl-C
	@$(SUDO) $(TOLD) $(LAB) watch $(STEP)

.PHONY: run-step
run-step: $(VENV)/.compiled rootfs/bin/sh ## N CMD="ps ax"  run a command in your container, on a lab host
	@$(SUDO) $(LAB) run $(STEP) "$$CMD"

.PHONY: xray
xray: $(VENV)/.compiled rootfs/bin/sh ## N CMD="ps ax" SVG=out.svg  your lines beside what the kernel did
	@$(SUDO) $(LAB) xray $(STEP) $(if $(PROGRAM),--program "$$PROGRAM") $(if $(SVG),--svg "$$SVG") -- "$$CMD"

.PHONY: memory-curve
memory-curve: $(VENV)/.compiled rootfs/bin/sh ## N  what your container uses while a program in it wants all
	@$(SUDO) $(LAB) memory-curve $(STEP)

.PHONY: lab
lab: $(VENV)/.compiled rootfs/bin/sh ## a root shell on a lab host, where mistakes do no harm
	@$(SUDO) $(LAB) lab $(if $(CMD),"$$CMD")

.PHONY: hint reset diff
hint: $(VENV)/.check ## N  one more hint for step N
	@$(LAB) hint $(STEP)
reset: $(VENV)/.check ## N  begin step N again; a copy of your work is kept
	@$(LAB) reset $(STEP)
diff: $(VENV)/.check ## N  what you changed in step N; once it passes, how the solution differs
	@$(LAB) diff $(STEP)

.PHONY: status
status: $(VENV)/.compiled rootfs/bin/sh ## NAME="you"  which of your steps pass; after the last, a certificate
	@$(SUDO) $(LAB) status "$$CERTIFIED"

.PHONY: notebook
notebook: $(VENV)/.notebook $(VENV)/.compiled rootfs/bin/sh ## N  the lessons in JupyterLab, as you; from step N on
	@$(AS_USER) env SUDO="$(SUDO)" $(LAB) notebook $(if $(FIRST),,$(STEP))

.PHONY: demo
demo: $(VENV)/.compiled rootfs/bin/sh ## what you are going to build, in ten seconds
	@$(SUDO) $(LAB) demo

.PHONY: rootfs
rootfs: $(VENV)/.check ## make the container's file tree again; KIND=debian for a real Debian
	@$(SUDO) $(LAB) rootfs $(KIND)
rootfs/bin/sh: | $(VENV)/.check
	@echo 'first run: making rootfs/, the tree for step 5 ...'
	@$(SUDO) $(LAB) rootfs

.PHONY: doctor
doctor: $(VENV)/.check ## what this machine can do, and what to install
	@$(SUDO) $(LAB) doctor

.PHONY: vm
vm: $(VENV)/.compiled rootfs/bin/sh ## a shell in a throwaway virtual machine with control groups v2; needs no root
	@$(LAB) vm $(if $(CMD),"$$CMD")

# ---- For instructors
.PHONY: grade
grade: $(VENV)/.compiled rootfs/bin/sh ## SUBMISSIONS=folder RESULTS=grades JOBS=4 STEPS=1-5 ISOLATE=vm OPAQUE=yes  judge a class
	@$(SUDO) $(LAB) grade "$$SUBMISSIONS" "$$RESULTS" "$$JOBS" "$$GRADED" "$$ISOLATE" "$$OPAQUE"

.PHONY: board
board: $(VENV)/.compiled ## PORT=8000  a page that shows who has passed what, of those who opt in
	@$(AS_USER) $(LAB) board "$$BOARD_PORT"

.PHONY: gradescope
gradescope: $(VENV)/.compiled ## STEPS=1-5  an autograder to be uploaded to Gradescope: gradescope.zip
	@$(AS_USER) $(LAB) gradescope "$$GRADED"

.PHONY: classroom50
classroom50: $(VENV)/.compiled ## STEPS=1-5  an autograder for Classroom 50: the folder classroom50/
	@$(AS_USER) $(LAB) classroom50 "$$GRADED"

# ---- For those who work on the workshop
.PHONY: sync
sync: $(VENV)/.check ## cut the solutions and starters from solutions/container.py
	@$(LAB) sync

.PHONY: notebooks
notebooks: $(VENV)/.test ## build the notebooks from the lessons
	@$(LAB) notebooks

.PHONY: pictures
pictures: $(VENV)/.compiled rootfs/bin/sh ## draw the pictures of the lessons, from real runs
	@$(SUDO) $(LAB) pictures

.PHONY: slides
slides: $(VENV)/.check ## build the slides of docs/slides.md as one page, slides.html
	@$(AS_USER) $(LAB) slides

.PHONY: bundle
bundle: $(VENV)/.check ## one file with all of it for this Python, for a room without internet
	@$(if $(UV),$(AS_USER) $(PIP) pip) # uv makes environments without one
	@$(AS_USER) $(LAB) bundle

.PHONY: test
test: $(VENV)/.test rootfs/bin/sh ## all tests of the workshop itself
	@$(SUDO) $(PY) -IBm pytest -q $(TESTS)

.PHONY: test-browser
test-browser: $(VENV)/.browser $(VENV)/.compiled rootfs/bin/sh ## the notebooks in a real JupyterLab and Chromium
	@$(SUDO) $(PY) -IBm pytest -q -s tests/browser $(TESTS)

.PHONY: test-vm
test-vm: $(VENV)/.test rootfs/bin/sh ## the checks of all steps in the virtual machine, v2 and v1
	@$(LAB) test-vm

.PHONY: mutate
mutate: $(VENV)/.test rootfs/bin/sh ## disable each assertion and predicate in turn: does the corpus notice?
	@$(SUDO) $(PY) -B tests/mutate.py

.PHONY: soak
soak: $(VENV)/.test rootfs/bin/sh ## N=20  judge the corpus N times on a busy machine: no verdict may change
	@$(SUDO) $(PY) -B tests/soak.py $(if $(filter command,$(origin N)),'$(value N)',20)

.PHONY: soak-class
soak-class: $(VENV)/.test rootfs/bin/sh ## N=200  judge a class of N right, wrong and hostile people: is each verdict the truth?
	@$(SUDO) $(PY) -B tests/crowd.py $(if $(filter command,$(origin N)),'$(value N)',200)

.PHONY: lint
lint: $(VENV)/.test ## ruff
	@$(PY) -Im ruff check . && $(PY) -Im ruff format --check .

.PHONY: bench
bench: $(VENV)/.compiled rootfs/bin/sh ## ROUNDS=20 ONLY=classes  the numbers, measured side by side
	@$(SUDO) $(LAB) bench $(or $(ROUNDS),20) $(ONLY)

# check-step-3 and its like
WITH_NUMBER := $(foreach verb,$(TAKES_STEP),$(STEPS:%=$(verb)-%))
.PHONY: $(WITH_NUMBER)
$(WITH_NUMBER): ; @$(MAKE) --no-print-directory $(subst -$(lastword $(subst -, ,$@)),,$@) N=$(lastword $(subst -, ,$@))

# ---- The environment: made once, stamped last.  Anew when the checkout has moved.
ifneq ($(file <$(VENV)/.here),$(CURDIR))
.PHONY: $(VENV)/.check $(VENV)/.test $(VENV)/.notebook $(VENV)/.browser $(VENV)/.compiled
endif

# Root's Python writes nothing here (-B), so what has changed is compiled first, by its owner.
$(VENV)/.compiled: $(wildcard lab/*.py lab/*/*.py tests/*.py) | $(VENV)/.check
	@$(AS_USER) $(PY) -m compileall -q -l lab lab/*/ tests && $(AS_USER) touch $@

UV := $(shell command -v uv 2>/dev/null)
PIP = $(if $(UV),$(UV) pip install -q --python $(PY),$(PY) -m pip install -q --disable-pip-version-check) $(OFFLINE)
# What learners need may lie in offline/, packed by `make bundle`: then nobody is asked for it.
OFFLINE = $(if $(filter check notebook,$*),$(if $(wildcard offline/wheels),--no-index --find-links offline/wheels))
NOT_PACKED = $(if $(OFFLINE),|| { echo '$(NOT_FOR_THIS)' >&2; exit 1; })
NOT_FOR_THIS = offline/ was packed for $(file <offline/about): make PYTHON=..., \
  or rm -r offline where there is internet

# For whom an extra is installed, as it is typed.
FOR_check := check-step
FOR_test := test
FOR_notebook := notebook
FOR_browser := test-browser
# JupyterLab is some eighty packages: say where it has got to.
COUNT := awk '/^(Collecting|Processing)/ { n++; sub(".*/", "", $$2); \
  printf "\r  %d packages: %-40.40s", n, $$2; fflush() } \
  /^Installing/ { printf "\r  installing %d packages %-30s", n, "..."; fflush() } END { print "" }'

$(VENV)/.check $(VENV)/.test $(VENV)/.notebook $(VENV)/.browser: $(VENV)/.%: pyproject.toml | $(VENV)/bin/python
	@echo 'first run: installing what `make $(FOR_$*)` needs into $(VENV)/ ...'
	@{ $(if $(filter check test,$*),$(AS_USER) $(PIP) --editable '.[$*]',$(LOUD_PIP)); } $(NOT_PACKED)
	@$(AS_USER) sh -c 'printf %s "$(CURDIR)" > $(VENV)/.here; touch $@'

# uv has a bar of its own; the status of pip is what counts, not that of what counts for it.
LOUD_PIP = $(if $(UV),$(AS_USER) $(subst -q ,,$(PIP)) --editable '.[$*]',\
  { $(AS_USER) $(subst -q ,,$(PIP)) --editable '.[$*]' || echo 1 >$(VENV)/.failed; } | $(COUNT); \
  ! rm $(VENV)/.failed 2>/dev/null)

$(VENV)/bin/python:
	@sh lab/prerequisites $(PYTHON) $(if $(UV),uv)
	@echo 'first run: making $(VENV)/ ...'
	@$(AS_USER) $(if $(UV),$(UV) venv -q --allow-existing --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV)) || { rm -rf $(VENV); exit 1; }
	@$(if $(UV),,$(AS_USER) $(PY) -m pip uninstall -qq -y setuptools) # each start of Python would import some of it
