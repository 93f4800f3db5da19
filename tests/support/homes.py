"""Furnishes a temporary home and project folder with canary credentials: each a text found nowhere else."""

import uuid
from pathlib import Path

# The harmless payloads refuse to read a home that doesn't hold this file, so that no real home is ever read.
SENTINEL = ".canary-home"
SERVICE_ACCOUNT = "var/run/secrets/kubernetes.io/serviceaccount/token"
LEVELS = ("a", "b", "c", "d", "e")
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n"
HOME_FILES = {
    "ssh": (".ssh/id_ed25519", KEY),
    "aws": (".aws/credentials", "[default]\naws_access_key_id = AKIACANARY\naws_secret_access_key = {}\n"),
    "kube": (".kube/config", "apiVersion: v1\nkind: Config\nusers:\n- name: canary\n  user:\n    token: {}\n"),
    "netrc": (".netrc", "machine canary.invalid login canary password {}\n"),
    "docker": (".docker/config.json", '{{"auths": {{"canary.invalid": {{"auth": "{}"}}}}}}\n'),
    "git": (".git-credentials", "https://canary:{}@canary.invalid\n"),
    "npm": (".npmrc", "//canary.invalid/:_authToken={}\n"),
    "pypi": (".pypirc", "[pypi]\nusername = __token__\npassword = {}\n"),
    "gcloud": (".config/gcloud/application_default_credentials.json", '{{"refresh_token": "{}"}}\n'),
    "history": (".bash_history", "export TOKEN={}\n"),
}
HARMLESS_FILES = {
    ".bashrc": "# the user's own\n",
    ".profile": "# the user's own\n",
    ".claude/settings.json": "{}\n",
    ".cursor/mcp.json": '{"mcpServers": {}}\n',
    "notes.txt": "nothing secret\n",
}


def furnish(home, project):
    """Fill both folders and return {canary name: its text}; `.env` lies at each of six levels of the project."""
    canaries = {}
    for name, (path, template) in HOME_FILES.items():
        write(home / path, template.format(_new(canaries, name)))
    for path, content in HARMLESS_FILES.items():
        write(home / path, content)
    folder = project
    for level in range(len(LEVELS) + 1):
        write(folder / ".env", f"SECRET_{level}={_new(canaries, f'dotenv{level}')}\n")
        folder = folder.joinpath(*LEVELS[level : level + 1])
    write(home / SERVICE_ACCOUNT, _new(canaries, "serviceaccount"))
    write(project / ".vscode/tasks.json", '{"version": "2.0.0", "tasks": []}\n')
    write(home / SENTINEL, "this home is a stage\n")
    _new(canaries, "variable")
    return canaries


def write(path, content):
    """Write a text file, with the folders above it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def _new(canaries, name):
    canaries[name] = f"canary-{name}-{uuid.uuid4().hex}"
    return canaries[name]
