"""Finds the line of every key and array element of a TOML text, which tomllib doesn't tell, and of its errors."""

BARE_END = ",]}#\n"


def locate(text):
    """Return {path: line} for a text that tomllib accepts; a path is a tuple of keys and array indexes."""
    return Scanner(text).scan()


def of_error(error, text):
    """Return the line of a file that an error of tomllib is about."""
    place = str(error).rpartition("(at line ")[2].partition(",")[0]
    return place if place.isdecimal() else text.count("\n") + 1


def reason(error):
    """Return what an error of tomllib says, without the place."""
    said = str(error).partition(" (at ")[0]
    return said[:1].lower() + said[1:]


class Scanner:
    """Walks through a TOML text once."""

    def __init__(self, text):
        self.text = text
        self.at = 0
        self.found = {}
        self.tables = {}

    def scan(self):
        prefix = ()
        while self.skip(" \t\r\n"):
            if self.text[self.at] == "[":
                prefix = self.header()
            else:
                self.pair(prefix)
        return self.found

    def skip(self, blanks):
        """Go past blanks and comments; return whether anything is left."""
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "#":
                end = self.text.find("\n", self.at)
                self.at = end if end >= 0 else len(self.text)
            elif character in blanks:
                self.at += 1
            else:
                return True
        return False

    def note(self, path):
        """Note where something is, and with it the tables around it that nothing else names: [a.b] alone makes `a`."""
        line = self.text.count("\n", 0, self.at) + 1
        for size in range(len(path), 0, -1):
            if path[:size] in self.found:
                break
            self.found[path[:size]] = line

    def header(self):
        several = self.text.startswith("[[", self.at)
        self.at += 1 + several
        start = self.at
        keys = self.keys("]")
        self.at += 1 + several
        prefix = ()
        for key in keys:
            prefix += (key,)
            if prefix in self.tables and (prefix != keys or not several):
                prefix += (self.tables[prefix],)
        if several:
            self.tables[keys] = self.tables.get(keys, -1) + 1
            prefix = (*keys, self.tables[keys])
        end, self.at = self.at, start
        self.note(prefix)
        self.at = end
        return prefix

    def keys(self, end):
        """Return a dotted key, and stop at `end`."""
        parts = []
        while True:
            self.skip(" \t")
            if self.text[self.at] in "\"'":
                parts.append(self.string())
            else:
                start = self.at
                while self.text[self.at] not in f"{end}. \t":
                    self.at += 1
                parts.append(self.text[start : self.at])
            self.skip(" \t")
            if self.text[self.at] == end:
                return tuple(parts)
            self.at += 1

    def pair(self, prefix):
        start = self.at
        path = prefix + self.keys("=")
        end, self.at = self.at, start
        self.note(path)
        self.at = end + 1
        self.value(path)

    def value(self, path):
        self.skip(" \t\r\n")
        self.note(path)
        character = self.text[self.at]
        if character in "\"'":
            self.string()
        elif character == "[":
            self.array(path)
        elif character == "{":
            self.inline(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in BARE_END:
                self.at += 1

    def array(self, path):
        self.at += 1
        index = 0
        while self.skip(" \t\r\n,") and self.text[self.at] != "]":
            self.value((*path, index))
            index += 1
        self.at += 1

    def inline(self, path):
        self.at += 1
        while self.skip(" \t\r\n,") and self.text[self.at] != "}":
            self.pair(path)
        self.at += 1

    def string(self):
        """Go past a string and return what stands between its quotes."""
        quote = self.text[self.at]
        mark = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        start = self.at = self.at + len(mark)
        while not self.text.startswith(mark, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        inside = self.text[start : self.at]
        self.at += len(mark)
        while len(mark) == 3 and self.text.startswith(quote, self.at):
            self.at += 1
        return inside
