"""What of the kernel's rungs holds over the interpreters of an enabled environment, in the words of `doctor`."""

import glob
import os

from importguard.kernel import inside, machine, plan, trial

OBSERVES = "the guard only observes"
OLDER = "written by an older version, which knew of none"
RUNS_ALREADY = "a process that runs already can't be held to files and ports: `importguard run` does that"


def held(content, version):
    """Return {name: (state, text)} for the content of a session file and a version of CPython, (3, 11); a state is "holds",
    "fails" or "absent"."""
    told = content.get("kernel")
    if told is None or content["table"]["mode"] != "enforce":
        return dict.fromkeys(("seccomp", "landlock", "supervisor"), ("absent", OBSERVES if told else OLDER))
    missing = {layer: text for layer, _colon, text in (line.partition(": ") for line in told["missing"])}
    return {
        "seccomp": _seccomp(told, missing.get("seccomp"), _lacks_core(content, version)),
        "landlock": ("absent", missing.get("landlock", RUNS_ALREADY)),
        "supervisor": ("absent", missing.get("supervisor", plan.ALONE)),
    }


def _seccomp(told, missing, lacks_core):
    names = ", ".join(name for name, _mark, _program in told["filters"])
    if missing or not names:
        return "absent", missing or "no filter is asked for"
    if lacks_core:
        return "absent", f"{inside.MESSAGE % names}: {lacks_core}"
    state, text = trial.seccomp(machine.look())
    if state != "holds":
        return state, text
    ceilings = "".join(f"; nobody has {line}" for line in told["ceilings"])
    return "holds", f"each interpreter puts it over itself when it starts: {names}{ceilings}"


def _lacks_core(content, version):
    """Return why interpreters of a version have the core in Python, or an empty text."""
    if content["core"] == "py":
        return "it was asked for"
    pattern = os.path.join(glob.escape(content["package"]), "core", f"ccore.*{version[0]}{version[1]}-*.so")
    return "" if glob.glob(pattern) else f"it isn't built for CPython {version[0]}.{version[1]}"
