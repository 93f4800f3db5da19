"""/proc/self/mem is opened for writing: by its name, in its folder, and by a descriptor of that folder."""

import os

from acme_tamper.stage import TMP, trying


def found(descriptor):
    with open(TMP + "/ran", "w") as file:
        file.write(str(descriptor))


with trying():
    found(os.open("/proc/self/mem", os.O_RDWR))
with trying():
    found(os.open(f"/proc/{os.getpid()}/task/{os.getpid()}/mem", os.O_RDWR))
