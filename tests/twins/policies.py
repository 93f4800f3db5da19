"""Policies, owners and targets of every kind, and both tables of a policy side by side."""

import pathlib
import tempfile

from hypothesis import strategies as st

from importguard import model
from importguard.policy import compile as compiler
from importguard.policy import decide, named, resolve, table

KINDS = (*model.KINDS, "something else")
PHASES = (*model.PHASES, "never heard of")
SURROUNDINGS = {
    "$site": ["/srv/app/.venv/lib/python3.11/site-packages"],
    "$prefix": "/srv/app/.venv",
    "$stdlib": "/usr/lib/python3.11",
    "$hostname": "build7",
}
# No two of these become one character as bytes, which C reads and Python doesn't.
ODD = "é\u212aİΣß😀\x00\udcff\ud800\u00a0"
WORDS = ("a", "b", "ab", "acme", "acme-good", "requests", "application", "unowned", "python", "x.pth", "My__Lib.PTH", "")
VERSIONS = ("1.0", "2.5", "2.5.1+local", "2!1", "1.0rc1", "", "no-version", "0.9.dev0", " 2.0 ")
SPECIFIERS = ("", "", ">=2", "==1.0", "~=2.4,!=2.5.1", "===no-version", "<2")
COMPONENTS = ("a", "b", ".env", "a.pem", "ab", "id_rsa", "é", "**", "*", "a*", "*.pem", "*b*", "..", "")
GRANTS = (
    "import:acme.*", "net.*", "net.connect:*.example.com:443", "net.connect:10.0.0.0/8", "net.connect:[fd00::/8]:80",
    "net.connect:$metadata", "net.connect:127.1:80", "net.resolve:a", "net.connect:unix:/run/*/sock", "net.listen:$loopback:0",
    "fs.read:/a/**", "fs.read:**/.env", "fs.read:/a/b", "fs.*", "fs.write:$package", "fs.write:~/x", "fs.read:$secrets",
    "fs.list:/a/*/b", "proc.spawn:/bin/ls -l *", "proc.spawn:$bin/gcc -l* **", "proc.spawn:/a/* /**", "proc.spawn:$written",
    "proc.signal:1*", "env.read:A*", "env.write:AB", "native.load:$written", "native.call:system", "code.run:pickle:os.*",
    "runtime.patch:sys.*", "*",
)  # fmt: skip


class Twins:
    """One table in Python and one in C, of the same content and told the same of files."""

    def __init__(self, ccore, content, written=frozenset(), owners=None):
        owners = owners or {}
        self.ccore = ccore
        self.python = table.load(content)
        self.python.is_written = written.__contains__
        self.python.owner_of = owners.get
        self.c = ccore.twin_table(content, frozenset(written), owners)

    def watches(self, capability, target):
        """Return both answers."""
        number = model.CAPABILITIES.index(capability)
        return self.python.watches(capability, target), self.ccore.twin_watches(self.c, number, target)

    def decides(self, owner, phase, capability, target, argv):
        """Return both decisions as (verdict, rule)."""
        request = model.Request(capability, target, argv, owner, (), phase, "module", "audit")
        decision = decide.decide(self.python, request)
        is_allowed, _, rule = self.ccore.twin_decide(self.c, *self._asked(owner, phase, capability, target, argv))
        return (decision.verdict, decision.rule), ("allow" if is_allowed else "deny", rule)

    def deputises(self, owner, capability, target, argv):
        """Return both answers to whether an owner is a deputy."""
        asked = self._asked(owner, "run", capability, target, argv)
        expected = self.python.is_deputy(owner.name, capability, target, owner.version, argv)
        return expected, bool(self.ccore.twin_is_deputy(self.c, *asked))

    @staticmethod
    def _asked(owner, phase, capability, target, argv):
        about = (owner.name, owner.version, KINDS.index(owner.kind))
        return about, PHASES.index(phase), model.CAPABILITIES.index(capability), target, argv


def flat(text="", preset="recommended"):
    """Return the flat table of a policy, given as the text after its first lines, that doesn't depend on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "importguard.toml")
        path.write_text(f'version = 1\nextends = "{preset}"\n{text}', "utf-8")
        resolved = resolve.resolve({"policy": str(path)}, {}, folder)
    return compiler.table(resolved, named.surroundings({"HOME": "/home/ada"}, "/srv/app", SURROUNDINGS))


TEXTS = st.text(st.one_of(st.sampled_from("ab*/.:-_ "), st.sampled_from(ODD), st.characters(exclude_categories=["Cs"])), max_size=12)
NAMES = st.one_of(st.sampled_from(WORDS), TEXTS)
OWNERS = st.builds(model.Owner, NAMES, st.one_of(st.sampled_from(VERSIONS), TEXTS), st.sampled_from(KINDS))
PATHS = st.lists(st.sampled_from(COMPONENTS), max_size=6).map(lambda parts: "/" + "/".join(parts))
NUMBERS = st.one_of(
    st.sampled_from(["0", "1", "127", "169", "254", "255", "256", "0x7f", "0177", "08", "1e5", "2852039166", "0xA9FEA9FE", ""]),
    st.integers(0, 2**33).map(str),
)
GROUPS = st.one_of(st.sampled_from(["0", "1", "", "ffff", "fd00", "ec2", "64", "ff9b", "FE80", "12345", "g", "127.0.0.1"]), NUMBERS)
ADDRESSES = st.one_of(
    st.lists(NUMBERS, min_size=1, max_size=5).map(".".join),
    st.lists(GROUPS, min_size=2, max_size=9).map(":".join),
    st.ip_addresses().map(str),
)
HOSTS = st.one_of(
    ADDRESSES, ADDRESSES.map(lambda text: f"[{text}]"), TEXTS,
    st.sampled_from(["a.example.com", "A.EXAMPLE.COM.", "example.com", "localhost", "build7", "metadata", "a", "\u212a", "[::1%eth0]"]),
)  # fmt: skip
PEERS = st.one_of(
    st.builds("{}{}".format, HOSTS, st.sampled_from(["", ":80", ":443", ":53", ":0", ":", ":x"])),
    PATHS.map("unix:{}".format),
)
ARGVS = st.one_of(
    st.none(), st.lists(st.one_of(PATHS, st.sampled_from(["-l", "-lx", "ls", "/bin/ls", ""]), TEXTS), max_size=4).map(tuple)
)
TARGETS = st.one_of(PATHS, PEERS, TEXTS, st.sampled_from(["/bin/ls", "/usr/bin/gcc", "/bin/gcc", "system", "pickle:os.system"]))
