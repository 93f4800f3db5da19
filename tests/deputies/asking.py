"""Libraries whose work is a credential or a process, and how one asks them: data for the tests."""

from dataclasses import dataclass

from support.wheels import Wheel

ASK_SAFELY = '''
def ask_safely():
    """Say what was given, or that it was refused, as a program does that can live without it."""
    try:
        return "given " + str(ask())
    except Exception as error:
        return "refused " + type(error).__name__
'''
AT_IMPORT = "ANSWER = ask_safely()\n"


@dataclass(frozen=True, slots=True)
class Deputy:
    """One library: `ask` is the body of a function that asks through it, `canary` what the application gets to see.

    `needs` are requirements for pip. The refusal is recorded with `capability` and a target that ends in `target`;
    `when` holds the phases in which the preset refuses it to a package.
    """

    name: str
    needs: tuple[str, ...]
    ask: str
    canary: str
    capability: str
    target: str
    when: tuple[str, ...] = ("import", "run")

    @property
    def source(self):
        """The text of a module with ask() and ask_safely() in it."""
        body = "".join(f"    {line}\n" for line in self.ask.strip().splitlines())
        return "def ask():\n" + body + ASK_SAFELY

    @property
    def module(self):
        return "acme_" + self.name.replace("-", "_").lower()

    def wheel(self):
        """Return the package that asks through the library: `M.eager` when it is imported, `M.lazy` when called."""
        name = self.module
        files = {f"{name}/__init__.py": "", f"{name}/lazy.py": self.source, f"{name}/eager.py": self.source + AT_IMPORT}
        return Wheel(name.replace("_", "-"), "1.0", files)


DEPUTIES = (
    Deputy(
        "boto3",
        ("boto3",),
        "import boto3\nreturn boto3.Session().get_credentials().secret_key",
        "aws",
        "fs.read",
        "/.aws/*",
    ),
    Deputy(
        "requests",
        ("requests",),
        "import base64, requests\n"
        "request = requests.Request('GET', 'http://canary.invalid/')\n"
        "prepared = requests.Session().prepare_request(request)\n"
        "return base64.b64decode(prepared.headers['Authorization'].split()[1]).decode()",
        "netrc",
        "fs.read",
        "/.netrc",
    ),
    Deputy(
        "httpx",
        ("httpx",),
        "import base64, httpx\n"
        "flow = httpx.NetRCAuth().sync_auth_flow(httpx.Request('GET', 'http://canary.invalid/'))\n"
        "return base64.b64decode(next(flow).headers['Authorization'].split()[1]).decode()",
        "netrc",
        "fs.read",
        "/.netrc",
    ),
    Deputy(
        "python-dotenv",
        ("python-dotenv",),
        "import dotenv\nreturn dotenv.dotenv_values('.env')['SECRET_0']",
        "dotenv0",
        "fs.read",
        "/.env",
    ),
    Deputy(
        "python-decouple",
        ("python-decouple",),
        "import decouple\nreturn decouple.Config(decouple.RepositoryEnv('.env'))('SECRET_0')",
        "dotenv0",
        "fs.read",
        "/.env",
    ),
    Deputy(
        "django-environ",
        ("django-environ",),
        "import environ\nenvironment = environ.Env()\nenviron.Env.read_env('.env')\nreturn environment('SECRET_0')",
        "dotenv0",
        "fs.read",
        "/.env",
    ),
    Deputy(
        "starlette",
        ("starlette",),
        "from starlette.config import Config\nreturn Config('.env')('SECRET_0')",
        "dotenv0",
        "fs.read",
        "/.env",
    ),
    Deputy(
        "gitpython",
        ("GitPython",),
        "import git\nreturn git.cmd.Git('.').execute(['git', 'config', '-f', 'notes.ini', 'canary.text'])",
        "git",
        "proc.spawn",
        "/git",
        when=("import",),
    ),
    Deputy(
        "paramiko",
        ("paramiko",),
        "import os, paramiko\n"
        "key = paramiko.RSAKey.from_private_key_file(os.path.expanduser('~/.ssh/id_rsa'))\n"
        "return 'loaded ' + key.get_base64()",
        "key",
        "fs.read",
        "/.ssh/id_rsa",
    ),
)
