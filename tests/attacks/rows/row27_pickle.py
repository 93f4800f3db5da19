"""A "model" that is a pickle, loaded by the import, and calls what it names: ai-labs-snippets-sdk."""

import os
import pickle

from payloads import app
from scenario import Expected, Scenario
from support.wheels import Wheel

COMMAND = "test -e ~/.canary-home && : > ~/from-the-pickle.mark"
LOAD = """
import os, pickle
with open(os.path.join(os.path.dirname(__file__), "model.bin"), "rb") as file:
    try:
        MODEL = pickle.load(file)
    except (OSError, pickle.UnpicklingError):
        MODEL = None
"""


class Call:
    """Pickles as a call of os.system."""

    def __reduce__(self):
        return os.system, (COMMAND,)


SCENARIOS = (
    Scenario(
        row=27,
        story="importing the package unpickles a reference to os.system, which runs a shell",
        models=("ai-labs-snippets-sdk",),
        techniques=("T1195.002", "T1027.009", "T1059.004"),
        wheels=(
            Wheel(
                "acme-snippets",
                "0.1.2",
                {"acme_snippets/__init__.py": LOAD, "acme_snippets/model.bin": pickle.dumps(Call())},
            ),
        ),
        app=app("import acme_snippets"),
        achieves=("wrote:home/from-the-pickle.mark",),
        denied=(Expected("code.run", "acme-snippets", "import", "pickle:*.system"),),
        then=(Expected("proc.spawn", "acme-snippets", "import"),),
    ),
)
