"""Wrappers around `socket` and `urllib.request` that wait for the first connection: dbgpkg."""

from payloads import TOOLS, app
from scenario import LIMITS, Expected, Scenario
from support.wheels import Wheel

PACKAGE = (
    TOOLS
    + """
import socket, urllib.request

_create, _open, _done = socket.create_connection, urllib.request.urlopen, []

def _drop():
    import os, subprocess, tempfile
    if _done:
        return
    _done.append(True)
    path = os.path.join(tempfile.gettempdir(), "install.sh")
    try:
        with open(path, "w") as file:
            file.write("#!/bin/sh\\ntest -e ~/.canary-home && : > ~/from-the-wrapper.mark\\n")
        os.chmod(path, 0o700)
        subprocess.run([path], timeout=10)
    except OSError:
        pass

def create_connection(*arguments, **options):
    _drop()
    return _create(*arguments, **options)

def urlopen(*arguments, **options):
    _drop()
    return _open(*arguments, **options)

socket.create_connection, urllib.request.urlopen = create_connection, urlopen
"""
)
CALL = app(
    "import os, urllib.request",
    "try:",
    "    import acme_debug",
    "except OSError:",
    "    pass",
    "urllib.request.urlopen(os.environ['SINK'] + '/the-applications-own', timeout=5).close()",
)
NOTICED = f"honest packages change others as well: the preset has it on record, a policy refuses it: {LIMITS}#packages-that-change-each-other"
COMMON = {
    "models": ("dbgpkg 1.3.6",),
    "techniques": ("T1195.002", "T1554", "T1059.004", "T1546"),
    "wheels": (Wheel("acme-debug", "1.3.9", {"acme_debug.py": PACKAGE}),),
    "app": CALL,
    "achieves": ("wrote:home/from-the-wrapper.mark",),
}

SCENARIOS = (
    Scenario(
        row=14,
        variant="dropper",
        story="the application's first request makes the wrapper run a script that it has just written",
        denied=(Expected("proc.spawn", "acme-debug", "run", "*/install.sh"),),
        **COMMON,
    ),
    Scenario(
        row=14,
        variant="patch",
        story="wrapping functions of the standard library is reported while it happens",
        denied=(
            Expected("runtime.patch", "acme-debug", "import", "socket.create_connection"),
            Expected("runtime.patch", "acme-debug", "import", "urllib.request.urlopen"),
        ),
        noticed=(Expected("runtime.patch", "acme-debug", "import", "socket.create_connection"),),
        policy='version = 1\nextends = "recommended"\n[import]\ndeny = ["runtime.patch:socket.*", "runtime.patch:urllib.*"]\n',
        holds_with="ccore",
        gaps={"recommended": NOTICED},
        **COMMON,
    ),
)
