"""Carries a decision out: records it, and passes, raises or ends the process. Fails closed."""

from importguard.denials import KILLED, BlockedImport, Denied
from importguard.messages import denial
from importguard.pinned import exit_now, getppid
from importguard.policy.suggest import suggest
from importguard.recorder import complain
from importguard.report.redact import redact

MOST_FRAMES = 12
MOST_TRIED = 4096
GRANTING = ("once", "always")
NO_GRANT_HELPS = ("advisory:", "bytecode:", "startup-files:", "patch:", "session#")


class Enforcer:
    """Turns decisions into what the mode asks for."""

    def __init__(self, recorder, *, mode, on_violation):
        self.recorder = recorder
        self.mode = mode
        self.on_violation = on_violation
        self.refused = 0
        self.tried = {}

    def carry_out(self, decision, request, stack, blocked_module=None, candidate=None, reason=None, asked=""):
        """Record a decision that is not "allow", and stop the operation when the mode enforces.

        `candidate` is the Decision of the policy that is only tried out, None without one: where it alone denies, that
        is recorded and nothing else. `reason` is for what is only noticed, `asked` what somebody answered to it.
        """
        verdict = "allow" if asked in GRANTING else self.verdict_of(decision)
        count = self._times(request) if verdict == "allow" and not asked else 1
        if not count:
            return
        fields = fields_of(request, verdict, decision.rule, stack)
        fields["allow"] = "" if decision.rule.startswith(NO_GRANT_HELPS) else suggest(request)
        if candidate is not None:
            fields.update(candidate=candidate.verdict, candidate_rule=candidate.rule, count=count)
        if reason is not None:
            fields["reason"] = reason
        if asked:
            fields["asked"] = asked
        record = self.recorder.record("decision", **fields)
        if verdict == "log" or verdict == "allow":
            return
        self.refused += 1
        if verdict == "kill":
            self._end(record)
        told = redact(record)  # code that is refused may log what it is told
        text = (self.recorder.wording or denial)(told)
        if blocked_module is not None:
            raise BlockedImport(text, told, name=blocked_module)
        raise Denied(text, told)

    def _times(self, request):
        """Return how often this was asked for since it was last recorded, 0 where it isn't yet time to say so again.

        The first, second, fourth, eighth time is recorded: what is allowed may happen a million times.
        """
        key = (request.owner, request.phase, request.capability, request.target)
        if len(self.tried) >= MOST_TRIED:
            self.tried.clear()
        times = self.tried[key] = self.tried.get(key, 0) + 1
        return 0 if times & (times - 1) else times - times // 2

    def verdict_of(self, decision):
        if decision.verdict == "allow":
            return "allow"
        if self.mode == "observe" or decision.verdict == "log":
            return "log"
        return "kill" if self.on_violation == "kill" else "deny"

    def guarded(self, judge, *args):
        """Run a judgement; when it breaks, the operation is refused rather than let through."""
        try:
            return judge(*args)
        except (Denied, BlockedImport, RecursionError, MemoryError):
            # The last two end the operation as well, and are the program's own to handle.
            raise
        except Exception as error:
            self.recorder.record("degraded", reason=f"the guard failed to judge: {error!r}", detail=repr(args[:2]))
            if self.mode == "observe":
                return None
            raise Denied(f"importguard IG203: the guard failed to judge and refuses: {error!r}") from error

    def _end(self, record):
        # The supervisor that has read the record ends the tree; a process that has none ends itself.
        if not self.recorder.supervised:
            complain(denial(redact(record)))
        exit_now(KILLED)


def record_allowed(recorder, request, caller):
    """Record a request that was allowed, for whoever learns a lock; `caller` is the Owner who had it done, or None."""
    fields = fields_of(request, "allow", "", [])
    if caller is not None:
        fields["caller"] = owner_fields(caller)
    recorder.record("decision", **fields)


def owner_fields(owner):
    """Return the fields of an Owner in a record."""
    return {"name": owner.name, "version": owner.version, "kind": owner.kind}


def fields_of(request, verdict, rule, stack):
    """Return the fields of a decision's record."""
    owner = request.owner
    fields = {
        "ppid": getppid(),
        "verdict": verdict,
        "candidate": None,
        "capability": request.capability,
        "target": request.target,
        "owner": owner_fields(owner),
        "via": list(request.via),
        "phase": request.phase,
        "module": request.module,
        "rule": rule,
        "layer": request.layer,
        "stack": stack,
        "count": 1,
    }
    if request.argv is not None:
        fields["argv"] = list(request.argv)
    return fields


def stack_of(frame, owner_of_frame):
    """Return the frames that are not the standard library's, innermost first, as plain values."""
    found = []
    while frame is not None and len(found) < MOST_FRAMES:
        owner = owner_of_frame(frame)
        if owner is None or owner.kind != "stdlib":
            code = frame.f_code
            name = owner.name if owner is not None else "unowned"
            found.append(
                {"owner": name, "file": code.co_filename, "line": frame.f_lineno or 0, "function": code.co_name}
            )
        frame = frame.f_back
    return found
