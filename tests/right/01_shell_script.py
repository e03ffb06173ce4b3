# A shell script, with unshare(1), mount(8) and chroot(8).

"""A container from scratch: the shell does it."""

import os
import sys

INSIDE = r"""
set -e
hostname container
exec "$@"
"""

SCRIPT = r"""
if [ "$1" != run ] || [ $# -lt 2 ]; then
    echo "usage: container.py run COMMAND [ARGUMENT ...]" >&2
    exit 2
fi
shift
trap : INT
unshare --uts sh -c 'eval "$INSIDE"' sh "$@"
status=$?
exit $status
"""

os.environ["INSIDE"] = INSIDE
os.execvp("sh", ["sh", "-c", SCRIPT, "sh", *sys.argv[1:]])
