# The launcher takes memory until it is killed.
# fails: *

"""Not a container."""

taken = []
while True:
    taken.append(bytearray(1 << 20))
