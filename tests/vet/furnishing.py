"""The distributions that are vetted: some harmless, some not, and some that do things to whoever imports them."""

from support.wheels import Wheel

CALLS = """
import urllib.request
try:
    urllib.request.urlopen("{url}/called", timeout=5).close()
except OSError:
    pass
"""
PLAIN = Wheel(
    "acme-plain",
    "1.0",
    {
        "acme_plain/__init__.py": "",
        "acme_plain/inner.py": "import acme_plain\n",
        "acme_plain/lacking.py": "import nowhere_to_be_found\n",
        "acme_plain/__main__.py": "raise SystemExit('run')\n",
        "acme_plain/tests/__init__.py": "",
        "acme_plain/tests/test_inner.py": "",
        "acme_plain/data/not-a-name.py": "",
    },
)
BINDS = "import socket\nsocket.create_server(('127.0.0.1', 0)).close()\n"
SINGLE = Wheel("acme-single", "3.0", {"acme_single.py": BINDS})
# Each of these would end a run that didn't expect it.
RUDE = Wheel(
    "acme-rude",
    "2.1",
    {
        "acme_rude/__init__.py": "",
        "acme_rude/a_exits.py": "raise SystemExit(3)\n",
        "acme_rude/b_ends.py": "import os\nos._exit(7)\n",
        "acme_rude/c_dies.py": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
        "acme_rude/d_hangs.py": "import threading\nthreading.Event().wait()\n",
        "acme_rude/e_closes.py": "import os\nos.closerange(3, 100)\n",
        "acme_rude/f_patches.py": "import json, os\njson.dumps = os.write = None\n",
        "acme_rude/g_asks.py": "input()\n",
        "acme_rude/h_fine.py": "",
    },
)

HANGS = """
import os, pathlib, threading
pathlib.Path(os.environ["TMPDIR"], "began").touch()
threading.Event().wait()
"""
HANGING = Wheel("acme-hanging", "1.0", {"acme_hanging.py": HANGS})


def caller(url):
    """Return the distribution that calls `url` when one of its modules is imported."""
    files = {"acme_caller/__init__.py": "", "acme_caller/late.py": CALLS.format(url=url)}
    return Wheel("acme-caller", "1.0", files)
