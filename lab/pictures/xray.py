"""The X-ray as a notebook shows it."""

from lab import course
from lab.pictures import Picture
from lab.xray import record, svg, text


def picture(told: dict, step: int) -> Picture:
    """Draw what `make xray N` tells as JSON."""
    title, program = f"x-ray · step {step} · {course.title(step)}", told["program"]
    trace = record.from_dict(told)
    return Picture(svg.picture(trace, title, program), "\n".join(text.lines(trace, title, program)))
