"""From requirements to results: installs them, has each distribution looked at, and keeps what came of it."""

import contextlib
from dataclasses import dataclass

from importguard.vet import executors, folders, installing

HERE, DASK = EXECUTORS = ("local", "dask")


@dataclass(frozen=True, slots=True)
class Plan:
    """Who looks: `executor` with `jobs` at a time; `scheduler` is the address of a Dask cluster that is there already."""

    executor: str = HERE
    jobs: int = 1
    scheduler: str = ""


@contextlib.contextmanager
def installed(requirements, terms):
    """Give (Environments, {requirement: why not}) for the length of a block."""
    folders.sweep()
    with folders.made() as folder:
        yield installing.spread(requirements, terms.python, folder, builds=terms.builds)


def jobs_in(environments):
    """Return (Environment, name, version) for each distribution, each version once."""
    found = {(name, version): environment for environment in environments for name, version in environment.pins}
    return [(environment, name, version) for (name, version), environment in sorted(found.items())]


def vet(jobs, terms, plan, store):
    """Yield the Result of each job, those first that the store knows already; adds the others to it."""
    for _, name, version in jobs:
        if (name, version) in store.known:
            yield store.known[name, version]
    waiting = [job for job in jobs if job[1:] not in store.known]
    for found in _looked_at(waiting, terms, plan):
        store.add(found)
        yield found


def _looked_at(jobs, terms, plan):
    if not jobs:
        return
    if plan.executor == HERE:
        yield from executors.here(jobs, terms, at_a_time=plan.jobs)
        return
    with executors.cluster(plan.scheduler, at_a_time=plan.jobs) as client:
        yield from executors.on_dask(jobs, terms, client)
