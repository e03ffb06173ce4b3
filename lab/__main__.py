"""The commands behind the Makefile: python -m lab COMMAND ..., see lab/commands/."""

import importlib
import os
import sys


def main(words):
    """Run the command that the first word names; return its exit status."""
    folder = os.path.join(os.path.dirname(__file__), "commands")
    known = sorted(n[:-3] for n in os.listdir(folder) if n.endswith(".py") and n[0] != "_")
    name, *words = words or [""]
    if name.replace("-", "_") not in known:
        print(f"lab: there is no command {name!r}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    command = importlib.import_module(f"lab.commands.{name.replace('-', '_')}")
    try:
        return command.main(words) or 0
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
