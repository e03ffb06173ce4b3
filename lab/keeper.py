"""The keeper of a lab host: makes its control groups, and removes them when all is over.

Three processes in a row.  The keeper stays outside.  The builder, its child, leaves the
machine's namespaces and puts the lab host's root together (lab.machine).  The builder's
child is process 1 of the lab host (lab.init).

Run by lab.host as a program.  Every check waits for it, so it imports only what starts
quickly.
"""

import os
import select
import sys

if __name__ == "__main__":  # python -I looks for modules in no folder of ours
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import _socket

from lab import cgroup, confine, init, machine, wire

GRACE = 6000  # milliseconds for a lab host whose handle is closed; who closes it waits less
SIGKILL = 9  # "signal" would take its time to be imported


def serve(server):
    """Fork a keeper for each socket that comes through another one; returns when all are gone."""
    while sockets := wire.receive(server)[1]:
        for _ in init.ended():  # no zombie is left; who needs to know has a pidfd
            pass
        handle, reply = map(wire.opened, sockets)
        if os.fork() == 0:
            os.setsid()
            server.close()
            wire.send(reply, None, [os.pidfd_open(os.getpid())])
            reply.close()
            return keep(handle)
        handle.close()
        reply.close()
    while _is_left():
        pass


def keep(handle):
    """Be the keeper of a lab host, to the plan that comes through a socket."""
    plan, _ = wire.receive(handle)
    if plan is None:
        return
    try:
        listener = _listen(plan["name"]) if plan["name"] else None
    except OSError:
        return wire.send(handle, {"error": f"there is a lab host {plan['name']!r} already"})
    with _Groups(plan["limits"]) as groups:
        pid = os.fork()
        if pid == 0:
            machine.in_child(handle, machine.build, handle, listener, plan, groups)
        _wait(pid, None if listener else handle)


def _wait(builder, handle):
    """Wait until all of a lab host is gone.

    Its process 1 ends when the handle is closed, but not while a program holds it by ptrace(2);
    and who closed the handle may have been killed too.  What was left behind is then ours.
    """
    confine.adopt()
    over, poll = os.pidfd_open(builder), select.poll()
    poll.register(over, select.POLLIN)
    if handle:
        poll.register(handle, 0)  # its end is always told
    if over not in dict(poll.poll()):
        poll.unregister(handle)
        if not poll.poll(GRACE):
            os.kill(builder, SIGKILL)  # process 1 dies with its parent
    while _is_left():
        pass


def _is_left():
    """Wait for one more child; whether there was any."""
    try:
        return os.wait()
    except ChildProcessError:
        return None


class _Groups:
    """The lab host's control groups: the limits, and below them the root it sees.

    Two levels, because the root of a control-group namespace can be written to from
    inside, and the level above cannot be reached.  `missing` says why there are none.
    """

    def __init__(self, limits):
        name, controllers = f"lab-{os.getpid()}", machine.controllers()
        self._limits, self._outer = limits, cgroup.Group(name, controllers)
        self._inner = cgroup.Group(f"{name}/host", controllers)
        self.missing = None

    def __enter__(self):
        try:
            self._outer.create()
            for file, value in self._limits:
                self._outer.write(file, value)
            self._inner.create()
        except PermissionError:
            self.missing = "only root may make them here"
        except OSError as error:
            self.missing = str(error)
        return self

    def __exit__(self, *error):
        self._outer.remove_tree()

    def join(self):
        """Move this process to the root of the groups that the lab host sees."""
        if not self.missing:
            self._inner.join()


def _listen(name):
    """Return a socket on which further terminals ask to join: the abstract `name`."""
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    listener.bind(b"\0" + name.encode())
    listener.listen(8)
    return listener


def main(mode, fd):
    """Be one keeper, or a server of many."""
    os.set_inheritable(int(fd), False)
    {"keep": keep, "serve": serve}[mode](wire.opened(int(fd)))


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # somebody waits, and Python would tidy up for some milliseconds
