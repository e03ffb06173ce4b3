"""Imports go down only: from the front ends to the system calls, and never back."""

import ast
import glob
import os
import sys
from graphlib import TopologicalSorter

import pytest

from lab import ROOT, course

# From the bottom up.  A module imports what is in its own layer or below.
LAYERS = (
    ("the checkout", ["lab"]),
    ("system calls", ["linux", "wire", "confine"]),
    ("processes and groups, seen through /proc", ["cgroup", "process", "beside"]),
    ("lab host", "init machine keeper keepers host jail forks fork_server".split()),
    (
        "engine",
        "streams view catch lenience session trial verdict causes attempt sheet ink xray".split()
        + "see judge curve checks".split(),
    ),
    (
        "what is kept, and shown",
        "files policy progress difference report certificate exercise pictures".split(),
    ),
    (
        "front ends",
        "terminal screen warm guest vm leash client guard magics server grade board".split()
        + ["commands", "__main__"],
    ),
)
# The course text: imports nothing of lab, and is no business of a lab host.
COLUMN = ["course", "lesson", "mistakes", "notebook"]
LAYER_OF = {name: number for number, (_, names) in enumerate(LAYERS) for name in names}
ENGINE = [layer for layer, _ in LAYERS].index("engine")
FOR_LEARNERS = {"lab", "lab.linux", "lab.cgroup"}


def modules():
    """Return the path of each module of the package, by its name below lab."""
    found = {"lab": f"{ROOT}/lab/__init__.py"}
    for path in glob.glob(f"{ROOT}/lab/**/*.py", recursive=True):
        name = os.path.relpath(path, f"{ROOT}/lab").removesuffix(".py").replace("/", ".")
        if name != "__init__":
            found[name.removesuffix(".__init__")] = path
    return found


def imports(path):
    """Return the full names of what a program imports, wherever the import stands."""
    with open(path) as file:
        tree = ast.parse(file.read())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            found |= {whole(node.module, name.name) for name in node.names}
    return found


def whole(module, name):
    """Return the full name of `from module import name`: a module's, or the one it is in."""
    below = f"{ROOT}/{module}/{name}".replace(".", "/")
    is_module = os.path.isfile(f"{below}.py") or os.path.isdir(below)
    return f"{module}.{name}" if is_module else module


def own(names):
    """Return which modules of lab are among some imports, by their names below lab."""
    return {n.removeprefix("lab.") for n in names if n == "lab" or n.startswith("lab.")}


def layer(name):
    """Return the number of a module's layer."""
    return LAYER_OF.get(name.split(".")[0])


MODULES = modules()


def test_every_module_has_its_layer():
    """Each module is in one layer or the course's column, and each name there is a module's."""
    known = {name for _, names in LAYERS for name in names} | set(COLUMN)
    assert {name.split(".")[0] for name in MODULES} == known


@pytest.mark.parametrize("name", [name for name in MODULES if name not in COLUMN])
def test_module_imports_what_is_below(name):
    """A module imports from its own layer and those below, and the course from the engine up."""
    for imported in own(imports(MODULES[name])):
        if imported in COLUMN:
            assert layer(name) >= ENGINE, f"{name} imports {imported}"
        else:
            assert layer(imported) <= layer(name), f"{name} imports {imported}, which is above it"


@pytest.mark.parametrize("name", COLUMN)
def test_course_is_a_column_of_its_own(name):
    """The course text imports only where the checkout is, and its own kind."""
    assert own(imports(MODULES[name])) <= {"lab", *COLUMN}


def test_no_module_imports_itself_in_a_circle():
    """Within a layer too, imports go one way."""
    graph = {name: own(imports(path)) - {name} for name, path in MODULES.items()}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("name", [name for name in MODULES if (layer(name) or 0) < ENGINE])
def test_what_runs_below_the_engine_needs_nothing_installed(name):
    """A container and a lab host run on Python's standard library alone."""
    others = {n.split(".")[0] for n in imports(MODULES[name])} - sys.stdlib_module_names - {"lab"}
    assert not others


PROGRAMS = [course.SOURCE, *(course.solution_path(n + 1) for n in range(len(course.STEPS)))]


def below_root(path):
    """Return a path as it is called in the checkout."""
    return os.path.relpath(path, ROOT)


@pytest.mark.parametrize("path", PROGRAMS, ids=below_root)
def test_learners_program_imports_little(path):
    """A container imports the standard library, the system calls and the control groups."""
    for name in imports(path):
        assert name in FOR_LEARNERS or name.split(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize(
    "path", [*MODULES.values(), *glob.glob(f"{ROOT}/tests/*.py")], ids=below_root
)
def test_nobody_imports_a_learners_program(path):
    """A container is run, by its path, and never imported."""
    names = {name.split(".")[0] for name in imports(path)}
    assert not names & {"container", "solutions", "steps", *course.STEPS}
