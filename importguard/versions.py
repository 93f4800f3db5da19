"""Names and versions of distributions, compared as PEP 503 and PEP 440 say, without the `re` module."""

from importguard.pinned import int, len, str, tuple, type

# A text longer than this is no version: int() refuses more digits than these anyway.
LONGEST = 4000

_SEPARATORS = "._-"
_DIGITS = "0123456789"
_PRE = (("alpha", 0), ("a", 0), ("beta", 1), ("b", 1), ("preview", 2), ("pre", 2), ("c", 2), ("rc", 2))
_POST = (("post", 0), ("rev", 0), ("r", 0))
_DEV = (("dev", 0),)
_PRE_LETTERS = ("a", "b", "rc")
_OPERATORS = ("===", "~=", "==", "!=", "<=", ">=", "<", ">")


def canonical_name(text):
    """Return the PEP 503 form of a distribution's name."""
    text = text.lower().replace("_", "-").replace(".", "-")
    while "--" in text:
        text = text.replace("--", "-")
    return text


def canonical_version(text):
    """Return the PEP 440 form of a version without trailing zeros; an invalid one is stripped and lowered."""
    parsed = _parse(text)
    if parsed is None:
        return text.strip().lower()
    epoch, release, pre, post, dev, local = parsed
    shown = f"{epoch}!" if epoch else ""
    shown += ".".join([str(number) for number in _trimmed(release)])
    if pre is not None:
        shown += _PRE_LETTERS[pre[0]] + str(pre[1])
    if post is not None:
        shown += f".post{post}"
    if dev is not None:
        shown += f".dev{dev}"
    if local:
        shown += "+" + ".".join([str(part) for part in local])
    return shown


def public(text):
    """Return a version's text without its local label."""
    return text.partition("+")[0]


def version_key(text):
    """Return a tuple that orders like `packaging.version.Version`, or None for an invalid version."""
    parsed = _parse(text)
    return None if parsed is None else _key(parsed)


def matches(specifier_text, version_text):
    """Tell whether a version satisfies all of some `,`-joined PEP 440 specifiers, pre-releases included.

    An invalid version satisfies only `===`. Raises ValueError for an invalid specifier.
    """
    clauses = [_clause(part.strip()) for part in specifier_text.split(",") if part.strip()]
    parsed = _parse(version_text)
    for operator, wanted, literal in clauses:
        if operator == "===":
            if literal.lower() != version_text.strip().lower():
                return False
        elif parsed is None or not _satisfies(operator, wanted, literal, parsed):
            return False
    return True


def _clause(text):
    """Return (operator, parsed version or release prefix, text after the operator) of one specifier."""
    for operator in _OPERATORS:
        if text.startswith(operator):
            break
    else:
        raise ValueError(f"invalid specifier {text!r}")
    literal = text[len(operator) :].strip()
    if operator == "===":
        if len(literal.split()) != 1 or ";" in literal or ")" in literal:
            raise ValueError(f"invalid specifier {text!r}")
        return operator, None, literal
    wild = literal.endswith(".*") and operator in ("==", "!=")
    wanted = _parse(literal[:-2] if wild else literal)
    if wanted is None or not _is_fitting(operator, wanted, wild):
        raise ValueError(f"invalid specifier {text!r}")
    return operator, wanted, literal


def _is_fitting(operator, wanted, wild):
    """Tell whether a parsed version may stand behind an operator."""
    if wild:
        return wanted[2:] == (None, None, None, ())
    if wanted[5]:
        return operator in ("==", "!=")
    return operator != "~=" or len(wanted[1]) > 1


def _satisfies(operator, wanted, literal, parsed):
    if operator == "==":
        return _equals(wanted, literal, parsed)
    if operator == "!=":
        return not _equals(wanted, literal, parsed)
    key = _key(parsed)
    bound = _key(wanted)
    if operator == ">=":
        return key >= bound
    if operator == "<=":
        return _key(_without_local(parsed)) <= bound
    if operator == "~=":
        return key >= bound and _has_prefix(parsed, wanted[0], wanted[1][:-1])
    if operator == "<":
        return key < _lower_edge(wanted)
    return _is_after(parsed, wanted)


def _equals(wanted, literal, parsed):
    if literal.endswith(".*"):
        return _has_prefix(parsed, wanted[0], wanted[1])
    if not wanted[5]:
        parsed = _without_local(parsed)
    return _key(parsed) == _key(wanted)


def _has_prefix(parsed, epoch, release):
    missing = len(release) - len(parsed[1])
    padded = parsed[1] + (0,) * missing
    return parsed[0] == epoch and padded[: len(release)] == release


def _lower_edge(wanted):
    # `<1.0` excludes the pre-releases of 1.0, unless the bound is one itself.
    epoch, release, pre, post, dev, local = wanted
    if pre is None and dev is None:
        dev = 0
    return _key((epoch, release, pre, post, dev, local))


def _is_after(parsed, wanted):
    # `>1.0` excludes the post-releases and the local versions of 1.0, unless the bound is a post-release itself.
    if _key(_without_local(parsed)) <= _key(wanted):
        return False
    if wanted[3] is not None or wanted[4] is not None or parsed[3] is None:
        return True
    return (parsed[0], _trimmed(parsed[1]), parsed[2]) != (wanted[0], _trimmed(wanted[1]), wanted[2])


def _without_local(parsed):
    return parsed[:5] + ((),)


def _trimmed(release):
    length = len(release)
    while length > 1 and release[length - 1] == 0:
        length -= 1
    return release[:length]


def _key(parsed):
    """Return the sort key of a parsed version: development < pre-releases < final < post-releases < local ones."""
    epoch, release, pre, post, dev, local = parsed
    if pre is None:
        pre = (-1, 0) if post is None and dev is not None else (3, 0)
    return (
        epoch,
        _trimmed(release),
        pre,
        -1 if post is None else post,
        (1, 0) if dev is None else (0, dev),
        tuple([(0, part) if type(part) is str else (1, part) for part in local]),
    )


def _parse(text):
    """Return (epoch, release, pre, post, dev, local) of a PEP 440 version, or None when it is none."""
    text = text.strip()
    if not text.isascii() or len(text) > LONGEST:
        return None
    parts = text.split(".")
    if not [part for part in parts if not part.isdigit()]:  # most versions are nothing but numbers
        return 0, tuple([int(part) for part in parts]), None, None, None, ()
    text = text.lower()
    text, plus, label = text.partition("+")
    local = _local(label) if plus else ()
    if local is None:
        return None
    start = 1 if text.startswith("v") else 0
    epoch, release, at = _release(text, start)
    if not release:
        return None
    pre, at = _suffix(text, at, _PRE)
    post, at = _post(text, at)
    dev, at = _suffix(text, at, _DEV)
    if at != len(text):
        return None
    return epoch, release, pre, post, None if dev is None else dev[1], local


def _release(text, at):
    """Return (epoch, release numbers, position behind them); no numbers when there is no release at `at`."""
    epoch = 0
    end = _digits_end(text, at)
    if end > at and text.startswith("!", end):
        epoch = int(text[at:end])
        at = end + 1
        end = _digits_end(text, at)
    numbers = []
    while end > at:
        numbers.append(int(text[at:end]))
        if not text.startswith(".", end):
            return epoch, tuple(numbers), end
        at = end + 1
        end = _digits_end(text, at)
    return epoch, tuple(numbers), at - 1


def _digits_end(text, at):
    length = len(text)
    while at < length and text[at] in _DIGITS:
        at += 1
    return at


def _suffix(text, at, words):
    """Return ((rank, number), position behind it) of `[sep] word [sep] [number]`, or (None, at)."""
    start = _after_separator(text, at)
    for word, rank in words:
        if text.startswith(word, start):
            start = _after_separator(text, start + len(word))
            end = _digits_end(text, start)
            return (rank, int(text[start:end] or "0")), end
    return None, at


def _after_separator(text, at):
    return at + 1 if at < len(text) and text[at] in _SEPARATORS else at


def _post(text, at):
    end = _digits_end(text, at + 1)
    if text.startswith("-", at) and end > at + 1:
        return int(text[at + 1 : end]), end
    found, end = _suffix(text, at, _POST)
    return (None if found is None else found[1]), end


def _local(label):
    """Return the parts of a local label, numbers as int, or None when it is none."""
    parts = label.replace("-", ".").replace("_", ".").split(".")
    if [part for part in parts if not part.isalnum()]:
        return None
    return tuple([int(part) if part.isdigit() else part for part in parts])
