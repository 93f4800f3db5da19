"""Takes secrets out of records before they are shown or stored, and makes attacker-chosen text harmless to show."""

import functools
import re

MASK = "***"
SECRET_WORD = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|session[-_]?key|auth(?:orization)?"
    r"|credentials?)"
)


def _pattern(text):
    """Return what gives a pattern, compiled when somebody first wants it: a run with nothing to show compiles none."""
    return functools.cache(lambda: re.compile(text))


URL = _pattern(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^\s/@?#]*@)?(?P<rest>[^\s?#'\"]*)(?P<query>\?[^\s#'\"]*)?"
)
ASSIGNED = _pattern(
    rf"(?i)(\b[\w-]*{SECRET_WORD}['\"]?\s*[=:]\s*)(?!{re.escape(MASK)})(?:bearer\s+|basic\s+)?['\"]?[^\s'\"&,;]+"
)
OPTION = _pattern(rf"(?i)^--?[\w-]*{SECRET_WORD}$")
FOLLOWED = _pattern(rf"(?i)((?<!\S)--?[\w-]*{SECRET_WORD} )[^\s\"]+")
KNOWN = _pattern(
    r"\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{8,}|sk-[\w-]{16,}|(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|AIza[\w-]{30,}|hf_\w{16,}|npm_\w{20,}|pypi-[\w-]{16,}|dckr_pat_[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)"
)
LONG = _pattern(r"(?<![\w/+.-])(?=[\w+-]*\d)(?=[\w+-]*[A-Za-z])[\w+-]{40,}={0,2}(?![\w/.])")
UNSAFE = _pattern(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
TEXT_FIELDS = ("target", "line")


def redact(record):
    """Return a record without query strings, userinfo and token-like arguments."""
    changed = {name: redact_text(record[name]) for name in TEXT_FIELDS if type(record.get(name)) is str}
    if type(record.get("argv")) is list:
        changed["argv"] = redact_arguments(record["argv"])
    if type(record.get("allow")) is str:
        # A line of policy, in which what is masked is a glob: it still allows what was refused.
        changed["allow"] = FOLLOWED().sub(rf"\g<1>{MASK}", redact_text(record["allow"]))
    return {**record, **changed}


def redact_arguments(words):
    """Return an argument vector with the values of secret options and token-like words masked."""
    safe, secret = [], False
    for word in words:
        safe.append(MASK if secret else redact_text(word))
        secret = bool(OPTION().match(word))
    return safe


@functools.lru_cache(maxsize=4096)
def redact_text(text):
    """Return one text with its secrets masked."""
    text = URL().sub(_redact_url, text)
    text = ASSIGNED().sub(rf"\g<1>{MASK}", text)
    return LONG().sub(MASK, KNOWN().sub(MASK, text))


def escape(value):
    """Return a value in which no text holds a control, format or bidirectional character."""
    if type(value) is str:
        # Nearly all of what is recorded is plain, which is found out faster.
        is_plain = value.isascii() and value.isprintable()
        return value if is_plain else UNSAFE().sub(lambda found: _escaped(found.group()), value)
    if type(value) is list:
        return [escape(item) for item in value]
    if type(value) is dict:
        return {escape(name): escape(item) for name, item in value.items()}
    return value


def _redact_url(found):
    user = f"{MASK}@" if found["user"] else ""
    query = f"?{MASK}" if found["query"] else ""
    return f"{found['scheme']}{user}{found['rest']}{query}"


def _escaped(character):
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
