"""The kernel's layers in a guarded process: which are over it, and the filters that it puts over itself."""

MESSAGE = "the core in C alone puts filters over a process; not in place: %s"


def hold(told, core):
    """Put on what a session says and isn't there yet; return (layers, what is missing, ceilings).

    Raises RuntimeError where a filter is demanded and can't be had.
    """
    missing, ceilings = list(told["missing"]), list(told["ceilings"])
    problem = _hold(told, core)
    if problem:
        if told["required"]:
            raise RuntimeError("seccomp: " + problem)
        missing.append("seccomp: " + problem)
        # Starting programs is what a process withholds from itself; the rest was put on before it started, or isn't there.
        ceilings = [text for text in ceilings if told["held"] and not text.startswith("proc.spawn")]
    layers = [layer for layer in told["layers"] if layer != "seccomp" or told["held"] or not problem]
    return layers, missing, ceilings


def _hold(told, core):
    """Return why not every filter is over this process, or an empty text."""
    if core.name != "c":
        lacking = [name for name, _mark, _program in told["filters"] if name not in told["held"]]
        return MESSAGE % ", ".join(lacking) if lacking else ""
    for name, mark, program in told["filters"]:
        # Inherited under `run`. Where it isn't, be it in a process that was told and not started by us, it is put on now.
        if not core.library.is_held(mark, told["answer"]):
            try:
                core.library.load_filter(program)
            except OSError as error:
                return "%s: %s" % (name, error.strerror)
    return ""
