# COMMAND would get an environment that no program can be executed with.
# fails: *
import os

for number in range(2000):
    os.environ[f"X{number}"] = "x" * 100_000
