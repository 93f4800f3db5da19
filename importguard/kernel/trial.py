"""Tries the kernel's layers out in a thread of this process, which ends, and says what the kernel itself tells of them."""

import os

from importguard.kernel import ceiling, landlock, layers, machine, plan, rehearsal

# Where a thread may have Landlock refuse it something, it is this: to write to a folder that nobody wants to write.
WITHOUT = "without it native code of a package connects and starts programs by its own system calls, while it is imported as well"
NO_FOLDER = ceiling.Ceiling(writable=())


def rungs():
    """Return (state, text) of seccomp, of Landlock and of the supervisor by name; a state is "holds", "fails" or "absent"."""
    found = machine.look()
    return {"seccomp": seccomp(found), "landlock": ports_and_files(found), "supervisor": supervisor(found)}


def seccomp(found):
    """Return (state, text) of rung 0."""
    if reason := plan.why_no_seccomp(found):
        return "absent", f"{reason}: native code can do what the kernel lets its user do"
    try:
        told = layers.call_beneath(plan.Plan(found.kind, filters=("seal",)), _filter_mode)
    except OSError as error:
        return "fails", f"the kernel refuses the filter: {error.strerror}"
    if told != "2":
        return "fails", f"the filter was taken, and /proc says Seccomp: {told}"
    return "holds", f"rung 0, the seal: {len(machine.program('seal', found.kind)) // 8} instructions over the command and its children"


def ports_and_files(found):
    """Return (state, text) of what Landlock gives a policy that withholds something from everybody."""
    if found.system != "Linux":
        return "absent", f"only Linux has it, this is {found.system}"
    if not found.landlock:
        return "absent", "this kernel, or what contains this process, doesn't offer it: no ceiling for files and ports"
    try:
        is_refused = layers.call_beneath(plan.Plan(found.kind, ceiling=NO_FOLDER, abi=found.landlock), _is_writing_refused)
    except OSError as error:
        return "fails", f"the kernel refuses it: {error.strerror}"
    if is_refused is False:
        return "fails", "a ruleset was taken, and a file was written all the same"
    gives = ", ".join(text for step, (text, _without) in landlock.STEPS.items() if step <= found.landlock)
    lacks = "; ".join(without for step, (_text, without) in landlock.STEPS.items() if step > found.landlock)
    untried = "" if is_refused else "; taken and not tried: no file can be made in /tmp here anyway"
    return "holds", f"ABI {found.landlock}: ceilings for {gives}" + (f"; without: {lacks}" if lacks else "") + untried


def supervisor(found):
    """Return (state, text) of rung 2, and what native code can still do where it is off."""
    if reason := plan.why_no_seccomp(found):
        return "absent", f"{reason}: whose native call it is isn't known"
    piece, _missing = plan.asking(found, "auto")
    wanted = plan.Plan(found.kind, asking=piece)
    if problem := rehearsal.problem(lambda: layers.listen(wanted)):
        return "absent", f"{problem}: {WITHOUT}"
    return "holds", f"rung 2 can be had (--supervise auto); it is off by default in `run`: {WITHOUT}"


def _filter_mode():
    with open("/proc/thread-self/status") as file:
        return next((line.split()[1] for line in file if line.startswith("Seccomp:")), "unknown")


def _is_writing_refused():
    """Say whether making a file fails here where it works without, None where it doesn't: it is gone again at once."""
    path = f"/tmp/importguard-doctor-{os.getpid()}"
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    except PermissionError:
        return True
    except OSError:
        return None  # a container whose root is read-only, say
    os.unlink(path)
    return False
