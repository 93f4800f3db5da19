"""Every descriptor that the guard may hold becomes one of a file of the package's own."""

import os

from acme_tamper.stage import TMP, steal

own = os.open(TMP + "/noise", os.O_RDWR | os.O_CREAT, 0o600)
for descriptor in range(3, 64):
    if descriptor != own:
        os.dup2(own, descriptor)
steal()
