"""What becomes of a system call of somebody who is being imported: the policy decides, and a refusal is put on record."""

import contextlib
import os
import signal

from importguard.model import Owner, Request
from importguard.notified import frames, processes
from importguard.policy import decide, suggest
from importguard.policy import table as tables
from importguard.report import sink
from importguard.report.compose import record

LAYER = "seccomp"


class Judging:
    """Decides by a table. `owners` says whose a file is: {path: name}, folders included; `stdlib` are the folders of the
    standard library, whose frames nobody is shown, `roots` those of the application. `pipe` is the path of the pipe for records."""

    def __init__(self, content, *, owners, stdlib, roots, pipe):
        self.table = tables.load(content)
        self.table.owner_of = self.owner_of
        self.owners = owners
        self.stdlib = tuple(folder.rstrip("/") + "/" for folder in stdlib)
        self.roots = tuple(root.rstrip("/") + "/" for root in roots)
        # Kept open: where descriptors run out, refusals are still put on record.
        self.pipe = os.open(pipe, os.O_WRONLY | os.O_CLOEXEC)

    def refusal(self, wanted, shown):
        """Return the Decision that refuses what somebody who shows this asks for, None where the policy allows it."""
        decision = decide.decide(self.table, _request(wanted, shown))
        return None if decision.verdict == "allow" else decision

    def report(self, wanted, shown, decision, thread, needed=None):
        """Put a refusal on record, which `needed` would have to be allowed for, if that is more than what was wanted; what can't
        be written is lost, and the refusal stands."""
        request = _request(wanted, shown)
        kills = self.table.on_violation == "kill"
        is_there = True
        try:
            process, parent = processes.process_of(thread)
        except OSError:
            process, parent, is_there = shown.process, 0, False
        fields = record(
            "decision", pid=process, ppid=parent, thread=thread, verdict="kill" if kills else "deny", candidate=None,
            capability=request.capability, target=request.target,
            owner={"name": shown.name, "version": shown.version, "kind": shown.kind}, via=[], phase=shown.phase,
            module=shown.module, rule=decision.rule, layer=LAYER, stack=frames.stack(shown, self._shown_owner), count=1,
            allow=suggest.suggest(_request(needed or wanted, shown)),
        )  # fmt: skip
        if wanted.argv is not None:
            fields["argv"] = list(wanted.argv)
        with contextlib.suppress(OSError):
            os.write(self.pipe, sink.to_line(fields))  # at most what a pipe takes in one piece
        if kills and is_there:
            # The launcher ends the tree when it reads this; who has asked is to do nothing more until then.
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)

    def owner_of(self, path):
        """Return the name of the distribution that a path belongs to, None for nobody's."""
        found = self.owners.get(path)
        while found is None and "/" in path:
            path = path.rpartition("/")[0]
            found = self.owners.get(path)
        return found

    def _shown_owner(self, file):
        """Return whose a frame is, None for one that isn't shown."""
        if file.startswith(("<frozen ", "<shim>", "<interpreter", *self.stdlib)) and "/site-packages/" not in file:
            return None
        return self.owner_of(file) or ("application" if file.startswith((*self.roots, "<string>")) else "unowned")


def _request(wanted, shown):
    owner = Owner(shown.name, shown.version, shown.kind)
    return Request(wanted.capability, wanted.target, wanted.argv, owner, (), shown.phase, shown.module, LAYER)
