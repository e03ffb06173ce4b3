"""`make mutate`: each assertion and each predicate is disabled in turn; who notices?

The corpus is tried once, and the facts are kept.  Then the checks look at them again, each
time with one assertion taken out or with one predicate that never holds.  If every program
still has the verdict that it is known for, nothing in the corpus needs what was disabled:
a survivor.
"""

import ast
import functools
import pickle
import sys
import tempfile
import types

import corpus

from lab import causes, course

ASSERTIONS = {"check", "check_ended", "check_second"}
# The causes that show in other lanes only.
HERE = {words.split()[-1] for program in corpus.programs() for words in program.fails}
LANES = [(lane, expected) for (lane, _), (expected, _) in corpus.DIFFERENCES.items()]
ELSEWHERE = {w.split()[-1] for lane, fails in LANES if lane != corpus.LANE for w in fails} - HERE


def main() -> int:
    """Try the corpus, disable things, and list survivors; 1 if there are any."""
    programs = corpus.programs()
    with tempfile.TemporaryDirectory() as folder:
        _try_all(programs, folder)
        facts = {program: _Facts(f"{folder}/{program.kind}-{program.name}") for program in programs}
    known = {program: _failures(program, facts[program]) for program in programs}
    wrong = [program for program in programs if not corpus.is_as_known(program, known[program])]
    for program in wrong:
        print(f"not as its header says: {program}: {known[program]}")
    mutants = [*_assertions(known, facts), *_predicates(known, facts)]
    survivors = [name for name, noticed in mutants if not noticed]
    for name in survivors:
        print(f"survivor: {name}")
    print(f"{len(mutants)} disabled, {len(programs)} programs, {len(survivors)} survivors")
    return int(bool(survivors or wrong))


def _try_all(programs, folder):
    """Try every program, and keep the facts in a folder."""
    done = []

    def say(program, _):
        done.append(program)
        if sys.stderr.isatty():
            count = f"{len(done)} of {len(programs)}"
            print(f"\r\033[Ktrying the corpus: {count} {program}", end="", file=sys.stderr)

    corpus.judge_all(programs, say, keep=folder)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)


class _Facts:
    """What was seen of one program: an attempt that is over."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self._trial, self._error = pickle.load(file)

    def facts(self):
        """Return the trial, or None."""
        return self._trial

    def result(self):
        """Return the trial, or raise what there is in its place."""
        if self._error:
            raise self._error
        return self._trial


def _failures(program, facts, load=None):
    """Return what fails, as the checks that `load` loads see it."""
    load = load or _original
    return corpus.failures(corpus.results(facts.facts, facts.result, program.step, load))


@functools.cache
def _original(name):
    return _module(name, _tree(name))


def _assertions(known, facts):
    """Yield (name, noticed) for each assertion of the checks."""
    for step, topic in enumerate(course.STEPS, 1):
        name = f"test_{topic}"
        for number, line in enumerate(_lines(name)):
            module = _module(name, _without(name, number))
            concerned = [program for program in known if program.step >= step]

            def load(wanted, name=name, module=module):
                return module if wanted == name else _original(wanted)

            noticed = any(_failures(p, facts[p], load) != known[p] for p in concerned)
            yield f"tests/{name}.py:{line}", noticed


def _predicates(known, facts):
    """Yield (name, noticed) for each predicate of the causes."""
    for cause, predicate in causes.PREDICATES.items():
        if cause in ELSEWHERE:
            print(f"not here: {cause}, see the table of lanes in tests/corpus.py")
            continue
        # Only what was found can be missed.
        concerned = [p for p in known if any(words.endswith(f" {cause}") for words in known[p])]
        causes.PREDICATES[cause] = lambda trial: False
        noticed = any(_failures(p, facts[p]) != known[p] for p in concerned)
        causes.PREDICATES[cause] = predicate
        yield f"lab/causes.py: {cause}", noticed


_modules = {}


def _module(name, tree):
    """Return the module that a syntax tree makes."""
    source = ast.unparse(tree)
    if source not in _modules:
        module = _modules[source] = types.ModuleType(name)
        exec(compile(source, name, "exec"), vars(module))
    return _modules[source]


def _tree(name):
    with open(f"{corpus.HERE}/{name}.py") as file:
        return ast.parse(file.read())


def _is_assertion(node):
    """Whether a statement is one by which a program can fail; `assert` is about the lab host."""
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and getattr(call.func, "id", None) in ASSERTIONS


def _lines(name):
    """Return the line of each assertion of a module."""
    return [node.lineno for node in ast.walk(_tree(name)) if _is_assertion(node)]


def _without(name, number):
    """Return the syntax tree of a module without one of its assertions."""
    tree = _tree(name)
    gone = [node for node in ast.walk(tree) if _is_assertion(node)][number]
    for node in ast.walk(tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(body, list) and gone in body:
                body[body.index(gone)] = ast.Pass()
    return ast.fix_missing_locations(tree)


if __name__ == "__main__":
    sys.exit(main())
