"""Containers from scratch: system calls, control groups, the lab host, the judge."""

import os

__version__ = "0.1.0"

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # the checkout
