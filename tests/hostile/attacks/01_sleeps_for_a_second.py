# The program takes a second before it begins; that is slow, and right.
# passes
import time

time.sleep(1)
