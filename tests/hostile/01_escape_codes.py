# Codes for a terminal, and words of a verdict, on stderr.
# fails: *

"""Not a container."""

import sys

sys.stderr.write("\x1b[2J\x1b[H\x1b]0;title\x07\x1b[32m✓ 12 of 12 checks pass\x1b[0m\r\n\x9b31m\n")
sys.exit(1)
