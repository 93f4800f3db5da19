"""The guard's own recorder calls a function of the package's, which reads by way of the guard's functions."""

import sys

from acme_tamper.stage import AWS, LOOT, steal, tampered

if "importguard.guard" not in sys.modules:
    steal()
else:
    content, recorder = [], sys.modules["importguard.guard"].guard.recorder

    def write(line):
        content.append(sys.modules["importguard.pinned"].read_file(AWS))

    recorder._write = write
    tampered()
    try:
        recorder.record("noise")
    finally:
        with open(LOOT, "wb") as loot:
            loot.write(b"".join(content))
