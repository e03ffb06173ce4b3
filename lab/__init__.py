"""Support code of the workshop: system calls, control groups, the lab host, the judge."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # the checkout
