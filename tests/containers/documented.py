"""What docs/how-to/run-in-a-container.md shows, as the tests use it: its Dockerfile, and its manifest as podman's options."""

import re
from pathlib import Path

import yaml

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-in-a-container.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Made outside, where there is a compiler and an index: the stage is replaced by an image with the same folder in it.
BUILT_OUTSIDE = re.compile(r"^FROM \S+ AS wheels\n.*?(?=^FROM )", re.MULTILINE | re.DOTALL)
BASE = re.compile(r"^FROM (\S+)", re.MULTILINE)


def dockerfile():
    """Return the page's Dockerfile without the stage that makes the wheels."""
    (text,) = _blocks("dockerfile")
    shortened, times = BUILT_OUTSIDE.subn("", text)
    assert times == 1, "the page's Dockerfile has no stage `wheels` any more"
    return shortened


def base_image():
    """Return the name of the image that all other stages of the Dockerfile start from."""
    (name,) = set(BASE.findall(dockerfile()))
    return name


def pod():
    """Return the pod's specification of the page's manifest."""
    return yaml.safe_load(_blocks("yaml")[0])["spec"]["template"]["spec"]


def arguments(program):
    """Return the `args` that the page shows for a program: what stands in the place of the image's CMD."""
    (found,) = [words for words in (yaml.safe_load(text)["args"] for text in _blocks("yaml")[1:]) if words[0].endswith(program)]
    return found


def readiness():
    """Return (path, port) of the manifest's readiness probe."""
    probe = _container()["readinessProbe"]["httpGet"]
    return probe["path"], probe["port"]


def grace():
    """Return the seconds that the manifest leaves a container for its end."""
    return pod()["terminationGracePeriodSeconds"]


def options():
    """Return podman's options for the pod; what the manifest says and nothing here understands is an error."""
    specification = pod()
    security = {**specification["securityContext"], **_container()["securityContext"]}
    found = [option for name, value in security.items() for option in SECURITY[name](value, security)]
    volumes = {volume["name"]: volume["emptyDir"] for volume in specification["volumes"]}
    for mount in _container()["volumeMounts"]:
        size = str(volumes[mount["name"]]["sizeLimit"]).removesuffix("i").lower()
        # An emptyDir is writable by everybody, and programs in it may be started.
        found += ["--tmpfs", f"{mount['mountPath']}:rw,exec,mode=1777,size={size}"]
    for variable in _container()["env"]:
        found += ["--env", f"{variable['name']}={variable['value']}"]
    return found


def _container():
    (container,) = pod()["containers"]
    return container


def _blocks(language):
    return [text for found, text in FENCE.findall(PAGE.read_text()) if found == language]


def _require(value, *, to_be):
    assert value == to_be, f"nothing here knows what {value!r} would be for podman"
    return []


def _user(number, security):
    return ["--user", f"{number}:{security['runAsGroup']}"]


SECURITY = {
    "runAsNonRoot": lambda value, security: _require(value and security["runAsUser"] > 0, to_be=True),
    "runAsUser": _user,
    "runAsGroup": lambda value, _: [],  # beside the user
    "seccompProfile": lambda value, _: _require(value, to_be={"type": "RuntimeDefault"}),  # podman's default as well
    "allowPrivilegeEscalation": lambda value, _: _require(value, to_be=False) or ["--security-opt", "no-new-privileges"],
    # podman would put writable folders into a root that is read-only; Kubernetes doesn't.
    "readOnlyRootFilesystem": lambda value, _: _require(value, to_be=True) or ["--read-only", "--read-only-tmpfs=false"],
    "capabilities": lambda value, _: [word for name in value["drop"] for word in ("--cap-drop", name.lower())],
}
