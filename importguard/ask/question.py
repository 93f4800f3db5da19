"""A question: what a guarded process was refused, as its core in C writes it, and as a person reads it."""

import unicodedata
from dataclasses import dataclass

from importguard import messages, model
from importguard.policy import suggest

LENGTH = 4  # bytes before each part; see question.c
PARTS = 8
MOST_SHOWN = 240
TAIL = 60
RIGHT_TO_LEFT = ("R", "AL", "AN")  # what a terminal may show in another order than it stands in


@dataclass(frozen=True, slots=True)
class Question:
    """What process `pid` was refused: `request` is a model.Request, `rule` the line that decided."""

    pid: int
    request: model.Request
    rule: str


def read(data, pid):
    """Return the Question in what a process has sent; raises ValueError where it is none."""
    parts = []
    while data:
        size = int.from_bytes(data[:LENGTH], "little")
        if len(data) < LENGTH + size:
            raise ValueError("cut off")
        parts.append(data[LENGTH : LENGTH + size].decode("utf-8", "surrogateescape"))
        data = data[LENGTH + size :]
    if len(parts) < PARTS:
        raise ValueError("not a whole question")
    capability, target, name, version, kind, phase, module, rule = parts[:PARTS]
    if capability not in model.CAPABILITIES or phase not in messages.WHEN:
        raise ValueError("not a question of this version")
    owner = model.Owner(name, version, kind)
    argv = tuple(parts[PARTS:]) or None
    return Question(pid, model.Request(capability, target, argv, owner, (), phase, module, "audit"), rule)


def key(question):
    """Return what makes two questions the same one."""
    asked = question.request
    owner = asked.owner
    return owner.name, owner.version, owner.kind, asked.capability, asked.target, asked.argv, asked.phase


def text(question, *, command, grant):
    """Return the lines that ask; `command` is the process's own command line, `grant` what "always" would write, or ""."""
    asked = question.request
    who = shown(f"{asked.owner.name or asked.owner.kind} {asked.owner.version}".rstrip())
    lines = [
        f"importguard asks: may {who} do this {messages.WHEN[asked.phase]}?",
        f"  what   {asked.capability} {shown(_what(asked))}",
        f"  where  process {question.pid}: {shown(command)}" + (f", in {shown(asked.module)}" if asked.module else ""),
        f"  rule   {shown(question.rule)}",
    ]
    return "\n".join([*lines, f"  always {shown(grant)}"] if grant else lines)


def shown(text):
    """Return text that shows as it stands: nothing in it moves the cursor, ends a line, or is read from right to left; of what
    is very long, beginning and end."""
    safe = escaped(text)
    if len(safe) <= MOST_SHOWN:
        return safe
    left_out = len(safe) - MOST_SHOWN + TAIL
    return f"{safe[: MOST_SHOWN - 2 * TAIL]} …({left_out:,} characters left out)… {safe[-TAIL:]}"


def escaped(text):
    """Return text that shows as it stands, in full."""
    return "".join([_safe(character) for character in str(text)])


def _safe(character):
    if character.isprintable() and unicodedata.bidirectional(character) not in RIGHT_TO_LEFT:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _what(request):
    if request.capability != "proc.spawn" or not request.argv:
        return request.target
    return " ".join([request.target, *request.argv[1:]])


def grant_of(request):
    """Return the grant that would allow this, as a policy's exception writes it; "" where none can."""
    if request.owner.kind not in ("distribution", "unowned"):
        return ""
    target = suggest.target_text(request)
    return f"{request.phase}:{request.capability}" + (f":{target}" if target else "")
