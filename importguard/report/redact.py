"""Takes secrets out of records: query strings, user information in URLs, what is assigned to a secret, tokens of known form.

Without regular expressions, for a guarded process has none of its own and needs this where no supervisor reads its records.
tests/report/test_redact.py holds it to the patterns that say the same.
"""

from importguard.pinned import len, range, str, tuple, type

MASK = "***"
# What a name ends in whose value is a secret.
SECRET_WORDS = (
    "pass", "password", "passwd", "passphrase", "pwd", "secret", "token", "auth", "authorization", "credential", "credentials",
    *[first + between + "key" for first in ("api", "access", "session") for between in ("", "-", "_")],
)  # fmt: skip
LONGEST_WORD = 16
SCHEMES = ("bearer", "basic")
ENDS_OF_USER = "/@?#"
ENDS_OF_REST = "?#'\""
ENDS_OF_QUERY = "#'\""
ENDS_OF_VALUE = "'\"&,;"
QUOTES = "'\""
TEXT_FIELDS = ("target", "line")
# How tokens begin that say who has issued them, what else they are made of beside letters and digits, and how much of it at least.
TOKENS = (
    *[("gh" + kind + "_", "_", 16) for kind in "pousr"], ("github_pat_", "_", 16), ("glpat-", "_-", 16),
    *[("xox" + kind + "-", "_-", 8) for kind in "abeprs"], ("sk-", "_-", 16), ("AKIA", "", 12), ("ASIA", "", 12), ("AIza", "_-", 30),
    ("hf_", "_", 16), ("npm_", "_", 20), ("pypi-", "_-", 16), ("dckr_pat_", "_-", 16), ("eyJ", "_-", 8),
)  # fmt: skip
CAPITALS_ONLY = ("AKIA", "ASIA")
IN_THREE_PARTS = "eyJ"  # a JSON web token: parts with full stops between them
LONG = 40
# What was redacted lately: much is recorded again and again.
known = {}
MOST_KNOWN = 4096


def redact(record):
    """Return a record, a dict, without query strings, userinfo and token-like arguments."""
    changed = {name: redact_text(record[name]) for name in TEXT_FIELDS if type(record.get(name)) is str}
    if type(record.get("argv")) is list:
        changed["argv"] = redact_arguments(record["argv"])
    if type(record.get("allow")) is str:
        # A line of policy, in which what is masked is a glob: it still allows what was refused.
        changed["allow"] = _without_followers(redact_text(record["allow"]))
    return {**record, **changed}


def redact_arguments(words):
    """Return an argument vector with the values of secret options and token-like words masked."""
    safe, is_secret = [], False
    for word in words:
        is_text = type(word) is str  # a program may put anything where its arguments are
        safe.append(redact_text(word) if is_text and not is_secret else MASK)
        is_secret = is_text and _is_secret_option(word[:-1] if word.endswith("\n") else word)
    return safe


def redact_text(text):
    """Return one text with its secrets masked."""
    safe = known.get(text)
    if safe is None:
        if len(known) >= MOST_KNOWN:
            known.clear()
        safe = known[text] = _redacted(text)
    return safe


def _redacted(text):
    if "://" in text:
        text = _without_userinfo(text)
    if "=" in text or ":" in text:
        text = _without_values(text)
    for token in TOKENS:
        if token[0] in text:
            text = _without_tokens(text)
            break
    return _without_long_words(text) if len(text) >= LONG else text


def _without_userinfo(text):
    """Return a text without what URLs have before the host, and after the path."""
    kept, done, at = [], 0, text.find("://")
    while at >= 0:
        start = _start_of_scheme(text, done, at)
        if start < at:
            user = _end(text, at + 3, ENDS_OF_USER)
            has_user = text[user : user + 1] == "@"
            place = user + 1 if has_user else at + 3
            rest = _end(text, place, ENDS_OF_REST)
            has_query = text[rest : rest + 1] == "?"
            kept += [text[done : at + 3], MASK + "@" if has_user else "", text[place:rest], "?" + MASK if has_query else ""]
            done = _end(text, rest + 1, ENDS_OF_QUERY) if has_query else rest
        at = text.find("://", done if done > at else at + 1)
    return "".join([*kept, text[done:]])


def _start_of_scheme(text, first, at):
    """Return where the scheme begins of which `at` is the end; `at` where there is none."""
    start, found = at, at
    while start > first and text[start - 1].isascii() and (text[start - 1].isalnum() or text[start - 1] in "+.-"):
        start -= 1
        if text[start].isalpha():
            found = start
    return found


def _without_values(text):
    """Return a text without what is assigned to secrets: `token=…`, `"password": "…"`, `Authorization: Bearer …`."""
    kept, done = [], 0
    for at in range(len(text)):
        if at >= done and text[at] in "=:":
            name = at
            while name > done and text[name - 1].isspace():
                name -= 1
            if name > done and text[name - 1] in QUOTES:
                name -= 1
            end = _end_of_value(text, at + 1) if _ends_in_secret(text[done if done > name - LONGEST_WORD else name - LONGEST_WORD : name]) else 0
            if end:
                start = _end_of_space(text, at + 1)
                kept += [text[done:start], MASK]
                done = end
    return "".join([*kept, text[done:]])


def _end_of_value(text, at):
    """Return where the value ends that is assigned at a place, 0 where there is none, or it is masked."""
    start = _end_of_space(text, at)
    if text.startswith(MASK, start):
        return 0
    for scheme in SCHEMES:
        after = start + len(scheme)
        if _folded(text[start:after]) == scheme and text[after : after + 1].isspace():
            end = _end_of_word(text, _end_of_space(text, after))
            if end:
                return end
    return _end_of_word(text, start)


def _end_of_word(text, start):
    """Return where a value ends that begins here, perhaps with a quotation mark; 0 where none does."""
    if text[start : start + 1] in tuple(QUOTES):
        start += 1
    end = _end(text, start, ENDS_OF_VALUE)
    return end if end > start else 0


def _without_tokens(text):
    """Return a text without the tokens that say by their beginning what they are."""
    kept, done = [], 0
    for at in range(len(text)):
        if at >= done and (at == 0 or not _is_word(text[at - 1])):
            end = _end_of_token(text, at)
            if end:
                kept += [text[done:at], MASK]
                done = end
    return "".join([*kept, text[done:]])


def _end_of_token(text, at):
    for start, others, least in TOKENS:
        if text.startswith(start, at):
            first = at + len(start)
            end = _end_of_capitals(text, first) if start in CAPITALS_ONLY else _end_of_run(text, first, others)
            if end - first >= least:
                return end if start != IN_THREE_PARTS else _end_of_parts(text, end)
    return 0


def _end_of_parts(text, end):
    """Return where a JSON web token ends of which the first part does here; 0 where there is no second."""
    second = _end_of_run(text, end + 1, "_-") if text[end : end + 1] == "." else 0
    if second - end - 1 < 8:
        return 0
    return _end_of_run(text, second + 1, "_-") if text[second : second + 1] == "." else second


def _end_of_capitals(text, at):
    while at < len(text) and text[at].isascii() and (text[at].isdigit() or text[at].isupper()):
        at += 1
    return at


def _without_long_words(text):
    """Return a text without long words of letters and digits, which aren't parts of a path."""
    kept, done, at = [], 0, 0
    while at < len(text):
        end = _end_of_run(text, at, "_+-")
        after = _end_of_long_word(text, at, end) if end - at >= LONG and _may_begin(text, at) else 0
        if after:
            kept += [text[done:at], MASK]
            done = at = after
        else:
            at = end if end > at else at + 1
    return "".join([*kept, text[done:]])


def _may_begin(text, at):
    return at == 0 or not (_is_word(text[at - 1]) or text[at - 1] in "/+.-")


def _end_of_long_word(text, at, end):
    """Return where a long word ends that goes on to `end` at most: no path, nor a longer name, goes on there. 0 where it is none."""
    if not _has_letter_and_digit(text[at:end]):
        return 0
    while end - at >= LONG:
        signs = 0
        while signs < 2 and text[end + signs : end + signs + 1] == "=":
            signs += 1
        after = text[end + signs : end + signs + 1]
        if not after or not (_is_word(after) or after in "/."):
            return end + signs
        if signs:
            return end + signs - 1
        end = _last_sign(text, at, end)
    return 0


def _last_sign(text, at, end):
    plus, minus = text.rfind("+", at, end), text.rfind("-", at, end)
    return plus if plus > minus else minus


def _has_letter_and_digit(text):
    has_letter = has_digit = False
    for char in text:
        has_letter = has_letter or (char.isascii() and char.isalpha())
        has_digit = has_digit or char.isdecimal()
    return has_letter and has_digit


def _without_followers(text):
    """Return a text without the words after secret options."""
    kept, done, at = [], 0, text.find(" ")
    while at >= 0:
        start = at
        while start > done and not text[start - 1].isspace():
            start -= 1
        end = _end(text, at + 1, '"')
        if end > at + 1 and _is_secret_option(text[start:at]) and (start == 0 or text[start - 1].isspace()):
            kept += [text[done : at + 1], MASK]
            done = end
        at = text.find(" ", done if done > at else at + 1)
    return "".join([*kept, text[done:]])


def _is_secret_option(word):
    return word.startswith("-") and _end_of_run(word, 0, "_-") == len(word) and _ends_in_secret(word)


def _ends_in_secret(text):
    return _folded(text[-LONGEST_WORD:]).endswith(SECRET_WORDS)


def _folded(text):
    """Return a text in lower case, with the two signs that a pattern takes for an s and a k when it ignores case."""
    return text.replace("\u017f", "s").replace("\u212a", "k").lower()


def _end(text, at, stops):
    """Return where white space or one of `stops` comes next, or the text ends."""
    while at < len(text) and not text[at].isspace() and text[at] not in stops:
        at += 1
    return at


def _end_of_space(text, at):
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _end_of_run(text, at, others):
    while at < len(text) and (text[at].isalnum() or text[at] in others):
        at += 1
    return at


def _is_word(char):
    return char.isalnum() or char == "_"
