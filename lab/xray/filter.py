"""The seccomp(2) filter that stops a program at the calls that matter, and only there.

Every other call runs at full speed: the kernel decides by this program, and does not have
to wake the tracer.  That is what makes the X-ray fifty times cheaper than stopping always.
"""

from lab.confine import ALLOW, ARCH, JUMP_IF_EQUAL, LOAD, NUMBER, RETURN
from lab.xray.calls import CALLS, CONDITIONS, architecture

TRACE = 0x7FF00000  # SECCOMP_RET_TRACE
JUMP_IF_ANY_BIT = 0x45
TO_TRACE = None  # a jump whose distance is known when all is written


def stop_at_calls():
    """Return the instructions: stop at CALLS, some of them only under their CONDITIONS."""
    plain = [number for number, (name, _) in CALLS.items() if name not in CONDITIONS]
    code = [(LOAD, 0, 0, ARCH), (JUMP_IF_EQUAL, 1, 0, architecture()), (RETURN, 0, 0, ALLOW)]
    code.append((LOAD, 0, 0, NUMBER))
    code += [(JUMP_IF_EQUAL, TO_TRACE, 0, number) for number in plain]
    for number, (name, _) in CALLS.items():
        if name in CONDITIONS:
            code += _conditional(number, *CONDITIONS[name])
    code += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, TRACE)]
    last = len(code) - 1
    return [
        (operation, last - place - 1 if jump is TO_TRACE else jump, otherwise, value)
        for place, (operation, jump, otherwise, value) in enumerate(code)
    ]


def _conditional(number, argument, bits):
    """Yield: stop at call `number` if the argument has any of the bits."""
    yield JUMP_IF_EQUAL, 0, 3, number
    yield LOAD, 0, 0, 16 + 8 * argument
    yield JUMP_IF_ANY_BIT, TO_TRACE, 0, bits
    yield RETURN, 0, 0, ALLOW
