"""What every check may ask for: the trial of one program."""

import signal

import pytest

from lab import course
from lab.host import LabError
from lab.trial import Trial
from lab.verdict import CannotCheck

# A shell has the commands that it starts in the background ignore Ctrl-C, and all they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def trial(request):
    """The judged program's trial; without a judge, the trial of the step's solution."""
    judge = getattr(request.config, "judge", None)
    if judge:
        yield judge.trial()
        return
    step = int(request.module.__name__.split("_")[1])
    made = Trial(course.solution_path(step), step)
    try:
        if step >= 4 and made.lab.no_groups:
            raise CannotCheck("no control groups", made.lab.no_groups)
        made.run()
        yield made
    except (CannotCheck, LabError) as error:
        pytest.skip(f"cannot check here: {error}")
    finally:
        made.close()
