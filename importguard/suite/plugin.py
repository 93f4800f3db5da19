"""The hooks of `pytest --importguard`: the whole run under the guard, and each denial a failure of the test that caused it.

Name it first, with `-p importguard`, and it arms before any other plugin of pytest is imported; under
`importguard run -- pytest` the guard is there before pytest is. Without either of them it says which plugins were ahead.
"""

import contextlib
import gc
import os
import sys
from importlib import machinery

import pytest

import importguard
from importguard.suite import early

MARK = "importguard(expect=[...]): refusals that this test expects, as the grants that would allow them"
MARKER = "importguard"
GUARD = pytest.StashKey()


def pytest_addoption(parser, pluginmanager):
    group = parser.getgroup("importguard", "a runtime guard over the whole run")
    group.addoption(
        early.FLAG, action="store_true", help="guard the run: what the policy refuses fails the test that tried it"
    )
    group.addoption(early.OBSERVING, action="store_true", help="guard the run, and only record what would be refused")
    group.addoption(
        early.LEARNING, action="store_true", help="guard the run, and write what each distribution needed into the lock"
    )
    group.addoption(early.POLICY, metavar="FILE", help="the policy to use; needs no approval")
    parser.addini(early.INI, "guard every run: enforce, observe or off", default="off")
    # Now, and not once options are parsed: other plugins are imported in between.
    _arm(pluginmanager.get_plugin("pytestconfig"), pluginmanager)


def _arm(config, pluginmanager):
    try:
        wanted = early.wanted(config, os.environ)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    if wanted.mode != early.OFF:
        with _undisturbed(pluginmanager.rewrite_hook):
            _arm_as(wanted, config, pluginmanager)


@contextlib.contextmanager
def _undisturbed(hook):
    """Import the guard as it stands, since pytest compiles all modules of a plugin's distribution anew, and don't have the
    garbage collector go through all of pytest again and again for what arming makes."""
    others = sys.meta_path[sys.meta_path.index(hook) + 1 :] if hook in sys.meta_path else []
    if others:
        sys.meta_path.remove(hook)
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
        if others:
            sys.meta_path.insert(sys.meta_path.index(others[0]), hook)


def _arm_as(wanted, config, pluginmanager):
    from importguard.launch import together  # a run that isn't guarded pays nothing for it, nor for what comes next

    together.load(together.ARMING)
    from importguard.errors import ImportguardError
    from importguard.suite import reporter

    ahead = sorted({dist.project_name for _plugin, dist in pluginmanager.list_plugin_distinfo()} - {"importguard"})
    try:
        armed = early.arm(wanted, is_worker="PYTEST_XDIST_WORKER" in os.environ)
    except ImportguardError as error:
        raise pytest.UsageError(str(error)) from error
    if armed.guard.recorder.listener is not None:
        return  # a run within a run, whose tests are one of the outer one's
    _forget_rewriting()
    config.stash[GUARD] = reporter.Reporter(armed, ahead)
    # Whatever stops the run before it has begun, what was made for it goes.
    config.add_cleanup(lambda: config.stash[GUARD].finish(config))
    pluginmanager.register(config.stash[GUARD], "importguard-reporter")


def _forget_rewriting():
    """Take from the package, which the guard holds, what pytest writes into that of a plugin: it leads to the whole run."""
    for name in ("@pytest_ar", "@py_builtins"):
        vars(importguard).pop(name, None)
    importguard.__loader__ = importguard.__spec__.loader = machinery.SourceFileLoader("importguard", importguard.__file__)


def pytest_configure(config):
    config.addinivalue_line("markers", MARK)
    if option := early.missed(config):
        from importguard import guard  # who has no guard pays nothing for it

        if guard.guard is None:
            raise pytest.UsageError(f"{option} came too late, and nothing is guarded: give it on the command line, in addopts or PYTEST_ADDOPTS")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    known = {}
    if any(_is_marked(item, known) for item in items):
        config.pluginmanager.register(Marked(config.stash.get(GUARD, None)), "importguard-marked")


def _is_marked(node, known):
    """Say whether a node or what it is in has a marker; `known` has the answers for nodes, by their identity."""
    if node is None:
        return False
    found = known.get(id(node))
    if found is None:
        found = known[id(node)] = any(mark.name == MARKER for mark in node.own_markers) or _is_marked(node.parent, known)
    return found


class Marked:
    """Fails tests whose markers can't be understood, and tells the reporter, if there is one, what the others expect.

    Most suites have no marker, and pay nothing for a look at each test.
    """

    def __init__(self, reporter):
        self._reporter = reporter

    def pytest_runtest_setup(self, item):
        from importguard.suite import expected

        for mark in item.iter_markers(MARKER):
            if problem := expected.problem(mark):
                pytest.fail(problem, pytrace=False)

    def pytest_runtest_teardown(self, item):
        if self._reporter is not None:
            self._reporter.learn_expected(item)


@pytest.fixture
def importguard_records(request):
    """The records of what was refused in this test so far: a sequence that grows while the test goes on."""
    reporter = request.config.stash.get(GUARD, None)
    return () if reporter is None else reporter.records_of(request.node.nodeid)
