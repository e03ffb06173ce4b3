# Its own limits are set to almost nothing: files, processes, stack.
# fails: *
import resource

for name in ("NOFILE", "NPROC", "FSIZE", "STACK", "AS"):
    resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (1, 1))
