"""What a session keeps to itself whatever the policy says: no package reads what others have reported, or moves it away."""

from importguard.policy import grants, toml

NAME = "session"


def policy(place):
    """Return the Policy that keeps packages off a session Directory; it has no digest, which is not to depend on the machine."""
    denied = grants.Grant("", "fs.read", place.pipe), grants.Grant("", "fs.write", place.outer + "/**")
    lines = tuple(
        toml.Line("deny", table, "", "", toml.PHASES[table], grant, f"{NAME}#{table}.deny[{at}]")
        for table in ("import", "run")
        for at, grant in enumerate(denied)
    )
    return toml.Policy(NAME, "", "", {}, lines, (), (), (), ())
