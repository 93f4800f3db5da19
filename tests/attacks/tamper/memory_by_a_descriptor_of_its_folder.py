"""/proc/self/mem is opened relative to a descriptor of /proc/self."""

import os

from acme_tamper.stage import TMP

descriptor = os.open("mem", os.O_RDWR, dir_fd=os.open("/proc/self", os.O_DIRECTORY))
with open(TMP + "/ran", "w") as file:
    file.write(str(descriptor))
