"""Tells pytest what was refused: a failure of the test, of the collection, or of the session that it belongs to."""

import collections.abc
import contextlib
import os

import pytest

from importguard import messages
from importguard.report.redact import redact
from importguard.suite import expected, kept, places
from importguard.suite.children import Children

TOLD = pytest.StashKey()
FROM_WORKER = "importguard_left"


class Reporter:
    """A plugin of pytest, in the controller and in each worker of pytest-xdist.

    `armed` is an early.Armed; `ahead` names the distributions whose plugins were imported before the guard was there.
    """

    def __init__(self, armed, ahead):
        self.guard = armed.guard
        self.file = armed.records
        self.learning = armed.learning
        self.ahead = ahead
        self.notices = armed.notices
        self.places = places.Places()
        self.children = Children(self.places.here)
        self.session = None
        self.over = set()  # places whose report is out
        self.left = []  # (place, text, whether it was refused) of what no report has told
        self._listen(self.guard.recorder)

    def _listen(self, recorder):
        recorder.listener = self.places.take
        recorder.wording = _told
        for record in recorder.unheard:
            self.places.take(record)
        self.children.know(self.places.current)
        recorder.copy = ""  # a worker tells of itself from now on
        self.guard.copy_for_child = lambda: self.children.file_of(self.places.here())

    def records_of(self, nodeid):
        return RecordsOf(self.places, nodeid)

    # Where the run is.

    def pytest_sessionstart(self, session):
        self.session = session
        self._begin(places.SESSION)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector):
        place = f"collection of {collector.nodeid or 'the root folder'}"
        before = self._begin(place)
        try:
            report = yield
            if place in self.children.started:
                self._take_children()
        finally:
            self._end(place, before)
        if refused := _refusals(self.places.of(place)):
            _fail(report, refused)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        place = item.nodeid
        before = self._begin(place)
        try:
            return (yield)
        finally:
            self._end(place, before)

    # From here to the makereport below runs for each test, mostly with cold caches: there is no call that can be left out.

    def _begin(self, place):
        """Say what runs from here on; return what ran before."""
        before = self.places.current
        self.children.know(place)
        self.places.enter(place)
        return before

    def _end(self, place, before):
        self.over.add(place)
        self.places.enter(before)

    # What is told.

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item):
        report = yield
        if self.places.current in self.children.started:
            self._take_children()
        if self.places.kept:
            self._tell(report, item)
        return report

    def _tell(self, report, item):
        refused = self.places.of(item.nodeid)
        new = refused[item.stash.get(TOLD, 0) :]
        item.stash[TOLD] = len(refused)
        if new := _refusals(new):
            grants = expected.texts_of(item.iter_markers("importguard"))
            new = [record for record in new if not expected.is_expected(record, grants, self.guard)]
        if new:
            _fail(report, new)
        if report.when == "teardown" and self.guard.mode == "enforce":
            self.places.forget(item.nodeid, item.stash[TOLD])

    def _take_children(self):
        """Take what children were refused. Before a place is reported, that is for those that have started something: most start
        nothing, and are not to pay for a look; what is left of the children of others is for the end."""
        for place, record in self.children.refused():
            self.places.keep(place, record)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        self._take_children()
        over = self.places.left_over(self.over)
        self.left += [(place, _told(record), _is_refusal(record)) for place, record in over]
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[FROM_WORKER] = self.left
        if any(refused for _place, _text, refused in self.left):
            self._fail_session()

    def _fail_session(self):
        if self.session.exitstatus == pytest.ExitCode.OK:
            self.session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.left += [tuple(each) for each in getattr(node, "workeroutput", {}).get(FROM_WORKER, ())]

    def pytest_report_header(self):
        policy = messages.printable(self.guard.session["table"]["name"])
        lines = [f"importguard: {self.guard.mode}, core {self.guard.core.name}, policy {policy}"]
        lines += self._said()
        if self.ahead:
            lines.append(
                f"importguard: imported before the guard was there: {', '.join(self.ahead)} (-p importguard puts it first)"
            )
        return lines

    def _said(self):
        """Return what is to be said of the policy, once: a run that is told to be quiet has no header."""
        said, self.notices = self.notices, ()
        return [f"importguard: {messages.printable(line)}" for line in said]

    def pytest_terminal_summary(self, terminalreporter):
        for place, text, refused in dict.fromkeys(self.left):
            verb = "refused" if refused else "would have refused"
            terminalreporter.section(f"importguard: {verb} at {place}", sep="_", red=refused, yellow=not refused)
            terminalreporter.line(text)
        for line in self._said():
            terminalreporter.line(line)

    def pytest_unconfigure(self):
        recorder = self.guard.recorder
        recorder.listener = recorder.wording = self.guard.copy_for_child = None
        self.children.end()

    def finish(self, config):
        """Write what was learnt. Called past all plugins: it is the application that writes its lock, and none of them."""
        if self.learning and self.session is not None:
            self.learning.finish()
            if not self.learning.is_good:
                self._fail_session()
            self._say_learnt(config.pluginmanager.get_plugin("terminalreporter"))
        if self.file:
            kept.keep(self.file)
            with contextlib.suppress(OSError):
                os.unlink(self.file)

    def _say_learnt(self, terminalreporter):
        if terminalreporter is not None:
            terminalreporter.section("importguard: learnt", sep="_", red=not self.learning.is_good)
            for line in self.learning.lines:
                terminalreporter.line(line)


class RecordsOf(collections.abc.Sequence):
    """What was refused at a place so far."""

    def __init__(self, kept, place):
        self._places, self._place = kept, place

    def __len__(self):
        return len(self._places.of(self._place))

    def __getitem__(self, at):
        return self._places.of(self._place)[at]


def _is_refusal(record):
    return record["verdict"] in ("deny", "kill")


def _refusals(records):
    return [record for record in records if _is_refusal(record)]


def _told(record):
    """Return the text of a refusal, without its secrets: what pytest says is kept as CI's log."""
    return messages.denial(redact(record))


def _fail(report, records):
    """Have a report say what was refused, and fail unless it has failed for a reason of its own."""
    text = "\n".join(map(_told, records))
    if report.outcome == "failed":
        report.sections.append(("importguard", text))
    else:
        report.outcome = "failed"
        report.longrepr = text
