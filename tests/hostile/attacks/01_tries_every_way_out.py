# What the machine has only one of is asked for in many ways; where one is open, it says so.
# passes
import ctypes
import os
import socket
import stat
import sys
import time


def disk():
    os.mknod("/srv/disk", stat.S_IFBLK | 0o600, os.stat("/").st_dev)


def memory():
    os.mknod("/srv/mem", stat.S_IFCHR | 0o600, os.makedev(1, 1))
    os.open("/srv/mem", os.O_RDWR)


def clock():
    time.clock_settime_ns(time.CLOCK_REALTIME, time.time_ns())


def settings():
    open("/proc/sys/kernel/core_pattern", "r+").close()


def keys():
    with open("/proc/sysrq-trigger", "w") as file:
        file.write("h")


def call(name, *arguments):
    if ctypes.CDLL(None).syscall(name, *arguments) < 0:
        raise OSError


def network():
    with socket.socket() as outside:
        outside.settimeout(1)
        outside.connect(("192.0.2.1", 80))


def logs():
    with open("/dev/kmsg") as file:
        file.readline()


WAYS = [disk, memory, clock, settings, keys, network, logs]
if os.uname().machine == "x86_64":
    WAYS.append(lambda: call(169, 0xFEE1DEAD, 672274793, 0x01234567, 0))  # reboot(2)
    WAYS.append(lambda: call(175, b"", 0, b""))  # init_module(2)
    WAYS.append(lambda: call(173, 0x70, 1, 1))  # ioperm(2)
for way in WAYS:
    try:
        way()
    except (OSError, AttributeError):
        continue
    sys.exit(f"a way out: {way}")
