"""The largest resident set of a process, as it says of itself when its work is done."""

import os
import subprocess

import ratios

# What wait4 says of a child begins with the size of the process that started it, which is larger than most of these programs.
SAID_LAST = """
with open("/proc/self/status") as _status:
    print(next(line.split()[1] for line in _status if line.startswith("VmHWM")))
"""


def added(stage, workload, *, rounds):
    """Return the MB by which the guarded process is larger at its largest, as a Ratio whose unit they are; None without /proc."""
    if not os.path.exists("/proc/self/status"):
        return None
    paired = [[_largest(stage.variants[name], workload) for name in ("bare", "guarded")] for _ in range(rounds)]
    return ratios.summary([guarded - bare for bare, guarded in paired])


def _largest(variant, workload):
    """Return the MB of one process."""
    argv = variant.argv(workload.code + SAID_LAST)
    said = subprocess.run(argv, env=variant.environment, capture_output=True, text=True, check=True).stdout
    return int(said.split()[-1]) / 1024
