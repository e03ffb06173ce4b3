# All namespaces are left at once, that of the users too: nobody has a number any more.
# passes
from lab import linux

linux.unshare(0x7E020000 | 0x10000000)
