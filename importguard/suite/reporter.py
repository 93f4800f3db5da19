"""Tells pytest what was refused: a failure of the test, of the collection, or of the session that it belongs to."""

import collections.abc
import os
import shutil

import pytest

from importguard import messages
from importguard.recorder import complain, hand_on
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
        self.is_told = False  # whether somebody else was told what is left
        self.left = []  # (place, text, whether it was refused) of what no report has told
        self.judge = expected.Judge(self.guard)
        self.expects = {}  # place: the grants of its markers
        self._listen(self.guard.recorder)

    def _listen(self, recorder):
        recorder.listener = self.places.take
        recorder.wording = _told
        for record in recorder.unheard:
            self.places.take(record)
        recorder.unheard.clear()
        self.children.know(self.places.current)
        self.copy, recorder.copy = recorder.copy, ""  # a worker tells of itself from now on
        self.guard.copy_for_child = lambda: self.children.file_of(self.places.here())

    def records_of(self, nodeid):
        return RecordsOf(self.places, nodeid)

    # Where the run is.

    def pytest_sessionstart(self, session):
        self.session = session
        self._begin(places.SESSION)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector):
        place = places.COLLECTION + (collector.nodeid or "the root folder")
        before = self._begin(place)
        try:
            report = yield
            if place in self.children.started:
                self._take_children()
        finally:
            self.places.enter(before)
        kept = self.places.of(place)
        if refused := _refusals(kept):
            _fail(report, refused)
        if self.guard.mode == "enforce":
            self.places.forget(place, len(kept))
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        place = item.nodeid
        before = self._begin(place)
        try:
            return (yield)
        finally:
            self.places.enter(before)

    # From here to the makereport below runs for each test, mostly with cold caches: there is no call that can be left out.

    def _begin(self, place):
        """Say what runs from here on; return what ran before."""
        before = self.places.current
        self.children.know(place)
        self.places.enter(place)
        return before

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
            self.learn_expected(item)
            new = self._unexpected(item.nodeid, new)
        if new:
            _fail(report, new)
        if report.when == "teardown" and self.guard.mode == "enforce":
            self.places.forget(item.nodeid, item.stash[TOLD])

    def learn_expected(self, item):
        """Keep what a test's markers expect: what it has begun may be refused when it is over."""
        if grants := expected.texts_of(item.iter_markers("importguard")):
            self.expects[item.nodeid] = grants

    def _unexpected(self, place, refused):
        grants = self.expects.get(place, ())
        return [record for record in refused if not self.judge.is_expected(record, grants)]

    def _take_children(self):
        """Take what children were refused. Before a place is reported, that is for those that have started something: most start
        nothing, and are not to pay for a look; what is left of the children of others is for the end."""
        for place, record in self.children.refused():
            self.places.keep(place, record)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        self._gather()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[FROM_WORKER] = self.left
            self.left = []
            self.is_told = True

    def _gather(self):
        """Take what no report has told; what was refused fails the session."""
        self._take_children()
        for place, records in self.places.take_all().items():
            refused = self._unexpected(place, _refusals(records))
            others = [record for record in records if not _is_refusal(record)]
            if self.is_told:
                # A worker has said all that it may say to pytest; who has started it reads this as it reads of all children.
                for record in (*refused, *others):
                    hand_on(record, self.copy)
                continue
            self.left += [(place, text, True) for text in _texts(refused)]
            self.left += [(place, text, False) for text in _texts(others)]
        if any(refused for _place, _text, refused in self.left):
            self._fail_session()

    def _fail_session(self):
        if self.session is not None and self.session.exitstatus == pytest.ExitCode.OK:
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

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter):
        self._gather()
        self._say_left(terminalreporter)
        for line in self._said():
            terminalreporter.line(line)

    def _say_left(self, terminalreporter):
        """Say what no report has told, and has not been said by now."""
        left, self.left = self.left, []
        for place, text, refused in dict.fromkeys(left):
            heading = f"importguard: {'refused' if refused else 'would have refused'} at {place}"
            if terminalreporter is None:
                complain(f"{heading}\n{text}")
                continue
            terminalreporter.section(heading, sep="_", red=refused, yellow=not refused)
            terminalreporter.line(text)

    def finish(self, config):
        """Say what came since the summary, and write what was learnt. Called past all plugins: what is refused from here on
        nobody hears of, and the recorder writes it to standard error."""
        terminalreporter = config.pluginmanager.get_plugin("terminalreporter")
        self._gather()
        self._say_left(terminalreporter)
        recorder = self.guard.recorder
        recorder.listener = recorder.wording = self.guard.copy_for_child = None
        recorder.copy = self.copy
        self.children.end()
        if self.learning and self.session is not None:
            self.learning.finish()
            if not self.learning.is_good:
                self._fail_session()
            self._say_learnt(terminalreporter)
        if self.file:
            kept.keep(self.file)
            shutil.rmtree(os.path.dirname(self.file), ignore_errors=True)
        recorder.unheard.clear()

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


def _texts(records):
    """Return the text of each kind of refusal, with how often it came: what is tried in a loop is told once."""
    kinds = {}
    for record in records:
        kinds.setdefault(_told({**record, "id": ""}), []).append(record)
    return [_told(same[0]) + (f"\n  times  {len(same)}" if len(same) > 1 else "") for same in kinds.values()]


def _fail(report, records):
    """Have a report say what was refused, and fail unless it has failed for a reason of its own."""
    text = "\n".join(_texts(records))
    if report.outcome == "failed":
        report.sections.append(("importguard", text))
    else:
        report.outcome = "failed"
        report.longrepr = text
