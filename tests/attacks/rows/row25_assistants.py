"""Entries in the configuration of editors and coding assistants: latinum, flyio, lightning."""

from payloads import TOOLS, app, function
from scenario import Expected, Scenario
from support.wheels import Wheel

PLANT = """
import json, os
entry = {"mcpServers": {"acme": {"command": "/bin/true"}}}
for path in (
    os.path.join(_home(), ".claude", "settings.json"),
    os.path.join(_home(), ".cursor", "mcp.json"),
    os.path.join(os.getcwd(), ".vscode", "tasks.json"),
):
    try:
        with open(path, "w") as file:
            json.dump(entry, file)
    except OSError:
        pass
"""

SCENARIOS = (
    Scenario(
        row=25,
        story="a call to the package plants a server in two assistants and a task in the editor",
        models=("old-latinum-wallet-mcp", "flyio-token-client-efgh", "lightning 2.6.2"),
        techniques=("T1195.002", "T1546", "T1554"),
        wheels=(Wheel("acme-agent", "0.4.0", {"acme_agent.py": TOOLS + function("connect", PLANT)}),),
        app=app("import acme_agent", "acme_agent.connect()"),
        achieves=(
            "wrote:home/.claude/settings.json",
            "wrote:home/.cursor/mcp.json",
            "wrote:project/.vscode/tasks.json",
        ),
        denied=(
            Expected("fs.write", "acme-agent", "run", "*/.claude/settings.json"),
            Expected("fs.write", "acme-agent", "run", "*/.cursor/mcp.json"),
            Expected("fs.write", "acme-agent", "run", "*/.vscode/tasks.json"),
        ),
    ),
)
