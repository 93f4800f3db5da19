"""The line that would allow what was asked for, ready to be pasted into a policy."""

from importguard.pinned import str

PHASE_TABLES = ("startup", "import", "run")


def suggest(request):
    """Return the grant for a request, such as `[package.litellm] startup.allow = ["proc.spawn:/usr/bin/python3"]`."""
    capability, target = request.capability, request.target
    if capability == "import":
        return ""
    owner = request.owner
    table = "application" if owner.kind == "app" else f"package.{quote_key(owner.name)}"
    phase = request.phase if request.phase in PHASE_TABLES else "run"
    return f"[{table}] {phase}.allow = [{quote(f'{capability}:{target}')}]"


def quote(text):
    """Return text as a TOML basic string."""
    parts = []
    for char in str(text):
        if char in '"\\':
            parts.append("\\" + char)
        elif char.isprintable():
            parts.append(char)
        else:
            parts.append(f"\\U{ord(char):08x}" if ord(char) not in range(0xD800, 0xE000) else "?")
    return '"' + "".join(parts) + '"'


def quote_key(name):
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else quote(name)
