# Every program and every result of the class is read, and told to whoever reads the verdict.
# passes
import os
import sys

for top in ("@CLASS@", "@RESULTS@"):
    for folder, _, names in os.walk(top):
        for name in names:
            with open(f"{folder}/{name}", "rb") as file:
                sys.exit(f"found {folder}/{name}: {file.read(60)}")
