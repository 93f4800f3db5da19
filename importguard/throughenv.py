"""What `env` makes of the environment on its way to the program that it starts, also behind `timeout` and its like."""

from importguard.pinned import enumerate, len, list, set

# What each takes: short and long options with a value, and how many words stand before the command.
STARTERS = {
    "env": ("uCSa", ("unset", "chdir", "split-string", "argv0"), 0),
    "nice": ("n", ("adjustment",), 0),
    "nohup": ("", (), 0),
    "setsid": ("", (), 0),
    "stdbuf": ("ioe", ("input", "output", "error"), 0),
    "timeout": ("ks", ("kill-after", "signal"), 1),
}
CLEARS = "ignore-environment"
SURE = len("ignore-e")  # how much of it tells it from others
QUOTES = "'\""
# What `env -S` puts in other words.
SPECIAL = "\\$#"


class Way:
    """The words of a start, -S taken apart, and what becomes of the environment: it is `cleared`, names are `unset`, others
    `assigned`. More can be set at `place`, which is None where no command follows."""

    def __init__(self, argv):
        self.argv = list(argv)
        self.at = 0
        self.place = None
        self.cleared = False
        self.unset = set()
        self.assigned = {}

    def value_of(self, name, before):
        """Return what a variable is set to in the end, None where it isn't."""
        if name in self.assigned:
            return self.assigned[name]
        return None if self.cleared or name in self.unset else before


def follow(argv):
    """Return the Way of a start, None where it doesn't go through `env`, or no command can be made out behind it."""
    way = Way(argv)
    while way.at < len(way.argv):
        name = way.argv[way.at].rpartition("/")[2]
        if name not in STARTERS:
            break
        way.at += 1
        if not _follow_options(way, name):
            return None
        way.at += STARTERS[name][2]
        if name == "env":
            _follow_assignments(way)
            way.place = way.at
    return way if way.place is not None and way.place < len(way.argv) else None


def _follow_options(way, name):
    """Go past a program's options; return whether all of them can be made out."""
    while way.at < len(way.argv):
        word = way.argv[way.at]
        if word[:1] != "-":
            return True
        way.at += 1
        if word == "--":
            return True
        if word == "-":
            if name == "env":
                _clear(way)
            return True
        if not (_follow_long(way, name, word[2:]) if word[1] == "-" else _follow_cluster(way, name, word[1:])):
            return False
    return True


def _follow_long(way, name, word):
    option, has_value, value = word.partition("=")
    if name == "env" and CLEARS.startswith(option) and len(option) >= SURE:
        _clear(way)
    taking = [known for known in STARTERS[name][1] if known.startswith(option)]
    if not taking:
        return True
    return _take(way, name, taking[0][0] if taking[0] != "split-string" else "S", value, has_value)


def _follow_cluster(way, name, letters):
    for at, letter in enumerate(letters):
        if letter in STARTERS[name][0]:
            return _take(way, name, letter, letters[at + 1 :], at + 1 < len(letters))
        if name == "env" and letter == "i":
            _clear(way)
    return True


def _take(way, name, letter, value, has_value):
    """Take the value of an option, which may be the next word; return whether what it says can be made out."""
    if not has_value:
        if way.at >= len(way.argv):
            return False
        value = way.argv[way.at]
        way.at += 1
    if name == "env" and letter == "u":
        way.unset.add(value)
        way.assigned.pop(value, None)
    if name != "env" or letter != "S":
        return True
    words = split(value)
    if words is None:
        return False
    first = way.at - (1 if has_value else 2)
    kept = _without_split(way.argv[first])
    way.argv[first : way.at] = [*kept, *words]
    way.at = first + len(kept)
    return True


def _without_split(word):
    """Return what is left of a word of options when its -S is taken off, as a list."""
    letters = "" if word[:2] == "--" else word[1 : word.index("S")]
    return ["-" + letters] if letters else []


def _follow_assignments(way):
    while way.at < len(way.argv) and "=" in way.argv[way.at]:
        name, _, value = way.argv[way.at].partition("=")
        way.assigned[name] = value
        way.at += 1


def _clear(way):
    way.cleared = True
    way.assigned.clear()


def split(text):
    """Return the words of a text as `env -S` splits them, None for one that it would put in other words."""
    words, word, quote = [], None, ""
    for letter in text:
        if letter in SPECIAL:
            return None
        if quote:
            quote, word = ("", word) if letter == quote else (quote, word + letter)
        elif letter in QUOTES:
            quote, word = letter, word or ""
        elif letter.isspace():
            words, word = (words, None) if word is None else ([*words, word], None)
        else:
            word = (word or "") + letter
    if quote:
        return None
    return words if word is None else [*words, word]
