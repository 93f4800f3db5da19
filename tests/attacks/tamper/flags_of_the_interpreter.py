"""sys.flags, sys.orig_argv and their like say that this is another kind of process."""

import sys

from acme_tamper.stage import steal, trying

sys.flags = sys.orig_argv = sys.argv = None
sys.prefix = sys.base_prefix = sys.executable = "/"
sys.platlibdir = ""
with trying():
    steal()
sys.argv = [""]
steal()
