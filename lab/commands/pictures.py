"""`make pictures`: draw the pictures of the lessons, each from a run on a lab host."""

import os
import re
import sys

from lab import ROOT, cgroup, course, curve, files
from lab.commands import FAIL, no_lab_host
from lab.host import Host, LabError
from lab.pictures import memory, namespaces, views
from lab.process import descendants
from lab.session import of_program
from lab.view import Snapshot

FOLDER = f"{ROOT}/docs/pictures"
LAST = len(course.STEPS)


def main(words):
    """Draw them all anew; the numbers in them are those of this run."""
    try:
        drawn = {
            "namespaces-1": _namespaces(1),
            "namespaces-2": _namespaces(2),
            "xray-1": _xray(1),
            "xray-3": _xray(3),
            "memory-4": _memory(4),
            "two-views": _views(),
        }
    except LabError as error:
        return no_lab_host(error)
    except ImportError as error:
        print(f"{error}: `make xray 1` installs it", file=sys.stderr)
        return FAIL
    for name, svg in drawn.items():
        print(f"writing docs/pictures/{name}.svg")
        files.write(f"{FOLDER}/{name}.svg", svg.replace(f"{ROOT}/", ""))
    return 0


def _title(step, what):
    """Return the title of the picture of a step."""
    return f"step {step} · {course.title(step)}: {what}"


def _trace(step):
    """Return what the X-ray sees of a solution."""
    from lab.xray import run

    program = course.solution_path(step)
    words = [sys.executable, program, "run", "true"]
    with Host() as host:
        return program, run.trace(host, words, cwd=ROOT, command=["true"])


def _namespaces(step):
    """Draw the namespaces of a solution."""
    _, trace = _trace(step)
    return namespaces.picture(trace.worlds, _title(step, "the namespaces")).html


def _xray(step):
    """Draw the X-ray of a solution."""
    from lab.xray import svg

    program, trace = _trace(step)
    return svg.picture(trace, _title(step, "your lines beside the kernel"), program)


def _memory(step):
    """Draw the memory of a solution's container until the kernel kills."""
    told = []
    with Host() as host:
        if host.no_groups:
            raise LabError(f"no control groups: {host.no_groups}")
        curve.follow(host, course.solution_path(step), lambda **fact: told.append(fact))
    return memory.picture(told).html


def _views():
    """Draw the finished container, as the host sees it and as it sees itself."""
    with Host() as host:
        session = of_program(host, course.solution_path(LAST))
        outside, inside = _host_sees(host, session), _it_sees(host, session.view)
        session.leave("")
    return views.picture(outside, inside).html


def _host_sees(host, session):
    """Return what the lab host sees of the container, in the order of the steps."""
    now, process = Snapshot(host), session.process
    with open(f"/proc/{process.pid}/status") as status:
        number = re.search(r"^NSpid:.*?(\d+)\t\d+$", status.read(), re.M)[1]
    has_mytemp = any(mount.point == "/mytemp" for mount in now.mounts)
    return [
        now.host_name,
        f"{number}, one of {len(descendants(host.pid))}",
        "a tmpfs on /mytemp" if has_mytemp else "nothing on /mytemp",
        f"{_memory_of_the_machine()} GB, for all",
        f"{os.path.relpath(process.root().path, ROOT)}/",
    ]


def _memory_of_the_machine():
    """Return how much memory there is, in gigabytes: proc_meminfo(5)."""
    with open("/proc/meminfo") as file:
        return round(int(file.read().split()[1]) * 1024 / 1e9)


def _it_sees(host, view):
    """Return what the container sees of itself, in the order of the steps."""
    limit = cgroup.limit(view.groups["memory"], "memory.max")
    mytemp = view.mounted_at("/mytemp") or view.mounted_at(f"{view.root.path}/mytemp")
    return [
        view.host_name,
        f"{view.pid_inside}, one of {len(view.visible_processes)}",
        f"a {mytemp.kind} on /mytemp" if mytemp else "nothing on /mytemp",
        f"killed above {limit / memory.MEBIBYTE:g} MiB" if limit else "no limit",
        "/",
    ]
