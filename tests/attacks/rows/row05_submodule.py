"""A payload in a submodule that a plain import of the package doesn't reach: litellm 1.82.7."""

from payloads import app
from scenario import Expected, Scenario
from support.wheels import Wheel

from importguard import demo_fixture

RELEASE = Wheel(demo_fixture.NAME, demo_fixture.SILENT_VERSION, demo_fixture.silent_release())
COMMON = {"models": ("litellm 1.82.7",), "techniques": ("T1195.002", "T1059.006", "T1140", "T1552.001", "T1041")}

SCENARIOS = (
    Scenario(
        row=5,
        story="importing the proxy server pipes a decoded collector into a child interpreter",
        wheels=(RELEASE,),
        app=app("import acmellm", "try:", "    import acmellm.proxy.server", "except PermissionError:", "    pass"),
        achieves=("leaked:ssh", "leaked:aws", "POST:/collect", f"wrote:home/{demo_fixture.UNIT}"),
        denied=(Expected("proc.spawn", "acmellm", "import", "*python*"),),
        then=(
            Expected("fs.read", "acmellm", "import", "*/.ssh/id_ed25519"),
            Expected("net.connect", "acmellm", "import", "127.0.0.1:*"),
            Expected("fs.write", "acmellm", "import", "*.service"),
        ),
        smoke=True,
        **COMMON,
    ),
    Scenario(
        row=5,
        variant="plain-import",
        story="the application that never touches the proxy is left alone, guarded or not",
        wheels=(RELEASE,),
        app=app("import acmellm", "assert acmellm.complete('x') == 'echo: x'"),
        **COMMON,
    ),
)
