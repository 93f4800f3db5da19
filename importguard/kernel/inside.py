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
    if told.get("supervisor"):
        problem = _show(*told["supervisor"], told["answer"], core)
        if problem:
            missing.append("supervisor: " + problem)
        else:
            layers.append("supervisor")
    return layers, missing, ceilings


def _show(mark, board, is_required, answer, core):
    """Show the supervisor of system calls what is imported here; return why it can't be, or an empty text."""
    problem = ""
    if core.name != "c":
        problem = "the core in Python tells it nothing of who is imported"
    elif not core.library.is_held(mark, answer):
        problem = "this process was told of it, and isn't under it"
    else:
        try:
            core.library.share_board(board)
        except OSError as error:
            problem = "%s: %s" % (board, error.strerror)
    if problem and is_required:
        raise RuntimeError("supervisor: " + problem)
    return problem


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
