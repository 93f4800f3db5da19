"""Files by names that the guard and the kernel could take for different ones."""

import attempts
import pytest
from attempts import CALLED, IMPORTED, Attempt
from support import interpreters

NEW_RC = "wrote:home/.zshrc"
# A folder whose own name is longer than the kernel tells; `deep` is a descriptor of it, `levels` how far below BASE's parent it is.
DEEP = """
fds = [os.open(BASE, os.O_RDONLY)]
for _ in range(20):
    os.mkdir("d" * 250, dir_fd=fds[-1])
    fds.append(os.open("d" * 250, os.O_RDONLY, dir_fd=fds[-1]))
deep, levels = fds[-1], 21
try:
{deed}
finally:
    os.chdir("/")
    for fd in reversed(fds[:-1]):
        os.rmdir("d" * 250, dir_fd=fd)
"""
KEEP = "open(LOOT, 'wb').write(os.read(fd, 4096))\n"
LDCONFIG = """
    os.mkdir("sbin", dir_fd=fds[-5])
    program = os.open("sbin/ldconfig", os.O_WRONLY | os.O_CREAT, 0o755, dir_fd=fds[-5])
    os.write(program, b"#!/bin/sh\\ncp ~/.aws/credentials $TMPDIR/loot\\n")
    os.close(program)
    os.set_inheritable(deep, True)
    try:
        path = f"/proc/self/fd/{deep}/../../../../sbin/ldconfig"
        os.waitpid(os.posix_spawn(path, ["ldconfig", "-p"], os.environ), 0)
    finally:
        os.unlink("sbin/ldconfig", dir_fd=fds[-5])
        os.rmdir("sbin", dir_fd=fds[-5])
"""
REMOVED = "os.mkdir(HOME + '/d')\n%s\nos.rmdir(HOME + '/d')\nos.makedirs(TMP + '/x/y/z')\nos.symlink(TMP + '/x/y/z', HOME + '/d (deleted)')\n"
NUMBER_WITH_PATH = "class Own(int):\n    __fspath__ = lambda self: PATH\n\n"
BUFFER_WITH_PATH = "class Own(bytearray):\n    __fspath__ = lambda self: TMP + '/harmless'\n\nopen(TMP + '/harmless', 'w').close()\n"
SWAPPED = """
folder, other = os.open(TMP, os.O_RDONLY), os.open(%s, os.O_RDONLY)
class Mode:
    def __index__(self):
        os.dup2(other, folder)
        return 0o600

"""
HISTORY = (
    "lines = [readline.get_history_item(1 + at) or '' for at in range(readline.get_current_history_length())]\n"
    "open(LOOT, 'w').write('\\n'.join(lines))\n"
)
KEPT_LINES = """
def lines_of(act):
    saved, shown = os.dup(2), os.open(LOOT, os.O_RDWR | os.O_CREAT)
    os.dup2(shown, 2)
    act()
    os.dup2(saved, 2)

"""
KEY = "HOME + '/.ssh/id_ed25519'"
SUPER_JOURNAL = """
import sqlite3, struct
database, name = TMP + "/x.db", (HOME + "/.bashrc").encode()
with sqlite3.connect(database) as connection:
    connection.execute("create table t (a)")
connection.close()
magic = bytes.fromhex("d9d505f920a163d7")
head = (magic + struct.pack(">IIIII", 0, 1, 2, 512, 4096)).ljust(512, b"\\0")
tail = struct.pack(">I", 0x40000000 // 4096 + 1) + name + struct.pack(">II", len(name), sum(name)) + magic
open(database + "-journal", "wb").write(head + tail)
sqlite3.connect(database).execute("select * from t").fetchall()
"""
MOVED = "os.rename(TMP + '/l', HOME + '/.local')\nos.makedirs(TMP + '/later/bin')\nscript(TMP + '/later/bin/ls')\n"
# What an application's user has there: a program of a tool's own folder, and an entry of what is started with the session.
TOOLS = """
import os
home = os.path.expanduser("~")
for link, aim in ((".local/bin/foo", ".local/share/uv/tools/foo/bin/foo"), (".config/autostart/foo.desktop", "foo.desktop")):
    for path in (link, aim):
        os.makedirs(os.path.dirname(home + "/" + path), exist_ok=True)
    open(home + "/" + aim, "w").close()
    os.symlink(home + "/" + aim, home + "/" + link)
"""
SEEN_FIRST = "if open(%s).read().startswith('#!'):\n    open(LOOT, 'w').close()\n"


def deep(deed, base="HOME + '/deep'"):
    """Return a payload with a folder that is deeper than the kernel tells."""
    lines = "".join(f"    {line}\n" for line in deed.strip("\n").split("\n")) if not deed.startswith("\n    ") else deed
    return f"BASE = {base}\nos.makedirs(BASE)\n" + DEEP.replace("{deed}", lines)


ATTEMPTS = {
    "deep_program": Attempt(deep(LDCONFIG, "TMP + '/deep'")),
    "deep_by_descriptor": Attempt(deep("fd = os.open('../' * levels + '.aws/credentials', os.O_RDONLY, dir_fd=deep)\n" + KEEP)),
    "deep_by_link": Attempt(deep("fd = os.open(f'/proc/self/fd/{deep}/' + '../' * levels + '.aws/credentials', os.O_RDONLY)\n" + KEEP)),
    "deep_by_working_folder": Attempt(
        deep("os.fchdir(deep)\nfd = os.open('/proc/self/cwd/' + '../' * levels + '.aws/credentials', os.O_RDONLY)\n" + KEEP)
    ),
    "deep_moved": Attempt(
        deep("os.rename('../' * levels + '.aws/credentials', TMP + '/got', src_dir_fd=deep)\nfd = os.open(TMP + '/got', os.O_RDONLY)\n" + KEEP)
    ),
    "removed_program": Attempt(
        "os.mkdir(TMP + '/d')\nos.makedirs(TMP + '/sbin')\nscript(TMP + '/sbin/ldconfig')\nos.chdir(TMP + '/d')\nos.rmdir(TMP + '/d')\n"
        "os.symlink('/usr/lib', TMP + '/d (deleted)')\nos.waitpid(os.posix_spawn('../sbin/ldconfig', ['ldconfig', '-p'], os.environ), 0)\n"
    ),
    "removed_working_folder": Attempt(REMOVED % "os.chdir(HOME + '/d')" + "fd = os.open('../.aws/credentials', os.O_RDONLY)\n" + KEEP),
    "removed_folder": Attempt(
        REMOVED % "folder = os.open(HOME + '/d', os.O_RDONLY)" + "fd = os.open('../.aws/credentials', os.O_RDONLY, dir_fd=folder)\n" + KEEP
    ),
    "removed_secret": Attempt(
        "held = os.open(AWS, os.O_PATH)\nos.remove(AWS)\nfd = os.open(f'/proc/self/fd/{held}', os.O_RDONLY)\n" + KEEP
    ),
    "removed_secret_when_called": Attempt(
        "def run():\n    held = os.open(AWS, os.O_PATH)\n    os.remove(AWS)\n    steal(f'/proc/self/fd/{held}')\n", app=CALLED
    ),
    "number_with_path": Attempt("PATH = AWS\n" + NUMBER_WITH_PATH + "open(LOOT, 'wb').write(open(Own(2 ** 40), 'rb').read())\n"),
    "number_with_path_when_called": Attempt("PATH = AWS\n" + NUMBER_WITH_PATH + "run = lambda: steal(Own(2 ** 40))\n", app=CALLED),
    "number_with_path_to_write": Attempt("PATH = HOME + '/.zshrc'\n" + NUMBER_WITH_PATH + "open(Own(2 ** 40), 'w').close()\n", NEW_RC),
    "number_with_path_in_a_folder": Attempt(
        "PATH = '.aws/credentials'\n" + NUMBER_WITH_PATH + "fd = os.open(Own(1), os.O_RDONLY, dir_fd=os.open(HOME, os.O_RDONLY))\n" + KEEP
    ),
    "number_with_path_of_a_history": Attempt("PATH = AWS\n" + NUMBER_WITH_PATH + "import readline\nreadline.read_history_file(Own(7))\n" + HISTORY),
    "number_with_path_of_keys": Attempt(
        "PATH = HOME + '/.zshrc'\n" + NUMBER_WITH_PATH + "import ssl\nssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = Own(1)\n", NEW_RC
    ),
    "mode_that_acts": Attempt(
        SWAPPED % "HOME + '/.aws'" + "fd = os.open('credentials', os.O_RDONLY, Mode(), dir_fd=folder)\n" + KEEP
    ),
    "mode_that_acts_to_write": Attempt(
        SWAPPED % "HOME" + "os.open('.zshrc', os.O_WRONLY | os.O_CREAT, Mode(), dir_fd=folder)\n", NEW_RC
    ),
    "mode_of_a_node_that_acts": Attempt(SWAPPED % "HOME" + "os.mknod('.zshrc', Mode(), dir_fd=folder)\n", NEW_RC),
    "number_of_lines_that_acts": Attempt(
        "import readline\nreadline.add_history('echo')\nopen(TMP + '/a', 'w').close()\nos.symlink(TMP + '/a', TMP + '/l')\n"
        "class Count:\n    def __index__(self):\n        os.remove(TMP + '/l')\n        os.symlink(HOME + '/.bashrc', TMP + '/l')\n        return 1\n\n"
        "readline.append_history_file(Count(), TMP + '/l')\n",
        "wrote:home/.bashrc",
    ),
    "tool_is_replaced": Attempt(
        "script(TMP + '/own')\nos.replace(TMP + '/own', HOME + '/.local/bin/foo')\n" + SEEN_FIRST % "HOME + '/.local/bin/foo'",
        "wrote:tmp/loot",
        app=TOOLS + IMPORTED,
    ),
    "start_of_session_is_replaced": Attempt(
        "script(TMP + '/own')\nos.replace(TMP + '/own', HOME + '/.config/autostart/foo.desktop')\n"
        + SEEN_FIRST % "HOME + '/.config/autostart/foo.desktop'",
        "wrote:tmp/loot",
        app=TOOLS + IMPORTED,
    ),
    "usual_history": Attempt(
        "os.symlink(AWS, TMP + '/.history')\nos.environ['HOME'] = TMP\nimport readline\n"
        "try:\n    readline.read_history_file()\nfinally:\n    os.remove(TMP + '/.history')\n" + HISTORY
    ),
    "usual_history_to_write": Attempt(
        "os.symlink(HOME + '/.zshrc', TMP + '/.history')\nos.environ['HOME'] = TMP\n"
        "import readline\nreadline.add_history('echo')\nreadline.write_history_file()\n",
        NEW_RC,
    ),
    "settings_of_readline": Attempt(KEPT_LINES + "import readline\nlines_of(lambda: readline.read_init_file(" + KEY + "))\n", "kept:ssh"),
    "settings_that_are_included": Attempt(
        KEPT_LINES + "import readline\nlines_of(lambda: readline.parse_and_bind(' $ Include\\t' + " + KEY + "))\n", "kept:ssh"
    ),
    "settings_that_include": Attempt(
        KEPT_LINES + "open(TMP + '/rc', 'w').write('$include ' + " + KEY + " + '\\n')\n"
        "import readline\nlines_of(lambda: readline.parse_and_bind('$include ' + TMP + '/rc'))\n",
        "kept:ssh",
    ),
    "settings_that_include_far_to_the_right": Attempt(
        KEPT_LINES + "open(TMP + '/rc', 'w').write(' ' * 4091 + '$include ' + " + KEY + " + '\\n')\n"
        "import readline\nlines_of(lambda: readline.read_init_file(TMP + '/rc'))\n",
        "kept:ssh",
    ),
    "settings_that_include_others_in_turn": Attempt(
        KEPT_LINES + "files = [TMP + f'/rc{number}' for number in range(14)] + [" + KEY + "]\n"
        "for file, following in zip(files, files[1:]):\n    open(file, 'w').write(f'$include {following}\\n')\n"
        "import readline\nlines_of(lambda: readline.read_init_file(files[0]))\n",
        "kept:ssh",
    ),
    "settings_behind_a_carriage_return": Attempt(
        KEPT_LINES + "os.mkdir(TMP + '/a\\r')\nopen(TMP + '/a', 'w').close()\nos.symlink(" + KEY + ", TMP + '/a\\r/key')\n"
        "import readline\ntry:\n    lines_of(lambda: readline.parse_and_bind('$include ' + TMP + '/a\\r/key'))\nfinally:\n    os.remove(TMP + '/a\\r/key')\n",
        "kept:ssh",
    ),
    "settings_behind_a_second_home": Attempt(
        KEPT_LINES + "folder = TMP + '/a ' + HOME\nos.makedirs(folder)\nos.symlink(" + KEY + ", folder + '/key')\n"
        "import readline\ntry:\n    lines_of(lambda: readline.parse_and_bind('$include ' + TMP + '/a ~/key'))\nfinally:\n    os.remove(folder + '/key')\n",
        "kept:ssh",
    ),
    "settings_as_readline_is_made": Attempt(
        KEPT_LINES + "open(TMP + '/.inputrc', 'w').write('$include ' + " + KEY + " + '\\n')\nos.environ['HOME'] = TMP\n"
        "lines_of(lambda: __import__('readline'))\n",
        "kept:ssh",
    ),
    "settings_of_a_variable": Attempt(
        KEPT_LINES + "os.environ['INPUTRC'] = " + KEY + "\nlines_of(lambda: __import__('readline'))\n", "kept:ssh"
    ),
    "link_that_leads_nowhere_yet": Attempt(
        "os.symlink(TMP + '/later', TMP + '/l')\n" + MOVED + "if os.path.exists(HOME + '/.local/bin/ls'):\n    open(LOOT, 'w').close()\n",
        "wrote:tmp/loot",
    ),
    "journal_that_names_another_file": Attempt(SUPER_JOURNAL, "gone:home/.bashrc"),
}  # fmt: skip
# CPython 3.11 takes what is a buffer for its bytes, whatever path it says; later versions ask for that.
OF_BUFFERS = {
    "buffer_with_path": Attempt(BUFFER_WITH_PATH + "fd = os.open(Own(AWS.encode()), os.O_RDONLY)\n" + KEEP),
    "buffer_with_path_to_write": Attempt(
        BUFFER_WITH_PATH + "os.open(Own((HOME + '/.zshrc').encode()), os.O_WRONLY | os.O_CREAT)\n", NEW_RC
    ),
    "buffer_with_path_to_link": Attempt(BUFFER_WITH_PATH + "os.link(Own(AWS.encode()), TMP + '/linked')\nsteal(TMP + '/linked')\n"),
}
# Who may not overrule permissions can take a folder's listing from himself.
WITHOUT_RIGHTS = "import ctypes, struct\nctypes.CDLL(None).capset(struct.pack('II', 0x20080522, 0), bytes(24))\n" + IMPORTED
UNSEEN = {
    "folder_that_is_not_seen": Attempt(
        "os.chmod(HOME + '/.aws', 0o300)\nos.rename(HOME + '/.aws', TMP + '/m')\nos.chmod(TMP + '/m', 0o700)\nsteal(TMP + '/m/credentials')\n",
        app=WITHOUT_RIGHTS,
    ),
    "folder_that_is_not_seen_to_write": Attempt(
        "script(TMP + '/own/bin/ls')\nos.chmod(TMP + '/own', 0o300)\nos.rename(TMP + '/own', HOME + '/.local')\nos.chmod(HOME + '/.local', 0o700)\n",
        "wrote:home/.local/bin/ls",
        app=WITHOUT_RIGHTS,
    ),
    "folder_within_that_is_not_seen": Attempt(
        "os.mkdir(TMP + '/outer')\nscript(TMP + '/outer/bin/ls')\nos.chmod(TMP + '/outer/bin', 0o300)\n"
        "os.rename(TMP + '/outer', HOME + '/.local')\nos.chmod(HOME + '/.local/bin', 0o700)\n",
        "wrote:home/.local/bin/ls",
        app=WITHOUT_RIGHTS,
    ),
}
EVERY = {**ATTEMPTS, **UNSEEN, **OF_BUFFERS}


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each."""
    attempts_with_head = {name: attempts.with_head(each) for name, each in EVERY.items()}
    return attempts.Room("acme_names", attempts_with_head, tmp_path_factory.mktemp("names"))


@pytest.mark.parametrize("name", [*ATTEMPTS, *UNSEEN])
def test_it_is_reached_unguarded(name, room, interpreter, tmp_path):
    """The control: without the guard it does what it is there for."""
    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", [*ATTEMPTS, *UNSEEN])
def test_it_is_not_reached(name, room, any_interpreter, tmp_path, request):
    """Under `recommended` it isn't done."""
    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)


@pytest.mark.skipif(interpreters.OWN != "3.11", reason="CPython 3.12 and later ask a buffer for its path")
@pytest.mark.parametrize("name", OF_BUFFERS)
def test_a_buffer_is_not_taken_for_the_path_that_it_says(name, room, interpreter, tmp_path, request):
    """The control and the attempt, where it is possible."""
    attempts.assert_works(room, name, interpreter, tmp_path / "bare")
    attempts.assert_stopped(room, name, interpreter, tmp_path / "guarded", request)


OWN_LINKS = """
import tempfile
folder = tempfile.mkdtemp()
os.symlink("/usr/bin/env", folder + "/env")
os.symlink(sys.executable, folder + "/python")
os.rename(folder + "/env", folder + "/renamed")
os.replace(folder + "/python", folder + "/renamed")
os.symlink("/usr/bin/env", folder + "/again")
os.remove(folder + "/again")
below = folder
for _ in range(100):
    below += "/n"
    os.mkdir(below)
os.rename(folder, folder + "2")
shutil.rmtree(folder + "2")
open(TMP + "/ran", "w").close()
"""
HARMLESS = {
    "while_imported": Attempt("import shutil\n" + OWN_LINKS, attempts.RAN),
    "when_called": Attempt("import shutil\n\ndef run():\n" + OWN_LINKS.replace("\n", "\n    "), attempts.RAN, app=CALLED),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_links_of_its_own_may_lead_to_programs(name, interpreter, tmp_path):
    """A package removes and renames them like any other file of its own: what they lead to isn't touched."""
    modules = {each: attempts.with_head(attempt) for each, attempt in HARMLESS.items()}
    room = attempts.Room("acme_links", modules, tmp_path)

    outcome, evidence = room.perform(name, interpreter, tmp_path / "run", attempts.guarded.RECOMMENDED)

    assert attempts.RAN in evidence, outcome.story()
    assert outcome.decisions(verdict="deny") == []


def test_a_refusal_of_readlines_settings_is_raised_as_such(interpreter, tmp_path):
    """Whoever asks for a secret as settings learns what was refused, as for any other file."""
    source = "import readline\ntry:\n    readline.read_init_file(" + KEY + ")\nexcept PermissionError as error:\n    print(error)\n"
    room = attempts.Room("acme_settings", {"asks": attempts.with_head(Attempt(source))}, tmp_path)

    outcome, _ = room.perform("asks", interpreter, tmp_path / "run", attempts.guarded.RECOMMENDED)

    assert "importguard IG201" in outcome.stdout and "id_ed25519" in outcome.stdout, outcome.story()
