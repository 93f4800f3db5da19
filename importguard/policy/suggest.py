"""The line of policy that would allow what was refused."""

# ruff: noqa: SIM110  (any and all could be a package's by now)

from importguard import versions
from importguard.pinned import len
from importguard.policy import targets

BARE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
MOST_ARGUMENTS = 120


def suggest(request):
    """Return the line that allows this request; it allows every call of a program whose arguments can't be written."""
    grant = request.capability
    target = target_text(request)
    if target:
        grant += ":" + target
    if request.owner.kind == "app":
        return f"[application] allow = [{quoted(grant)}]"
    return f"[package.{key(request.owner)}] {request.phase}.allow = [{quoted(grant)}]"


def target_text(request):
    """Return a pattern that matches the request's target, as a policy would write it."""
    target = request.target
    if request.capability == "proc.spawn":
        return program_text(target, request.argv)
    if target[:1] in ("$", "~"):
        target = "*" + target[1:]
    is_address = request.capability.startswith("net.") and not target.startswith("unix:")
    return targets.lasting(target) if is_address else target


def program_text(program, argv):
    """Return a pattern for a program; with its arguments where they are few and plain."""
    program = program.replace('"', "*")
    text = f'"{program}"' if " " in program else program
    if text[:1] in ("$", "~"):
        text = "*" + text[1:]
    arguments = argv[1:] if argv else ()
    if not arguments or len(" ".join(arguments)) > MOST_ARGUMENTS:
        return text
    for argument in arguments:
        if not is_plain(argument):
            return text
    return " ".join((text, *arguments))


def is_plain(argument):
    """Return whether an argument means itself in a pattern, and would be the same the next time."""
    if not argument or argument[0] in "$~" or "/" in argument or not argument.isprintable():
        return False
    for character in " \"'*()":
        if character in argument:
            return False
    return True


def key(owner):
    """Return an owner's name as a key of TOML."""
    name = versions.canonical_name(owner.name)
    if name and not name.strip(BARE):
        return name
    return quoted(name)


def quoted(text):
    """Return a text as a TOML string; what TOML can't hold becomes a `*`."""
    parts = ['"']
    for character in text:
        if character in '"\\':
            parts.append("\\" + character)
        elif "\ud800" <= character <= "\udfff":
            parts.append("*")
        elif character < " " or character == "\x7f":
            parts.append(f"\\u{ord(character):04x}")
        else:
            parts.append(character)
    return "".join(parts) + '"'
