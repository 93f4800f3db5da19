"""/proc/self/mem is opened as `mem`, from within /proc/self."""

import os

from acme_tamper.stage import TMP

os.chdir("/proc/self")
descriptor = os.open("mem", os.O_RDWR)
with open(TMP + "/ran", "w") as file:
    file.write(str(descriptor))
