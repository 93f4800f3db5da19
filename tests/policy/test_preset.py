"""What the presets refuse and what they let pass, as data; and what no preset may ever say."""

import ast
import json
import os
import pathlib
import subprocess
import sys

import pytest
import tables

from importguard import model
from importguard.policy import grants, named, preset, targets

HOME = tables.HOME
SITE = tables.SITE
ALWAYS = ("startup", "import", "run")
EARLY = ("startup", "import")


def words(text):
    """Return the words of a text."""
    return text.split()


TABLES = {name: tables.load(preset=name) for name in ("recommended", "strict")}

SECRETS = words(
    """
~/.ssh/id_rsa ~/.ssh/id_ed25519 ~/.ssh/work.pem /root/.ssh/id_rsa /home/eve/.ssh/id_rsa /Users/ada/.ssh/id_ecdsa
~/.aws/credentials ~/.aws/config ~/.aws/sso/cache/x.json ~/.config/gcloud/application_default_credentials.json
~/.azure/msal_token_cache.json ~/.kube/config /etc/kubernetes/admin.conf
/run/secrets/kubernetes.io/serviceaccount/..2026_01/token /run/secrets/db-password
/srv/app/.env /srv/app/.env.production /srv/app/a/b/c/d/e/f/.env ~/.docker/config.json ~/.npmrc ~/.netrc ~/.pypirc
~/.git-credentials ~/.config/gh/hosts.yml ~/.pgpass ~/.my.cnf ~/.mongorc.js ~/.vault-token ~/.terraformrc
/srv/infra/terraform.tfstate /etc/wireguard/wg0.conf ~/.gnupg/private-keys-v1.d/A.key ~/.bitcoin/wallet.dat
~/.electrum/wallets/default_wallet ~/.config/solana/id.json ~/.mozilla/firefox/x.default/logins.json
~/.mozilla/firefox/x.default/key4.db ~/.mozilla/firefox/x.default/cookies.sqlite
~/.config/chromium/Default/Cookies ~/.bash_history ~/.zsh_history ~/.psql_history /etc/shadow
/etc/ssl/private/server.key /etc/ssh/ssh_host_rsa_key /var/log/auth.log /proc/self/environ /proc/1/environ
/proc/4/task/5/environ /proc/self/mem /proc/77/mem /proc/thread-self/mem ~/.cache/huggingface/token
~/.claude/.credentials.json ~/.cursor/mcp.json ~/.config/pip/pip.conf ~/.ssh/github ~/.ssh/keys/work ~/.databrickscfg
~/.snowflake/connections.toml ~/.config/sops/age/keys.txt ~/.python_history
"""
)
NO_SECRETS = words(
    f"""
~/.ssh/known_hosts ~/.ssh/known_hosts.old ~/.ssh/config ~/.ssh/config.d/work ~/.ssh/authorized_keys ~/.ssh/id_rsa.pub ~/.aws/models/s3/service.json /srv/app/.env/pyvenv.cfg
/srv/app/.env/lib/python3.11/site-packages/requests/__init__.py /srv/app/.env.example /srv/app/.env.sample
/srv/app/.env.template {SITE}/certifi/cacert.pem /etc/ssl/certs/ca-certificates.crt /etc/passwd /etc/hosts
/run/secrets/kubernetes.io/serviceaccount/..2026_01/ca.crt /proc/self/maps /proc/self/status /proc/cpuinfo
/proc/meminfo ~/.gitconfig ~/.config/matplotlib/matplotlibrc ~/.cache/pip/x ~/.jupyter/jupyter_server_config.py
/srv/app/settings.env /srv/app/environment {SITE}/dotenv/main.py
"""
)
PERSISTENCE = words(
    f"""
{SITE}/evil.pth {SITE}/evil.start {SITE}/sitecustomize.py {SITE}/usercustomize.py
~/.local/lib/python3.11/site-packages/evil.pth /usr/lib/python3/dist-packages/evil.pth ~/.bashrc ~/.zshrc ~/.profile
~/.bash_profile ~/.config/fish/config.fish ~/.config/systemd/user/sysmon.service /etc/systemd/system/x.service
/etc/crontab /etc/cron.d/x /var/spool/cron/crontabs/ada ~/.config/autostart/x.desktop
~/Library/LaunchAgents/x.plist /srv/app/.git/hooks/pre-commit ~/.gitconfig ~/.ssh/authorized_keys ~/.ssh/rc
~/.claude/settings.json ~/.claude.json /srv/app/.claude/settings.json /srv/app/CLAUDE.md ~/.cursor/mcp.json
/srv/app/.cursor/mcp.json /srv/app/.vscode/tasks.json /etc/ld.so.preload /proc/self/mem /proc/1/mem
~/.config/importguard/policy.toml ~/.config/importguard/approved/x /srv/app/importguard.toml
/srv/app/importguard.lock /etc/importguard/policy.toml {named.package_folder()}/guard.py
~/.ipython/profile_default/startup/00-x.py ~/.config/pip/pip.conf /etc/profile.d/x.sh ~/.direnvrc ~/.bashrc.d/x
~/.pyenv/shims/python ~/.config/zsh/.zshrc ~/miniconda3/etc/profile.d/conda.sh ~/.procmailrc /dev/mmcblk0
"""
)
NO_PERSISTENCE = words(
    f"""
~/.ssh/known_hosts ~/.cache/matplotlib/fontlist.json ~/.config/matplotlib/matplotlibrc /tmp/x /tmp/model.pth
/srv/app/out.pth /srv/app/db.sqlite3 ~/.ipython/profile_default/startup/README ~/.jupyter/lab/x.json
{SITE}/requests/__pycache__/x.cpython-311.pyc.140234 {SITE}/requests/__pycache__
/usr/lib/python3.11/__pycache__/os.cpython-311.pyc.1 /srv/app/.git/index /srv/app/.vscode/notes.txt /dev/null
/usr/lib/python3.11/lib2to3/Grammar3.11.7.final.0.pickle
"""
)


def path(text):
    return HOME + text[1:] if text.startswith("~") else text


@pytest.mark.parametrize("text", SECRETS)
def test_secrets(text):
    """No distribution reads credentials, at any time; the application does."""
    for phase in ALWAYS:
        assert tables.ask(TABLES["recommended"], "fs.read", path(text), phase=phase) == "deny"
        assert tables.ask(TABLES["recommended"], "fs.read", path(text), phase=phase, owner=model.APP) == "allow"
    assert TABLES["recommended"].watches("fs.read", path(text))


@pytest.mark.parametrize("text", NO_SECRETS)
def test_what_is_no_secret(text):
    """What ordinary programs read is not even looked at twice."""
    for phase in ALWAYS:
        assert tables.ask(TABLES["recommended"], "fs.read", path(text), phase=phase) == "allow"
    assert not TABLES["recommended"].watches("fs.read", path(text))


@pytest.mark.parametrize("text", PERSISTENCE)
def test_persistence(text):
    """No distribution writes what runs later, at any time."""
    for phase in ALWAYS:
        assert tables.ask(TABLES["recommended"], "fs.write", path(text), phase=phase) == "deny"
    assert TABLES["recommended"].watches("fs.write", path(text))


@pytest.mark.parametrize("text", NO_PERSISTENCE)
def test_what_is_no_persistence(text):
    """Bytecode, caches and ordinary files are written."""
    for phase in ALWAYS:
        assert tables.ask(TABLES["recommended"], "fs.write", path(text), phase=phase) == "allow"


def test_secrets_without_a_home():
    """Without HOME the homes that there usually are stay covered."""
    made = tables.table.load(tables.compiler.table(tables.resolved(), tables.surroundings(home="")))

    assert tables.ask(made, "fs.read", "/home/ada/.ssh/id_rsa") == "deny"
    assert tables.ask(made, "fs.read", "/root/.aws/credentials") == "deny"


def test_secrets_behind_a_link(tmp_path):
    """A folder of credentials that is a link is covered where it leads to, since targets have their links followed."""
    home = tmp_path / "home"
    dotfiles = tmp_path / "dotfiles" / "aws"
    home.mkdir()
    dotfiles.mkdir(parents=True)
    (home / ".aws").symlink_to(dotfiles)
    made = tables.table.load(tables.compiler.table(tables.resolved(), tables.surroundings(home=str(home))))

    assert tables.ask(made, "fs.read", str(dotfiles.resolve() / "credentials")) == "deny"


@pytest.mark.parametrize(
    ("capability", "target", "argv", "phases"),
    [
        ("net.connect", "203.0.113.5:443", None, EARLY),
        ("net.connect", "127.0.0.1:80", None, EARLY),
        ("net.connect", "unix:/run/docker.sock", None, EARLY),
        ("net.connect", "169.254.169.254:80", None, ALWAYS),
        ("net.resolve", "models.litellm.cloud", None, EARLY),
        ("net.listen", "0.0.0.0:0", None, EARLY),
        ("net.listen", "127.0.0.1:8080", None, EARLY),
        ("proc.spawn", "/usr/bin/python3", ("python", "-c", "exec(...)"), EARLY),
        ("proc.spawn", "<fork>", ("<fork>",), EARLY),
        ("proc.spawn", "/bin/sh", ("sh", "-c", "curl x | sh"), EARLY),
        ("proc.spawn", "/usr/bin/git", ("git", "version"), EARLY),
        ("proc.spawn", "/sbin/ldconfig", ("/sbin/ldconfig",), EARLY),
        ("proc.spawn", "/usr/bin/objdump", ("objdump", "-p", "-j", ".dynamic", "--plugin=/tmp/x.so"), EARLY),
        ("proc.spawn", "/usr/bin/ld", ("ld", "-t", "-o", "/home/ada/.bashrc", "-lc"), EARLY),
        ("proc.spawn", "/usr/bin/gcc", ("gcc", "-Wl,-t", "-o", "/tmp/../home/ada/.bashrc", "-lc"), EARLY),
        ("code.run", "pickle:os.system", None, EARLY),
        ("code.run", "pickle:builtins.eval", None, EARLY),
    ],
)
def test_what_is_refused(capability, target, argv, phases):
    """What the incidents did is refused in the phases in which they did it, and elsewhere not by this preset."""
    for phase in ALWAYS:
        expected = "deny" if phase in phases else "allow"
        assert tables.ask(TABLES["recommended"], capability, target, argv=argv, phase=phase) == expected


@pytest.mark.parametrize(
    ("capability", "target", "argv"),
    [
        ("net.listen", "[::1]:0", None),
        ("net.resolve", "localhost", None),
        ("net.resolve", "build7", None),
        ("net.connect", "169.254.169.254:53", None),
        ("code.run", "pickle:numpy.core.multiarray._reconstruct", None),
        ("fs.list", "/home/ada", None),
        ("native.load", f"{SITE}/numpy/core/_multiarray.so", None),
        ("env.read", "HOME", None),
        ("fs.read", "/etc/os-release", None),
    ],
)
def test_what_is_let_pass(capability, target, argv):
    """What ordinary packages do while they are imported, or in run phase at the latest, is let pass."""
    phase = "run" if capability == "net.connect" else "import"

    assert tables.ask(TABLES["recommended"], capability, target, argv=argv, phase=phase) == "allow"


def test_programs_that_were_just_written():
    """A program that the process tree wrote is not started, by whomever but the application."""
    made = tables.load()
    made.is_written = lambda path: path.startswith("/tmp/")

    assert tables.ask(made, "proc.spawn", "/tmp/ultralytics_runner", argv=("x",), phase="run") == "deny"
    assert tables.ask(made, "proc.spawn", "/tmp/build", argv=("x",), phase="run", owner=model.APP) == "allow"
    assert tables.ask(made, "proc.spawn", "/usr/bin/tar", argv=("tar",), phase="run") == "allow"


PROBE = """
import ctypes.util, json, os, platform, shutil, sys, uuid
seen = []
def hook(event, args):
    if event == "subprocess.Popen":
        seen.append([os.fsdecode(args[0]), [os.fsdecode(word) for word in args[1]]])
sys.addaudithook(hook)
ctypes.util.find_library("c")
ctypes.util.find_library("importguard-has-no-such-library")
ctypes.util._get_soname("/usr/lib/libc.so.6")
platform.processor(); platform.architecture(); platform._Processor.from_subprocess()
for name in ("_ifconfig_getnode", "_ip_getnode", "_arp_getnode", "_netstat_getnode"):
    getattr(uuid, name)()
print(json.dumps([[shutil.which(program) or program, argv] for program, argv in seen]))
"""


@pytest.mark.parametrize("path", ["", "/usr/lib", "/usr/lib/::/opt/lib"])
def test_programs_of_the_standard_library(path):
    """Every program that this machine's standard library starts to look at the machine is let pass at import."""
    environ = {**os.environ, "LD_LIBRARY_PATH": path}
    made = table_of_launch(path)
    answer = subprocess.run([sys.executable, "-I", "-c", PROBE], env=environ, capture_output=True, text=True, check=True)
    seen = json.loads(answer.stdout)

    assert seen, "the probe started nothing"
    for program, argv in seen:
        real = str(pathlib.Path(program).resolve()) if program.startswith("/") else program
        if "/" not in real:
            continue  # not installed here, so nothing was started
        assert tables.ask(made, "proc.spawn", real, argv=tuple(argv)) == "allow", argv


@pytest.mark.parametrize("path", ["", "/opt/lib"])
@pytest.mark.parametrize(
    "argv",
    [
        ("-t", "-L", "/tmp/x", "-o", "/dev/null", "-lx"),
        ("-t", "-L", "/opt/lib", "-L", "/tmp/x", "-o", "/dev/null", "-lx"),
        ("-t", "-o", "/dev/null", "-l:../../tmp/x"),
        ("-t", "-L", "/opt/lib", "-o", "/dev/null", "-l:x"),
        ("-t", "-L", "/opt/lib", "-o", "/dev/null", "-l/../../x"),
    ],
)
def test_a_linker_is_given_no_other_folders(path, argv):
    """It is let look where LD_LIBRARY_PATH had it look before: a file of a package's own has it show any other."""
    assert tables.ask(table_of_launch(path), "proc.spawn", "/usr/bin/ld", argv=("ld", *argv)) == "deny"


def table_of_launch(path):
    """Return the loaded Table of a launch with such an LD_LIBRARY_PATH."""
    surroundings = {**tables.surroundings(), "$libraries": tuple(path.split(":")) if path else ()}
    return tables.table.load(tables.compiler.table(tables.resolved(), surroundings))


def test_gitpython_looks_for_git(tmp_path):
    """GitPython may ask git for its version at import, nobody else may, and it may ask for nothing more."""
    git = tmp_path / "git"
    git.touch()
    surroundings = {**tables.surroundings(), "$bin": (str(tmp_path),)}
    made = tables.table.load(tables.compiler.table(tables.resolved(), surroundings))
    gitpython = model.Owner("gitpython", "3.1", "distribution")

    assert tables.ask(made, "proc.spawn", str(git), argv=("git", "version"), owner=gitpython) == "allow"
    assert tables.ask(made, "proc.spawn", str(git), argv=("git", "push"), owner=gitpython) == "deny"
    assert tables.ask(made, "proc.spawn", str(git), argv=("git", "version")) == "deny"


DEPUTIES = {
    "requests": [("net.connect", "a:443"), ("fs.read", f"{HOME}/.netrc")],
    "httpx": [("net.connect", "a:443"), ("fs.read", f"{HOME}/.netrc")],
    "botocore": [("fs.read", f"{HOME}/.aws/credentials"), ("net.connect", "169.254.169.254:80")],
    "boto3": [("fs.read", f"{HOME}/.aws/credentials")],
    "google-auth": [("fs.read", f"{HOME}/.config/gcloud/application_default_credentials.json")],
    "kubernetes": [("fs.read", f"{HOME}/.kube/config"), ("fs.read", "/run/secrets/kubernetes.io/x/token")],
    "paramiko": [("fs.read", f"{HOME}/.ssh/id_ed25519"), ("net.connect", "a:22")],
    "python-dotenv": [("fs.read", "/srv/app/.env"), ("fs.read", "/srv/app/.env.local")],
    "python-decouple": [("fs.read", "/srv/app/.env")],
    "django-environ": [("fs.read", "/srv/app/.env")],
    "starlette": [("fs.read", "/srv/app/.env")],
    "docker": [("fs.read", f"{HOME}/.docker/config.json"), ("net.connect", "unix:/run/docker.sock")],
    "gitpython": [("proc.spawn", "/usr/bin/git")],
    "pytest": [("code.run", "exec")],
}


@pytest.mark.parametrize("name", DEPUTIES)
def test_deputies(name):
    """Libraries whose work is a credential, a connection or a process pass the blame on, and are denied alone."""
    owner = model.Owner(name, "1.0", "distribution")

    for capability, target in DEPUTIES[name]:
        assert TABLES["recommended"].is_deputy(name, capability, target, "1.0")
        if capability != "code.run" and capability != "proc.spawn":
            assert tables.ask(TABLES["recommended"], capability, target, owner=owner) == "deny"


def test_strict():
    """`strict` refuses the network and programs at any time, and what it refuses besides."""
    for phase in ALWAYS:
        assert tables.ask(TABLES["strict"], "net.connect", "a:443", phase=phase) == "deny"
        assert tables.ask(TABLES["strict"], "proc.spawn", "/usr/bin/curl", argv=("curl",), phase=phase) == "deny"
    assert (TABLES["strict"].bytecode, TABLES["strict"].startup_files) == ("refuse", "refuse")
    assert (TABLES["recommended"].bytecode, TABLES["recommended"].startup_files) == ("report", "guard")


def test_libraries_of_an_environment_among_temporary_files():
    """`strict` has them loaded, and neither what lies beside the environment nor what was just put into it."""
    site = "/tmp/run/.venv/lib/python3.11/site-packages"
    around = named.surroundings({"HOME": tables.HOME}, "/srv/app", {**tables.SURROUNDINGS, "$site": [site]})
    loaded = tables.table.load(tables.compiler.table(tables.resolved(preset="strict"), around))
    loaded.is_written = lambda path: path.endswith("/new.so")

    asked = {name: tables.ask(loaded, "native.load", name) for name in (f"{site}/a.so", f"{site}/new.so", "/tmp/run/a.so")}

    assert list(asked.values()) == ["allow", "deny", "deny"]


def test_observe_is_recommended_that_refuses_nothing():
    """`observe` has the rules of `recommended`, in another mode."""
    observing = tables.flat(preset="observe")
    recommended = tables.flat(preset="recommended")

    assert observing["mode"] == "observe"
    assert recommended["mode"] == "enforce"
    assert observing["rules"] == recommended["rules"]


@pytest.mark.parametrize("name", ["observe", "recommended", "strict"])
def test_presets_open_nothing(name):
    """No preset allows the network, processes or secrets without a target, or to everybody with one that is wide."""
    for policy in preset.chain(name):
        for line in policy.lines:
            if line.effect != "allow":
                continue
            risky = {"net.connect", "proc.spawn", "fs.read"} & set(grants.capabilities(line.grant.capability))
            assert not risky or line.grant.target not in ("", "$secrets", "~", "$home"), line
            assert not risky or line.package or not line.grant.target.startswith(("*", "~")), line


@pytest.mark.parametrize("name", ["recommended", "strict"])
def test_every_line_has_a_reason(name):
    """Each line of a preset that allows, denies or names a deputy says why, beside it."""
    for line in (preset.FOLDER / f"{name}.toml").read_text("utf-8").splitlines():
        if '"' in line and ":" in line:
            assert line.count("#") == 1 and line.partition("#")[2].strip(), line


@pytest.mark.parametrize("name", ["secrets", "persistence"])
def test_data_has_a_reason_a_line(name):
    """Each pattern of a data file says why it is there, is one that a policy could hold, and is there once."""
    pairs = named.read_data(name)

    assert len(pairs) > 100
    for pattern, reason in pairs:
        assert reason, pattern
        assert grants.parse(f"fs.read:{pattern.removeprefix('!')}")
    assert len({pattern for pattern, _ in pairs}) == len(pairs)


TRUSTED = ("targets", "table", "decide", "suggest")


@pytest.mark.parametrize("name", TRUSTED)
def test_trusted_files_import_next_to_nothing(name):
    """What runs inside the guarded process imports only what importguard pins, and no module of the library."""
    source = pathlib.Path(targets.__file__).with_name(f"{name}.py").read_text("utf-8")
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    allowed = {
        "importguard",
        "importguard.model",
        "importguard.pinned",
        "importguard.policy",
        "importguard.policy.table",
    }

    assert imported <= allowed | {"importguard.policy.targets"}
