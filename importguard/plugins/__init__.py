"""What others add to importguard: called in the launcher, never in a guarded process; named by the policy, never discovered."""

__all__ = ["Distribution", "hookimpl"]

_HOMES = {"Distribution": "importguard.plugins.hookspecs", "hookimpl": "importguard.plugins.hookspecs"}


def __getattr__(name):
    # Loaded on first use, as everything that a run without plugins doesn't need.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'importguard.plugins' has no attribute {name!r}")
    return getattr(__import__(home, fromlist=[name]), name)
