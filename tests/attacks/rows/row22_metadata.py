"""A question to the cloud's metadata endpoint, at call time, inside a network that has no way out."""

from payloads import app
from scenario import Expected, Scenario
from support.wheels import Wheel

PACKAGE = '''
import urllib.request


def region():
    """Return where this machine stands, or None when nobody says so."""
    try:
        address = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
        return urllib.request.urlopen(address, timeout=5).read()
    except OSError:
        return None
'''
COMMON = {
    "models": ("litellm 1.82.8", "Hades wave", "chimera-sandbox-extensions"),
    "techniques": ("T1195.002", "T1552.005"),
    "wheels": (Wheel("acme-cloud", "7.1.0", {"acme_cloud.py": PACKAGE}),),
    "app": app("import acme_cloud", "acme_cloud.region()"),
    "achieves": ("METADATA:/latest/meta-data/iam/security-credentials/",),
    "denied": (Expected("net.connect", "acme-cloud", "run", "169.254.169.254:80"),),
    "private_network": True,
}

SCENARIOS = (
    Scenario(row=22, story="a call to the package asks the metadata endpoint for credentials", **COMMON),
    Scenario(
        row=22,
        variant="private-allowed",
        story="the same under a policy that allows the package every private network",
        policy='version = 1\nextends = "recommended"\n[package.acme-cloud]\nrun.allow = ["net.connect:$private"]\n',
        **COMMON,
    ),
)
