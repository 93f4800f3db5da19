"""What one re-enacted attack is: data that the same tests run unguarded, observed and guarded."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from support.wheels import Wheel

LIMITS, LIMITS_OF_POLICIES = "docs/explanation/limits.md", "docs/explanation/limits-of-policies.md"


@dataclass(frozen=True, slots=True)
class Expected:
    """A decision that must be on record: patterns for its fields, and how many different targets at least."""

    capability: str
    owner: str
    phase: str
    target: str = "*"
    targets: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row of the catalogue, or a variant of it.

    `achieves` are facts of World.evidence() that hold after an unguarded or observed run, and none of which holds
    after a guarded one. `denied` is what the guard refuses and `then` what follows only where nothing stops it; both
    are recorded under observe. `noticed` is on record either way, and nothing refuses it. `tampers` are targets of which a `tamper` record must speak. `flagged` are patterns of
    paths that an audit of the environment must name. `policy` is TOML for rows that the plain preset leaves to a
    policy. `gaps` maps a way of running ("observe", "recommended", "policy", "audit") to the reason why it doesn't
    hold yet; `holds_with` names the part that closes them. `listed` says that a wheel bears a name and version of the
    known-malicious list.
    """

    row: int
    variant: str = ""
    story: str
    models: tuple[str, ...]
    techniques: tuple[str, ...]
    wheels: tuple[Wheel, ...] = ()
    user_wheels: tuple[Wheel, ...] = ()
    app: str
    achieves: tuple[str, ...] = ()
    denied: tuple[Expected, ...] = ()
    then: tuple[Expected, ...] = ()
    noticed: tuple[Expected, ...] = ()
    tampers: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ()
    policy: str | None = None
    holds_with: str = "pycore"
    gaps: Mapping[str, str] = field(default_factory=dict)
    goes_on: bool = True
    smoke: bool = False
    needs: tuple[str, ...] = ()
    listed: bool = False
    one_by_one: bool = False
    private_network: bool = False
    pip_options: tuple[str, ...] = ()
    pages: Mapping[str, bytes] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    answer: bytes = b""
    programs: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self):
        return f"row{self.row:02}" + (f"-{self.variant}" if self.variant else "")
