"""What the kernel is asked to hold for one run, and what of that can't be had here."""


import typing

from importguard.kernel import ceiling as ceilings
from importguard.kernel import landlock, machine, refused


class Plan(typing.NamedTuple):
    """What the launcher puts over a command, and what stays for the guarded process to put over itself.

    `filters` and `inside` are names of seccomp pieces, `ceiling` is held by Landlock of version `abi` unless that is 0,
    `own` are folders that the guard writes, `asking` is the piece that asks the supervisor ("" for none), `missing` says what
    was wanted and isn't had, a line each.
    """

    kind: str
    filters: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    ceiling: ceilings.Ceiling = ceilings.OPEN
    abi: int = 0
    own: tuple[str, ...] = ()
    asking: str = ""
    missing: tuple[str, ...] = ()

    @property
    def is_empty(self):
        return not self.filters and not self.has_landlock and not self.asking

    @property
    def has_landlock(self):
        return any(step <= self.abi for step in landlock.wanted(self.ceiling))

    @property
    def hides(self):
        """Whether secrets are hidden."""
        return self.ceiling.hidden is not None and self.abi >= landlock.WRITES

    @property
    def held(self):
        """The part of the ceiling that these filters and this Landlock hold."""
        lacking = {}
        if self.abi < landlock.WRITES:
            lacking |= {"writable": None, "hidden": None}
        if self.abi < landlock.PORTS and "internet" not in self.filters:
            lacking |= {"connect": None, "listen": None}
        if self.abi < landlock.SCOPES:
            lacking |= {"signal": True, "abstract": True}
        if not {"internet", "datagrams"} & set(self.filters):
            lacking["resolve"] = True
        if not self.inside:
            lacking["spawn"] = True
        return self.ceiling._replace(**lacking)

    @property
    def layers(self):
        """The names of the layers, as the `armed` record lists them."""
        return (*(["seccomp"] if self.filters else []), *(["landlock"] if self.has_landlock else []))

    def without(self, layer, reason):
        """Return a Plan that does without a layer, and says why."""
        left = {"seccomp": {"filters": (), "inside": ()}, "landlock": {"abi": 0}, "supervisor": {"asking": ""}}[layer]
        return self._replace(**left, missing=(*self.missing, f"{layer}: {reason}"))


def plan(table, named, found, *, seccomp, landlock_setting, is_strict, supervisor="off", hides=False, own=()):
    """Return the Plan for a table on a Machine; the settings are "off", "auto" or "require".

    `is_strict`: nobody may mount or make namespaces. `hides`: secrets are to be hidden that nobody may read.
    """
    if table["mode"] != "enforce":
        return Plan(found.kind)
    ceiling = ceilings.ceiling(table, named, hides=hides)
    filters, inside, lacking = _filters(ceiling, found, seccomp, is_strict)
    abi, more = _landlock(ceiling, found, landlock_setting)
    piece, unasked = asking(found, supervisor)
    return Plan(found.kind, filters, inside, ceiling, abi, tuple(own), piece, (*lacking, *more, *unasked))


def _filters(ceiling, found, setting, is_strict):
    if setting == "off":
        return (), (), ("seccomp: switched off",)
    if reason := why_no_seccomp(found):
        return (), (), (f"seccomp: {reason}: native code can do what the kernel lets its user do",)
    pieces = ["seal"] + (["mounts"] if is_strict else [])
    if not ceiling.has_internet:
        pieces.append("internet")
    else:
        pieces += ["ports"] if ceiling.connect is not None or ceiling.listen is not None else []
        pieces += ["datagrams"] if not ceiling.has_datagrams else []
    return tuple(pieces), () if ceiling.spawn else ("programs",), ()


def why_no_seccomp(found):
    """Return why there are no filters on a Machine, or an empty text."""
    if found.system != "Linux":
        return f"only Linux has it, this is {found.system}"
    if not machine.program("seal", found.kind):
        return f"no filter is made for {found.kind}"
    return "" if found.has_seccomp else "this kernel, or what contains this process, doesn't offer it"


def _landlock(ceiling, found, setting):
    if setting == "off":
        return 0, ("landlock: switched off",)
    if found.system != "Linux":
        return 0, (f"landlock: only Linux has it, this is {found.system}",)
    if setting == "auto" and not landlock.wanted(ceiling):
        return 0, ()
    if not found.landlock:
        return 0, ("landlock: this kernel, or what contains this process, doesn't offer it",)
    return found.landlock, landlock.missing(ceiling, found.landlock)


def asking(found, setting):
    """Return the piece that asks the supervisor, and what is missing."""
    if setting == "off":
        return "", ()
    if reason := why_no_seccomp(found):
        return "", (f"supervisor: {reason}",)
    # Where no descriptor can be taken from others, sockets are made by who answers.
    return "calls" if found.shares else "sockets", ()


def programs(made):
    """Return ((name, mark, program), ...) of every filter of a Plan, for a process that puts them over itself."""
    names = (*made.filters, *made.inside)
    return tuple((name, refused.MARK + refused.PIECES.index(name), machine.program(name, made.kind)) for name in names)


ALONE = "there is no parent that could supervise: only `importguard run` has one, without --no-supervisor"


def for_itself(made):
    """Return a Plan for a process that no launcher starts: the files and ports of a whole process are no longer its to limit,
    and nobody can be asked."""
    if made.asking:
        made = made.without("supervisor", ALONE)
    if not made.has_landlock:
        return made
    return made.without("landlock", "a process that runs already can't be held to files and ports: `importguard run` does that")


def refusals(made, **settings):
    """Return what is missing of the layers that are demanded; a setting is named as its layer."""
    demanded = [layer for layer, setting in settings.items() if setting == "require"]
    return tuple(line for line in made.missing if line.partition(":")[0] in demanded)


def told(made, *, held, required, board="", must_be_supervised=False):
    """Return what a session tells its processes; `held`: the launcher puts the filters over them. `board` is the file that
    they share with the supervisor."""
    mark = refused.MARK + refused.PIECES.index(made.asking) if made.asking else 0
    return {
        "layers": made.layers,
        "missing": made.missing,
        "ceilings": made.held.words(),
        "filters": programs(made),
        "held": made.filters if held else (),
        "answer": refused.HELD,
        "required": required,
        "supervisor": (mark, board, must_be_supervised) if made.asking else None,
    }
