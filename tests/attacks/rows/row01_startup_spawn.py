"""A `.pth` line that starts an interpreter, which starts again from the same line: litellm 1.82.8."""

from payloads import app, encoded
from scenario import Expected, Scenario
from support.wheels import Wheel

from importguard import demo_fixture

TOUCH = """
import os
home = os.path.expanduser("~")
if os.path.exists(os.path.join(home, ".canary-home")):
    open(os.path.join(home, "generation-" + os.environ["ACME_DEPTH"] + ".mark"), "a").close()
"""
LINE = (
    "import os, subprocess, sys; depth = int(os.environ.get('ACME_DEPTH', '0')); "
    "depth < 2 and subprocess.Popen([sys.executable, '-c', "
    f"\"import base64;exec(base64.b64decode('{encoded(TOUCH)}'))\"], "
    "env={**os.environ, 'ACME_DEPTH': str(depth + 1)})\n"
)
# The start-up line leaves children to the application, which ends after them: each is seen to its end.
OUTLIVE_THE_CHILDREN = """
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
"""
TECHNIQUES = ("T1195.002", "T1546.018", "T1059.006", "T1140")

SCENARIOS = (
    Scenario(
        row=1,
        story="the start-up line of a wheel starts Python on decoded code, two generations deep",
        models=("litellm 1.82.8",),
        techniques=TECHNIQUES,
        wheels=(Wheel("acme-inference", "4.1.9", {"acme_inference/__init__.py": "", "aaa_fixture.pth": LINE}),),
        app=app("import acme_inference"),
        achieves=("wrote:home/generation-1.mark", "wrote:home/generation-2.mark"),
        denied=(Expected("proc.spawn", "acme-inference", "startup", "*python*"),),
        flagged=("*/aaa_fixture.pth",),
        smoke=True,
    ),
    Scenario(
        row=1,
        variant="whole",
        story="the same with a collector behind it: credentials, a post, a systemd unit",
        models=("litellm 1.82.8",),
        techniques=(*TECHNIQUES, "T1552.001", "T1041", "T1543.002"),
        wheels=(Wheel(demo_fixture.NAME, demo_fixture.STARTUP_VERSION, demo_fixture.startup_release()),),
        app=app("import acmellm, os", "assert acmellm.complete('x') == 'echo: x'", OUTLIVE_THE_CHILDREN),
        achieves=(
            "leaked:ssh", "leaked:aws", "leaked:kube", "leaked:docker", "leaked:netrc", "leaked:git",
            "POST:/collect", f"wrote:home/{demo_fixture.UNIT}",
        ),
        denied=(Expected("proc.spawn", "acmellm", "startup", "*python*"),),
        then=(
            Expected("fs.read", "acmellm", "startup", "*/.ssh/id_ed25519"),
            Expected("net.connect", "acmellm", "startup", "127.0.0.1:*"),
            Expected("fs.write", "acmellm", "startup", "*.service"),
        ),
        flagged=(f"*/{demo_fixture.STARTUP_FILE}",),
    ),
)  # fmt: skip
