"""The checks as functions, for who judges many programs: pytest takes a third of a verdict.

They are the same functions, tests/test_NN_topic.py, in the same order; each takes the trial.
"""

import functools
import importlib.util
import inspect

from lab import ROOT, course


@functools.cache
def of_step(step: int) -> tuple:
    """Return the checks of a step, in the order of their file."""
    name = f"test_{course.STEPS[step - 1]}"
    found = importlib.util.spec_from_file_location(name, f"{ROOT}/tests/{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    functions = [f for name, f in inspect.getmembers(module, inspect.isfunction) if _is_check(name)]
    own = (f for f in functions if f.__module__ == module.__name__)
    return tuple(sorted(own, key=lambda check: check.__code__.co_firstlineno))


def _is_check(name):
    """Whether a function of that name is a check."""
    return name.startswith("test_")
