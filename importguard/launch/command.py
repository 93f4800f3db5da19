"""From what a user typed to what is executed: a program, its arguments, and the interpreter that it will run on."""

import os
import stat
import sys
import typing

from importguard.errors import ImportguardError, UsageError

SCRIPT_SUFFIXES = (".py", ".pyw", ".pyz")
HEAD = 4096
NEEDS_VALUE = "WX"


class CommandNotFound(ImportguardError):
    """The command that was to be run doesn't exist."""

    code = "IG102"
    exit_status = 127


class NotExecutable(ImportguardError):
    """The command that was to be run exists and can't be executed."""

    code = "IG103"
    exit_status = 126


class Arguments(typing.NamedTuple):
    """What the arguments of a Python interpreter say: its short options, and what it runs."""

    options: str
    kind: str  # "module", "code", "script" or "stdin"
    operand: str


class Command(typing.NamedTuple):
    """What is executed: `path` with `argv`, and the Python `interpreter` that runs it ("" when it is no Python)."""

    path: str
    argv: tuple[str, ...]
    interpreter: str
    script: str  # the file that was typed, when there is one


def resolve(words, environment, *, way="run"):
    """Return the Command for the words that were typed; raises CommandNotFound or NotExecutable. `way` is importguard's own command."""
    if not words or not words[0]:
        raise UsageError(f"no command to run, for example `importguard {way} -- python app.py` (see `importguard {way} --help`)")
    if words[0] in ("-m", "-c"):
        if len(words) == 1:
            raise UsageError(f"{words[0]} needs a value (see `importguard {way} --help`)")
        return _with_default_interpreter(words, environment, script="")
    if _is_source(words[0]):
        return _with_default_interpreter(words, environment, script=words[0])
    path = find_program(words[0], environment)
    if is_python_name(path):
        return Command(path, tuple(words), path, "")
    interpreter, flags = read_shebang(path)
    interpreter = interpreter and (find_on_path(interpreter, environment) or interpreter)
    if flags and set("IE") & set("".join(flags)):
        # The kernel would start it as a child that reads no PYTHONPATH: as a plain argument vector it can be guarded.
        return Command(interpreter, (interpreter, *flags, path, *words[1:]), interpreter, path)
    return Command(path, tuple(words), interpreter, path)


def python_arguments(command):
    """Return the Arguments of a Command that starts a Python interpreter."""
    words = list(command.argv[1:])
    if command.path != command.interpreter:
        return Arguments("", "script", command.path)
    options = ""
    while words:
        word = words.pop(0)
        if word == "-" or not word.startswith("-"):
            return Arguments(options, "stdin" if word == "-" else "script", "" if word == "-" else word)
        if word.startswith("--"):
            if word == "--check-hash-based-pycs" and words:
                words.pop(0)
            continue
        for at, letter in enumerate(word[1:], 2):
            if letter in "mc":
                operand = word[at:] or (words[0] if words else "")
                return Arguments(options, "module" if letter == "m" else "code", operand)
            if letter in NEEDS_VALUE:
                if not word[at:] and words:
                    words.pop(0)
                break
            options += letter
    return Arguments(options, "stdin", "")


def default_interpreter(environment):
    """Return the interpreter for -m, -c and script.py: the active environment's, else PATH's first, else our own."""
    active = environment.get("VIRTUAL_ENV")
    if active and os.access(active + "/bin/python", os.X_OK):
        return active + "/bin/python"
    return find_on_path("python3", environment) or find_on_path("python", environment) or sys.executable


def find_program(word, environment):
    """Return the path of an executable file, as a shell would find it."""
    path = word if "/" in word else find_on_path(word, environment)
    if not path or not os.path.exists(path):
        here = f"; './{word}' is here" if "/" not in word and os.path.exists(word) else ""
        raise CommandNotFound(f"command not found: {word!r}{here}")
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        raise NotExecutable(f"not executable: {path!r}")
    return path


def find_on_path(name, environment):
    """Return the first executable file called `name` on PATH, or None."""
    if "/" in name:
        return name if os.access(name, os.X_OK) else None
    for folder in environment.get("PATH", os.defpath).split(":"):
        path = os.path.join(folder or ".", name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None


def is_python_name(path):
    """Say whether a path is called as Python interpreters are: python, python3, python3.12, python3.13t, pypy3."""
    name = path.rpartition("/")[2]
    for stem in ("python", "pypy"):
        if name.startswith(stem):
            return name[len(stem) :].rstrip("tdm").replace(".", "").isdecimal() or name in (stem, stem + "w")
    return False


def read_shebang(path):
    """Return the Python interpreter that a script names and its flags; ("", ()) when it is no Python script."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return "", ()
        with open(path, "rb") as file:
            lines = file.read(HEAD).decode("utf-8", "surrogateescape").split("\n")
    except OSError:
        return "", ()
    if not lines[0].startswith("#!"):
        return "", ()
    words = lines[0][2:].split()
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if word != "-S" and "=" not in word]
    elif words and words[0].endswith("/sh") and len(lines) > 1 and lines[1].startswith("'''exec' "):
        # What pip writes where the interpreter's path is too long or holds a blank.
        words = _unquote(lines[1][len("'''exec' ") :])
    if not words or not is_python_name(words[0]):
        return "", ()
    return words[0], tuple(word for word in words[1:] if word.startswith("-"))


def _unquote(text):
    quoted = text.startswith('"')
    first, _, rest = text.removeprefix('"').partition('"' if quoted else " ")
    return [first, *(word for word in rest.split() if word.startswith("-"))]


def _is_source(word):
    if os.path.isdir(word) and "/" not in word.rstrip("/") and os.path.isfile(word + "/__main__.py"):
        return True
    if not word.endswith(SCRIPT_SUFFIXES) or not os.path.isfile(word):
        return False
    return "/" not in word or not (os.access(word, os.X_OK) and read_shebang(word)[0])


def _with_default_interpreter(words, environment, *, script):
    interpreter = default_interpreter(environment)
    return Command(interpreter, (interpreter, *words), interpreter, script)
