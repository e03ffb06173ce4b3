"""The files that the workshop keeps for a learner, and the copies it makes of theirs.

Most commands run as root.  What they write belongs to whoever owns the checkout.
"""

import json
import os
import stat

from lab import ROOT

STATE = f"{ROOT}/.lab"  # what was judged when, and which hints were given


def write(path: str, content: "str | bytes") -> None:
    """Write a file as a whole or not at all, for the owner of the checkout."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    own(os.path.dirname(path))
    with open(f"{path}.new", "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    if os.path.exists(path):
        os.chmod(f"{path}.new", stat.S_IMODE(os.stat(path).st_mode))
    own(f"{path}.new")
    os.replace(f"{path}.new", path)


def own(path: str) -> None:
    """Give a file of ours to the owner of the checkout."""
    if os.geteuid() == 0:
        owner = os.stat(ROOT)
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def keep_copy(path: str) -> str:
    """Copy a file beside itself as path.~1~, .~2~, ...; return the name of the copy."""
    number = 1
    while os.path.exists(copy := f"{path}.~{number}~"):
        number += 1
    with open(path, "rb") as file:
        write(copy, file.read())
    return copy


def load(name: str) -> dict:
    """Return what was kept under `name`; {} if nothing was, or nothing readable."""
    try:
        with open(f"{STATE}/{name}.json") as file:
            kept = json.load(file)
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def save(name: str, value: dict) -> None:
    """Keep a value under `name`."""
    write(f"{STATE}/{name}.json", json.dumps(value, indent=1) + "\n")
