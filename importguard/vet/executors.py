"""Who does the looking: threads of this process, or the workers of a Dask cluster. Both give the same results."""

import atexit
import concurrent.futures
import contextlib
import dataclasses
import importlib.util
import sys
import threading
from pathlib import Path

from importguard.errors import UsageError
from importguard.launch import itself
from importguard.plugins import dependencies
from importguard.vet import folders, installing, looking, result, trial

ENDING = ("closing", "closed", "failed", "stopping", "stopped")  # of distributed.Status
NEEDED = ("distributed", "dask")
# Environments that this worker has built, by their pins; a worker that is started anew builds them again.
built: dict = {}


def here(jobs, terms, *, at_a_time):
    """Yield the Result of each of `jobs`, (Environment, name, version), as they are done; `at_a_time` of them at once."""
    halt = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        waiting = [pool.submit(looking.look, env, name, version, terms, halt) for env, name, version in jobs]
        try:
            for done in concurrent.futures.as_completed(waiting):
                yield done.result()
        finally:
            # Whoever is interrupted doesn't wait for a module that never ends.
            halt.set()
            pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def cluster(address, *, at_a_time):
    """Give a Dask Client: of the scheduler at `address`, or of as many workers on this machine as are wanted."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None and not _findable(name)]:
        raise UsageError(f"--executor dask needs {missing[0]}: install importguard[dask]")
    import distributed  # an extra: only who asks for it has it

    if address:
        with distributed.Client(address) as client:
            yield client
        return
    with (
        distributed.LocalCluster(n_workers=at_a_time, threads_per_worker=1, dashboard_address=None) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


def on_dask(jobs, terms, client):
    """Yield the Result of each of `jobs` as the workers of a distributed.Client have done them.

    Dask does again elsewhere what a worker was at when it was lost.
    """
    import distributed

    waiting = {
        client.submit(work, environment, name, version, terms, key=f"vet-{name}-{version}", pure=False): (name, version)
        for environment, name, version in jobs
    }
    finished = distributed.as_completed(waiting)
    for done in finished:
        error = done.exception()
        if isinstance(error, trial.Stopped):
            # The worker was told to go.
            done.retry()
            finished.add(done)
            continue
        yield result.Result(*waiting[done], problem=f"{type(error).__name__}: {error}") if error else done.result()


def work(environment, name, version, terms):
    """Look at one distribution on a worker; what `on_dask` has done there."""
    try:
        here = _at_hand(environment, terms)
    except (OSError, installing.InstallFailed) as reason:
        return result.Result(name, version, problem=f"can't be installed on the worker: {reason}")
    # The worker's own importguard, which may lie elsewhere.
    return looking.look(here, name, version, dataclasses.replace(terms, command=itself.command_line()), _leaving())


def _leaving():
    """Return what says like an Event whether this worker is to end, None where this is none."""
    distributed = sys.modules.get("distributed")
    try:
        return Leaving(distributed.get_worker()) if distributed else None
    except ValueError:
        return None


class Leaving:
    """Is set once a worker was told to end: it waits for what its threads are at."""

    def __init__(self, worker):
        self.worker = worker

    def is_set(self):
        """Say whether the worker is to end."""
        return self.worker.status.name in ENDING


def _at_hand(environment, terms):
    """Return an Environment if it is on this machine, else one with the same pins, built once a worker."""
    if environment.python.exists():
        return environment
    if environment.pins not in built:
        folders.sweep()
        folder, held = folders.new()
        atexit.register(folders.remove, folder, held)
        pins = ["==".join(pin) for pin in environment.pins]
        built[environment.pins] = installing.make(pins, terms.python, folder / "env", builds=terms.builds, alone=True)
    return built[environment.pins]


def _findable(name):
    """Say whether the extra lies where importguard's other dependencies do, and let it and all that it needs be found.

    The launcher holds its own environment back, as most commands need next to nothing of it. This one hands it all to
    the workers, which are processes of their own.
    """
    import importguard

    for folder in [str(Path(importguard.__file__).parents[1]), *dependencies.folders()]:
        if folder not in sys.path:
            sys.path.append(folder)
    importlib.invalidate_caches()
    return importlib.util.find_spec(name) is not None
