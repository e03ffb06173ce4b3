# A shell script, with unshare(1), mount(8) and chroot(8).

"""A container from scratch: the shell does it."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["TREE"] = os.environ.get("ROOTFS") or f"{HERE}/../../rootfs"

INSIDE = r"""
set -e
for group in $GROUPS_OF_MINE; do echo 0 > $group/cgroup.procs; done
hostname container
cd "$TREE"
mkdir -p proc mytemp
mount -t proc proc proc
mount -t tmpfs mytemp mytemp
exec chroot . "$@"
"""

SCRIPT = r"""
if [ "$1" != run ] || [ $# -lt 2 ]; then
    echo "usage: container.py run COMMAND [ARGUMENT ...]" >&2
    exit 2
fi
shift
trap : INT
cd /sys/fs/cgroup
if [ -e cgroup.controllers ]; then
    echo "+memory +pids" > cgroup.subtree_control
    mine=$PWD/shell-$$
    mkdir $mine
    echo 64M > $mine/memory.max
    [ ! -e $mine/memory.swap.max ] || echo 0 > $mine/memory.swap.max
    echo 64 > $mine/pids.max
else
    mine="$PWD/memory/shell-$$ $PWD/pids/shell-$$"
    mkdir $mine
    echo 64M > memory/shell-$$/memory.limit_in_bytes
    swap=memory/shell-$$/memory.memsw.limit_in_bytes
    [ ! -e $swap ] || echo 64M > $swap
    echo 64 > pids/shell-$$/pids.max
fi
export GROUPS_OF_MINE="$mine"
cd /
unshare --uts --mount --pid sh -c 'trap : INT; (eval "$INSIDE"); exit $?' sh "$@"
status=$?
for group in $mine; do
    until rmdir $group 2>/dev/null; do sleep 0.01; done
done
exit $status
"""

os.environ["INSIDE"] = INSIDE
os.execvp("sh", ["sh", "-c", SCRIPT, "sh", *sys.argv[1:]])
