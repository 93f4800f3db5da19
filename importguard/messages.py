"""What a person reads: a denial in four lines, from the fields of its record."""

from importguard.pinned import len, repr, str, type

WHEN = {"startup": "at start-up", "import": "at import", "run": "while running"}
MOST_SHOWN = 96
ASKED = {
    "no": "you said no",
    "never": "you said never",
    "timeout": "nobody answered in time",
    "background": "nobody, as it doesn't run in the foreground of the terminal",
    "unasked": "nobody could be asked",
}


def printable(text):
    """Return text that a terminal shows as it is: what an attacker chose can't move the cursor or forge a line."""
    return "".join([char if char.isprintable() else repr(char)[1:-1] for char in str(text)])


def shown(text):
    """Return printable text, cut to a line's length."""
    text = printable(text)
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


def denial(fields):
    """Return the text of a decision that was not "allow": what happened, by which rule, how to allow it."""
    code = "IG202" if fields.get("layer") == "finder" else "IG201"
    lines = [f"importguard {code}: {headline(fields)}", f"  rule   {shown(fields.get('rule', ''))}"]
    if str(fields.get("rule", "")).startswith("advisory:"):
        owner = fields.get("owner") or {}
        release = printable(f"{owner.get('name', '?')}=={owner.get('version', '?')}")
        lines.append(f"  next   remove or replace this release; importguard advisories lookup {release} says more")
    if fields.get("allow"):
        # Whole, so that it can be copied.
        lines.append(f"  allow  {printable(fields['allow'])}")
    if fields.get("asked") in ASKED:
        lines.append(f"  asked  {ASKED[fields['asked']]}")
    lines.append(f"  more   importguard explain --record {printable(fields.get('id', ''))}")
    return "\n".join(lines)


def headline(fields):
    """Return one line that says who was stopped from what, when and where."""
    verb = {"deny": "denied", "kill": "killed", "log": "would deny", "allow": "would be denied by the candidate"}.get(fields.get("verdict"), fields.get("verdict"))
    owner = fields.get("owner") or {}
    who = printable(f"{owner.get('name', '?')} {owner.get('version', '')}".rstrip())
    return f"{verb}  {who} -> {asked(fields)}  {WHEN.get(fields.get('phase'), '')}{place(fields)}"


def asked(fields):
    """Return the capability and its target, as in `proc.spawn /usr/bin/git version`."""
    target = fields.get("target", "")
    argv = fields.get("argv")
    if argv and len(argv) > 1:
        target += " " + " ".join([str(item) for item in argv[1:]])
    return f"{fields.get('capability')} {shown(target)}"


def place(fields):
    """Return where it happened, in brackets, or ""."""
    stack = fields.get("stack") or ()
    if stack and type(stack[0]) is dict:
        return f" ({shown(stack[0].get('file', ''))}:{stack[0].get('line', 0)})"
    module = fields.get("module")
    return f" ({shown(module)})" if module else ""


def one_line(fields):
    """Return any record as one printable line."""
    if fields.get("event") == "decision":
        return f"importguard: {headline(fields)}"
    detail = fields.get("reason") or fields.get("detail") or ""
    return f"importguard: {printable(fields.get('event', ''))} {shown(detail)}".rstrip()
