"""What is asked of a module before it runs: whose it is, whether that release is bad, what its bytecode is."""

from importguard.finder import bytecode_problem
from importguard.findings import has_executable_lines
from importguard.model import UNOWNED, Decision, Owner, Request
from importguard.paths import resolve
from importguard.pinned import type
from importguard.policy.decide import decide

STARTUP_MODULES = ("sitecustomize", "usercustomize")


class Imports:
    """Judges imports; `candidate` is a Table that is only tried out, or None; `startup_known` are the start-up files whose content is well known, by path."""

    def __init__(self, *, table, candidate, identity, enforcer, walker, startup_known):
        self.table = table
        self.candidate = candidate
        self.identity = identity
        self.enforcer = enforcer
        self.walker = walker
        self.startup_known = startup_known
        self.refuses_startup_files = table.startup_files == "refuse" and table.mode == "enforce"
        self.ruled_out = {}

    def examine(self, name, origin, cached, loader, places):
        """Look at a module by its spec's fields; raises BlockedImport."""
        if type(origin) is not str or origin in ("built-in", "frozen"):
            if places:
                self._examine_places(name, places)
            return
        owner = self.identity.owner_of_path(resolve(origin))
        if owner.kind in ("app", "stdlib"):
            return
        if owner.name in self.identity.problems:
            self._refuse_malicious(name, owner)
        if self.refuses_startup_files and name in STARTUP_MODULES and origin not in self.startup_known:
            self._block(name, owner, Decision("deny", "startup-files:refuse"))
        if self.table.bytecode != "ignore":
            self._examine_bytecode(name, owner, origin, cached, loader)
        if self.table.watches("import", name):
            self._judge_import(name, owner)

    def judge_startup_file(self, path):
        """Let `site` read a start-up file that has nothing to execute or is well known; it skips what it can't read."""
        if path in self.startup_known or not has_executable_lines(path):
            return
        name = path.rpartition("/")[2]
        owner = self.identity.owner_of_path(path)
        if owner is UNOWNED:
            owner = Owner(name, "", "startup")
        request = Request("code.run", path, None, owner, (), "startup", name, "scan")
        self.enforcer.carry_out(Decision("deny", "startup-files:refuse"), request, [])

    def _examine_places(self, name, places):
        """A namespace package runs no code, but all of its portions may belong to a bad distribution."""
        owners = [self.identity.owner_of_path(resolve(place)) for place in places]
        if owners and all(owner.name in self.identity.problems for owner in owners):
            self._refuse_malicious(name, owners[0])

    def _refuse_malicious(self, name, owner):
        if self.table.malicious == "off":
            return
        advisory = self.identity.problems[owner.name]
        verdict = "log" if self.table.malicious == "warn" or advisory.startswith("warn:") else "deny"
        self._block(name, owner, Decision(verdict, f"advisory:{advisory.partition(':')[2] or advisory}"))

    def _examine_bytecode(self, name, owner, origin, cached, loader):
        problem = bytecode_problem(name, origin, cached, loader, self.identity.bytecode_came_with_a_wheel)
        if problem:
            verdict = "deny" if self.table.bytecode == "refuse" or problem == "differs-from-source" else "log"
            self._block(name, owner, Decision(verdict, f"bytecode:{problem}"))

    def _judge_import(self, name, owner):
        request = self._import_request(name, owner)
        decision = decide(self.table, request)
        tried = decide(self.candidate, request) if self.candidate is not None else None
        if decision.verdict != "allow" or (tried is not None and tried.verdict != "allow"):
            self.enforcer.carry_out(decision, request, [], blocked_module=name, candidate=tried)

    def _block(self, name, owner, decision):
        key = (owner.name, decision.rule, name if decision.rule.startswith("bytecode") else "")
        if decision.verdict == "log" or self.table.mode == "observe":
            if key in self.ruled_out:
                return
            self.ruled_out[key] = True
        self.enforcer.carry_out(decision, self._import_request(name, owner), [], blocked_module=name)

    def _import_request(self, name, owner):
        phase = "startup" if self.walker.starting else "import"
        return Request("import", name, None, owner, (), phase, name, "finder")
