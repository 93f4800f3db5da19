"""What named targets stand for on this machine and in this launch."""

import contextlib
import fnmatch
import os
import pathlib
import pwd
import sys
import tempfile
import typing

from importguard.policy import links, patterns

DATA = pathlib.Path(__file__).parent / "data"
BIN = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin")
HOMES = ("/root", "/home/*", "/Users/*")
# Variables that say where credentials are, and what lies in the folder that some of them name.
POINTERS = (
    ("GOOGLE_APPLICATION_CREDENTIALS", ""), ("KUBECONFIG", ""), ("AWS_SHARED_CREDENTIALS_FILE", ""), ("AWS_CONFIG_FILE", ""),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", ""), ("AZURE_FEDERATED_TOKEN_FILE", ""), ("NETRC", ""), ("PGPASSFILE", ""),
    ("BOTO_CONFIG", ""), ("NPM_CONFIG_USERCONFIG", ""), ("TF_CLI_CONFIG_FILE", ""), ("HF_TOKEN_PATH", ""),
    ("HF_HOME", "/token"), ("DOCKER_CONFIG", "/config.json"), ("KAGGLE_CONFIG_DIR", "/kaggle.json"),
    ("CARGO_HOME", "/credentials.toml"), ("CLOUDSDK_CONFIG", "/credentials.db"), ("CLOUDSDK_CONFIG", "/access_tokens.db"),
    ("CLOUDSDK_CONFIG", "/application_default_credentials.json"), ("AZURE_CONFIG_DIR", "/msal_token_cache.json"),
    ("GNUPGHOME", "/private-keys-v1.d"),
)  # fmt: skip
# What is compared with an argument, as it was typed.
AS_SPELLED = ("$hostname", "$libraries")
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")


class Spread(typing.NamedTuple):
    """A set of paths: `patterns`, and `tails` below each of the `homes`, but for what `unless` matches."""

    patterns: tuple[str, ...]
    tails: tuple[str, ...]
    homes: tuple[str, ...]
    unless: tuple[str, ...]

    def every(self):
        """Return each pattern by itself."""
        return tuple(dict.fromkeys((*self.patterns, *(home + tail for home in self.homes for tail in self.tails))))


def surroundings(environ, cwd, given=()):
    """Return {named target: absolute folders} for a launch; `given` (a mapping) adds what the launcher probed.

    Its `$site`, `$prefix`, `$stdlib`, `$own` (more of importguard's own files) may each be a text or several.
    """
    named = {
        "$home": homes(environ),
        "$tmp": (*TEMPORARY, environ.get("TMPDIR") or "", _python_s_own()),
        "$cache": caches(environ),
        "$cwd": (str(cwd),),
        "$keys": keys(environ, str(cwd)),
        "$bin": tuple(folder for folder in BIN if os.path.isdir(folder)),
        "$hostname": (os.uname().nodename,),
        "$libraries": libraries(environ),
        "$prefix": (),
        "$stdlib": (),
        "$site": (),
        "$own": (),
    }
    for name, value in dict(given).items():
        named[name if name.startswith("$") else "$" + name] = (value,) if isinstance(value, str) else tuple(value)
    return {name: values if name in AS_SPELLED else _real(values) for name, values in named.items()}


def _python_s_own():
    """Return where `tempfile` puts what it makes, "" where it may write nowhere: a session may still find a place, in /dev/shm."""
    try:
        return tempfile.gettempdir()
    except OSError:
        return ""


def homes(environ):
    """Return every folder that may be somebody's home, the launch's own first."""
    found = [environ.get("HOME") or ""]
    # A container's made-up user has no entry.
    with contextlib.suppress(KeyError):
        found.append(pwd.getpwuid(os.getuid()).pw_dir)
    return tuple(home for home in found if home.startswith("/") and home.strip("/")) + HOMES


def keys(environ, cwd):
    """Return the credentials that variables lead to; devices, which stand for none, are left out."""
    named = [(environ.get(variable, ""), tail) for variable, tail in POINTERS]
    paths = [os.path.join(cwd, part + tail) for value, tail in named for part in value.split(":") if part]
    return tuple(path for path in paths if not os.path.realpath(path).startswith(("/dev/", "/proc/", "/sys/")))


def libraries(environ):
    """Return the folders of the launch's own LD_LIBRARY_PATH, as they stand there; ctypes.util hands all of them to `ld`."""
    listed = environ.get("LD_LIBRARY_PATH", "")
    return tuple(listed.split(":")) if listed else ()


def caches(environ):
    cache = environ.get("XDG_CACHE_HOME")
    folders = [home + "/.cache" for home in homes(environ)]
    return tuple([cache, *folders] if cache else folders)


def _real(folders):
    """Return the folders and what they lead to, since targets have their symbolic links followed."""
    found = {}
    for folder in folders:
        if folder.startswith("/"):
            found[os.path.normpath(folder)] = None
            if "*" not in folder:
                found[os.path.realpath(folder)] = None
    return tuple(found)


def data_set(name, named):
    """Return (patterns, exclusions) of `$secrets` or `$persistence`, absolute, links of this machine followed."""
    found = spread(name, named)
    return found.every(), found.unless


def spread(name, named):
    """Return a Spread of `$secrets` or `$persistence`, as data_set does: what lies in a home is named once for all of them."""
    wanted, tails, unless = [], [], []
    for pattern, _ in read_data(name):
        if pattern.startswith("!"):
            unless += patterns.expand(pattern[1:], named)
        elif pattern.startswith("~/"):
            tails.append(pattern[1:])
        else:
            wanted += patterns.expand(pattern, named)
    homes = _with_links(home.rstrip("/") for home in named.get("$home", ()))
    linked = [link for home in homes for link in _linked_below(home, tails, unless)]
    return Spread((*_with_links(wanted), *linked), tuple(dict.fromkeys(tails)), homes, tuple(unless))


def read_data(name):
    """Return the (pattern, reason) pairs of a data file."""
    pairs = []
    for line in (DATA / f"{name}.txt").read_text("utf-8").splitlines():
        pattern, _, reason = line.partition(" # ")
        if pattern.strip() and not pattern.startswith("#"):
            pairs.append((pattern.strip(), reason.strip()))
    return pairs


def _with_links(wanted):
    """Return the patterns and, where what is before the first glob is a link here, what it leads to."""
    found = dict.fromkeys(wanted)
    return tuple({**found, **dict.fromkeys(_linked(found))})


def _linked(wanted):
    """Yield what patterns lead to by a link that is before their first glob."""
    for pattern in wanted:
        literal = pattern.partition("*")[0]
        if not literal.startswith("/"):
            continue
        folder = literal if "*" not in pattern else literal.rpartition("/")[0]
        leads_to = links.real(folder)
        if leads_to not in (folder, "/"):
            yield leads_to + pattern[len(folder) :]


def _linked_below(home, tails, unless):
    """Return what of a home is elsewhere by a link in it; most of the hundreds of names that are looked for aren't there."""
    if "*" in home:
        return ()
    there = links.names(home or "/")
    wanted = [home + tail for tail in tails if there is None or tail.split("/", 2)[1] in there]
    return (*_linked(wanted), *_linked_by_name(wanted, unless))


def _linked_by_name(wanted, unless):
    """Yield what links lead to whose own names a pattern matches, and none that takes out again, in the folder where its globs begin."""
    for pattern in wanted:
        folder = pattern.partition("*")[0].rpartition("/")[0]
        glob, _, below = pattern[len(folder) + 1 :].partition("/")
        if "*" not in glob or below not in ("", "**"):
            continue
        for name in links.linked(links.real(folder)):
            taken_out = any(fnmatch.fnmatchcase(f"{folder}/{name}", pattern) for pattern in unless)
            if fnmatch.fnmatchcase(name, glob) and not taken_out:
                leads_to = links.real(f"{folder}/{name}")
                yield from (leads_to, f"{leads_to}/**")


def package_folder():
    """Return the folder of importguard itself."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def interpreter():
    """Return what a launcher would probe, for the interpreter that runs this."""
    site = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    return {"$prefix": sys.prefix, "$stdlib": os.path.dirname(os.__file__), "$site": site}
