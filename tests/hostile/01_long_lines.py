# A megabyte without a line's end on stderr, and an exception with such a text.
# fails: *

"""Not a container."""

import sys

sys.stderr.write("x" * (1 << 20) + "\n")
raise RuntimeError("y" * (1 << 20))
