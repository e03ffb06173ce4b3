"""A trial in a process of its own, beside whatever the judge does meanwhile."""

import pickle

from lab.beside import Beside
from lab.host import LabDied, LabError
from lab.session import IS_EMULATED
from lab.trial import Trial
from lab.verdict import CannotCheck, CheckFailed, TookTooLong

BUDGET = 1200.0 if IS_EMULATED else 120.0  # seconds for one trial, whatever the program does
VM = 'in the virtual machine: make vm CMD="make check-step {}"'


class Attempt:
    """One trial, on its way from the beginning; leave it to end it.

    In a thread it would have to wait for the import of pytest whenever it wants to go on.
    """

    def __init__(self, program: str, step: int):
        self._way_out, self._told = VM.format(step), None
        self._trial = Beside(lambda: _pickled(program, step))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._trial.end()

    def facts(self) -> "Trial | None":
        """Return the trial when it is done; None if it came to nothing."""
        try:
            return self.result()
        except (CannotCheck, CheckFailed):
            return None

    def result(self) -> Trial:
        """Return the trial when it is done.

        CannotCheck if this machine does not allow one; CheckFailed if it took the whole lab
        host with it, TookTooLong if it did not end.
        """
        trial, no_groups, error = self._wait()
        if no_groups:
            raise CannotCheck(f"no control groups: {no_groups}", self._way_out)
        if isinstance(error, (LabDied, TimeoutError)):  # a lab host that is gone, or stopped
            raise CheckFailed("a host that goes on", str(error), ["host-destroyed"])
        if isinstance(error, LabError):
            raise CannotCheck(f"there can be no lab host: {error}", self._way_out)
        if error:
            raise error
        return trial

    def _wait(self):
        """Return what the other process tells: the trial, why not, and an error."""
        if not self._told:
            if not self._trial.is_done(BUDGET):
                raise TookTooLong("an end", f"none in {BUDGET:.0f} seconds", ["never-ends"])
            self._told = pickle.loads(self._trial.read())
        return self._told


class Here(Attempt):
    """A trial that is done in this process, when it is asked for: for one with no other work."""

    def __init__(self, program: str, step: int):
        self._way_out, self._told, self._wanted = VM.format(step), None, (program, step)

    def _wait(self):
        """Do the trial, once: the first check that asks for it is who took the time."""
        self._told = self._told or _try(*self._wanted)
        return self._told

    def __exit__(self, *error):
        pass


def _pickled(program, step):
    """Do a trial; return what came of it as bytes."""
    try:
        return pickle.dumps(_try(program, step))
    except Exception as error:
        return pickle.dumps((None, None, RuntimeError(repr(error))))


def _try(program, step):
    """Do a trial; return it, why there are no groups where it needs them, and an error."""
    trial = Trial(program, step)
    try:
        no_groups = trial.lab.no_groups
        if no_groups and step >= 4:
            return None, no_groups, None
        trial.run()
    except Exception as error:
        return None, None, error
    finally:
        trial.close()
    return trial, None, None
