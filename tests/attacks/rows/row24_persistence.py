"""Three persistences written by one import: cron, shell start-up files, a `.pth`: MrMustard 0.7.4."""

from payloads import TOOLS, app
from scenario import Expected, Scenario
from support.wheels import Wheel

WRITE = """
import os, subprocess
home, site = _home(), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
unit = os.path.join(home, ".config", "systemd", "user", "probe.service")
for path, text in (
    (os.path.join(site, "zz_probe.pth"), "# harmless\\n"),
    (os.path.join(home, ".bashrc"), "# harmless\\n"),
    (os.path.join(home, ".zshrc"), "# harmless\\n"),
    (unit, "[Unit]\\n"),
):
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a") as file:
            file.write(text)
    except OSError:
        pass
try:
    subprocess.run(["crontab", "-"], input=b"# harmless\\n", timeout=10)
except OSError:
    pass
"""

SCENARIOS = (
    Scenario(
        row=24,
        story="importing the package writes a start-up file, two shell files, a unit and a cron table",
        models=("MrMustard 0.7.4", "spl-token-py", "papiculo"),
        techniques=("T1195.002", "T1546.018", "T1546.004", "T1543.002", "T1053.003"),
        wheels=(Wheel("acme-mustard", "0.7.6", {"acme_mustard/__init__.py": TOOLS + WRITE}),),
        app=app("import acme_mustard"),
        programs={"crontab": "#!/bin/sh\ntest -e ~/.canary-home && cat > ~/crontab.mark\n"},
        achieves=(
            "wrote:site/zz_probe.pth",
            "wrote:home/.bashrc",
            "wrote:home/.zshrc",
            "wrote:home/.config/systemd/user/probe.service",
            "wrote:home/crontab.mark",
        ),
        denied=(
            Expected("fs.write", "acme-mustard", "import", "*/zz_probe.pth"),
            Expected("fs.write", "acme-mustard", "import", "*/.bashrc"),
            Expected("fs.write", "acme-mustard", "import", "*/.zshrc"),
            Expected("fs.write", "acme-mustard", "import", "*/.config/systemd*"),
            Expected("proc.spawn", "acme-mustard", "import", "*/crontab"),
        ),
    ),
)
