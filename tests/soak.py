"""`make soak N=20`: does any verdict of the corpus change, when the machine is busy?

Every program is judged N times, each time in another order, while a busy process for each
processor competes with it.  What is not as the program's header says is listed.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter

import corpus

BUSY = [sys.executable, "-Ic", "while True: pass"]


def main(times: int) -> int:
    """Judge the corpus so many times; 1 if any verdict was another one."""
    load = [subprocess.Popen(BUSY) for _ in os.sched_getaffinity(0)]
    changed = Counter()
    try:
        for number in range(1, times + 1):
            _once(f"{number} of {times}", changed)
    finally:
        for process in load:
            process.kill()
            process.wait()
    for (program, failed), count in sorted(changed.items(), key=str):
        print(f"{count} times another verdict: {program}: {', '.join(failed) or 'passes'}")
    print(f"{times} rounds, {changed.total()} verdicts that changed")
    return int(bool(changed))


def _once(round_number, changed):
    """Judge the corpus once, in an order of its own."""
    programs, begin = corpus.programs(), time.monotonic()
    random.shuffle(programs)

    def say(program, results):
        failed = corpus.failures(results)
        if not corpus.is_as_known(program, failed):
            changed[program, failed] += 1
            print(f"    {program}: {', '.join(failed) or 'passes'}", flush=True)

    corpus.judge_all(programs, say)
    took = time.monotonic() - begin
    print(f"round {round_number}: {len(programs)} programs in {took:.0f} s", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdigit() or int(sys.argv[1]) < 1:
        sys.exit("how many rounds?  make soak N=20")
    sys.exit(main(int(sys.argv[1])))
