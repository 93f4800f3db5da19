"""The values that pass through the corridor: who asks for what, and what was decided."""

VERDICTS = ("allow", "log", "deny", "kill")
PHASES = ("startup", "import", "run")
KINDS = ("distribution", "app", "stdlib", "startup", "unowned")
CAPABILITIES = (
    "import",
    "net.connect",
    "net.listen",
    "net.resolve",
    "fs.read",
    "fs.write",
    "fs.list",
    "proc.spawn",
    "proc.signal",
    "env.read",
    "env.write",
    "native.load",
    "native.call",
    "code.run",
    "runtime.patch",
)


class Value:
    """A frozen, slotted value, equal to another of its type with equal slots."""

    __slots__ = ()

    def __init__(self, *values):
        if len(values) != len(self.__slots__):
            raise TypeError(f"{type(self).__name__} takes {len(self.__slots__)} values, got {len(values)}")
        for name, value in zip(self.__slots__, values):
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        raise AttributeError(f"{type(self).__name__} is frozen: can't set {name!r}")

    __delattr__ = __setattr__

    def __eq__(self, other):
        return type(self) is type(other) and self.as_tuple() == other.as_tuple()

    def __hash__(self):
        return hash(self.as_tuple())

    def __repr__(self):
        inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({inner})"

    def __reduce__(self):
        return type(self), self.as_tuple()

    def as_tuple(self):
        return tuple(getattr(self, name) for name in self.__slots__)


class Owner(Value):
    """Who code belongs to: `name` (PEP 503), `version` ("" when unknown), `kind` (one of KINDS)."""

    __slots__ = ("name", "version", "kind")


class Request(Value):
    """Somebody asks for a capability.

    `capability` is one of CAPABILITIES, `target` its text as in the contract, `argv` the arguments of a
    program (tuple of str, or None), `owner` the Owner to blame, `via` the names of the owners that stood
    between (tuple of str), `phase` one of PHASES, `module` the module or start-up file at the boundary,
    `layer` the door that asks ("finder", "audit", "wrap", "scan").
    """

    __slots__ = ("capability", "target", "argv", "owner", "via", "phase", "module", "layer")


class Blamed(Value):
    """Who answers for a start that was let pass: `owner`, `phase`, `module`."""

    __slots__ = ("owner", "phase", "module")


class Decision(Value):
    """What a policy says to a Request: `verdict` (one of VERDICTS) and the `rule` that decided ("" for none)."""

    __slots__ = ("verdict", "rule")


class Record(Value):
    """One line of the records: `fields` is the mapping that the record's JSON Schema describes."""

    __slots__ = ("fields",)

    def __hash__(self):
        return hash(self.fields.get("id"))

    def __getitem__(self, name):
        return self.fields[name]

    def get(self, name, default=None):
        return self.fields.get(name, default)


STDLIB = Owner("python", "", "stdlib")
APP = Owner("application", "", "app")
UNOWNED = Owner("unowned", "", "unowned")
