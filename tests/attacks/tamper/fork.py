"""A child that was forked does the deed."""

import os

from acme_tamper.stage import steal, trying

try:
    child = os.fork()
except OSError:
    child = -1
if child == 0:
    with trying():
        steal()
    os._exit(0)
elif child > 0:
    os.waitpid(child, 0)
else:
    steal()
