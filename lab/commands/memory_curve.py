"""`make memory-curve 4`: what the container uses while a program in it takes more and more."""

import json
import os
import sys

from lab import course, curve
from lab.commands import CANNOT, FAIL, USAGE, no_lab_host, step_number
from lab.host import Host, LabError
from lab.pictures import memory

USE = "memory-curve STEP [PROGRAM] [--json]"
NO_GROUPS = """\
there is nothing to count with here, no control groups: {}
in the virtual machine there is: make vm CMD="make memory-curve {}\""""


def main(words):
    """Follow a container's memory: STEP [PROGRAM] [--json], one object a line as they come."""
    told, as_json = [], "--json" in words
    words = [word for word in words if word != "--json"]
    step = step_number(words[:1], "memory-curve")
    program = os.path.realpath(words[1]) if words[1:] else course.starter_path(step)
    if words[2:] or not os.path.isfile(program):
        print(f"there is no such program; {USE}", file=sys.stderr)
        return USAGE

    def tell(**fact):
        told.append(fact)
        if as_json:
            print(json.dumps(fact), flush=True)

    try:
        path, layers = course.stand_in(program, step)
        with Host(layers) as host:
            if host.no_groups:
                print(NO_GROUPS.format(host.no_groups, step), file=sys.stderr)
                return CANNOT
            curve.follow(host, path, tell)
    except LabError as error:
        return no_lab_host(error)
    except curve.NoContainerError as error:
        print(f"there is no container to look at: {error}", file=sys.stderr)
        return FAIL
    if not as_json:
        print(memory.picture(told).text)
    return 0
