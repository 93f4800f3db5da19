"""Calls the plugins that a policy names, and contains them: who raises, hangs or would loosen is named."""

import contextlib
import copy
import os

import pluggy

from importguard import errors, versions
from importguard.plugins import asking, find, hookspecs, shapes
from importguard.plugins.asking import PluginError
from importguard.plugins.worker import Worker
from importguard.policy import toml

TABLES = ("import", "run", "package")
TAKING = ("importguard_record", "importguard_review", "importguard_finish")


class Host:
    """The plugins of one launch, in the order in which the policy names them; `notices` are lines for the user."""

    def __init__(self, named):
        """Load the plugins; `named` maps their names to their options. Raises PluginError."""
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.notices = []
        self.workers = []
        self._told = set()
        self._names = list(named)
        self._aside = contextlib.ExitStack()
        for name, options in named.items():
            self._register(name, find.find(name, options))
        try:
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(f"a plugin has a hook that importguard doesn't know: {asking.text_of(error)}") from error

    def _register(self, name, plugin):
        try:
            asking.ask(name, "as its hooks were looked for", lambda: self.manager.register(plugin, name=name))
        except PluginError as error:
            if isinstance(error.__cause__, pluggy.PluginValidationError):
                reason = asking.text_of(error.__cause__)
                raise PluginError(f"plugin {name!r} has a hook that can't be called: {reason}") from error
            raise

    # Before the command starts.

    def owners(self, sites):
        """Add what plugins know of files that no RECORD lists to the `sites` of the ledger, in place."""
        for name in self._with("importguard_owner"):
            for site in sites.values():
                for path in _unowned(site):
                    self._own(name, site, path, self._ask(name, "importguard_owner", shapes.owner, path=path))

    def _own(self, plugin, site, path, answer):
        if answer is None:
            return
        owner, version = versions.canonical_name(answer[0]), answer[1]
        if owner in toml.RESERVED or owner in site["dists"]:
            self.notices.append(f"plugin {plugin!r} gave {path!r} to {owner!r}, a name that is taken: left unowned")
            return
        known = {"version": version, "kind": "distribution", "record": True, "malicious": "", "problems": []}
        site["dists"][owner] = known
        site["prefixes" if os.path.isdir(path) else "files"][path] = owner

    def advisories(self, sites):
        """Return {PEP 503 name: [(id, reason, plugin)]} of what plugins call malicious."""
        found = {}
        for plugin in self._with("importguard_advisories"):
            known = self._ask(plugin, "importguard_advisories", shapes.advisories, distributions=distributions(sites))
            for name, identity, reason in known:
                found.setdefault(versions.canonical_name(name), []).append((identity, reason, plugin))
        return found

    def policies(self, sites):
        """Return what plugins deny beyond the policies, each as a toml.Policy."""
        found = []
        for plugin in self._with("importguard_rules"):
            rules = self._ask(plugin, "importguard_rules", shapes.rules, distributions=distributions(sites))
            if rules:
                found.append(self._policy(plugin, rules))
        return tuple(found)

    def _policy(self, plugin, rules):
        """Return the Policy of a plugin's rules, without what would loosen; raises PluginError for what is none."""
        shown = f"plugin {plugin}"
        try:
            kept, dropped = _only_denials(rules)
            policy = toml.Reader({"version": 1, **kept}, "", (), shown, shown, shown, None).read(shown)
        except (errors.PolicyError, AttributeError, TypeError) as error:
            reason = error.args[0] if error.args else type(error).__name__
            raise PluginError(f"plugin {plugin!r} gave rules that can't be read: {reason}") from error
        if dropped:
            self.notices.append(
                f"plugin {plugin!r} would loosen {', '.join(dropped)}: a plugin may only deny; left out"
            )
        return policy

    def _ask(self, plugin, hook, shape, **arguments):
        """Return a plugin's answer in its `shape`; raises PluginError when it has none that can be used: nothing starts half guarded."""

        def question():
            answer = self._only(plugin, hook)(**arguments)
            if not getattr(hookspecs, hook).importguard_spec["firstresult"]:
                # pluggy has a list of the answers of all plugins; here one alone was asked.
                answer = next(iter(answer), None)
            return shape(plugin, hook, answer)

        return asking.ask(plugin, f"in {hook}", question)

    # While it runs.

    def takes_records(self):
        """Return the names of the plugins that want records, and so a supervisor."""
        return [name for name in self._names if any(name in self._with(hook) for hook in TAKING)]

    def start(self, wake):
        """Begin to hand records out; `wake()` is called in another thread when there is something to look at."""
        if takers := self.takes_records():
            self._aside.enter_context(asking.aside())
        for name in takers:
            self.workers.append(Worker(name, self._taker(name), self._only(name, "importguard_finish"), wake))

    def take(self, record):
        """Hand one record to every plugin that wants records."""
        for worker in self.workers:
            # Each has its own copy: what one changes must not reach the next, nor the records file, nor what the user is told.
            worker.put(copy.deepcopy(record))

    def verdict(self):
        """Return (plugin, record) of the first that wants the tree killed, or None."""
        return next(((worker.name, worker.wants_kill) for worker in self.workers if worker.wants_kill), None)

    def problems(self):
        """Yield (plugin, problem) once for each plugin that something went wrong with."""
        for worker in self.workers:
            if worker.problem and worker.name not in self._told:
                self._told.add(worker.name)
                yield worker.name, worker.problem

    def end(self):
        """Let every plugin finish; yield (plugin, problem) of those that lost records."""
        for worker in self.workers:
            worker.end()
        self._aside.close()
        yield from self.problems()
        for worker in self.workers:
            if worker.lost:
                yield worker.name, f"{worker.lost} records never reached it"

    def _taker(self, name):
        review, record = self._only(name, "importguard_review"), self._only(name, "importguard_record")

        def take(fields):
            verdicts = review(record=fields)
            record(record=fields)
            wrong = [verdict for verdict in verdicts if verdict not in (None, "kill")]
            if wrong:
                raise ValueError(f'a review says "kill" or nothing, not {wrong[0]!r}')
            return "kill" in verdicts

        return take

    # The plugins of a hook.

    def commands(self):
        """Return {name: module} of the commands that plugins add."""
        found = {}
        for plugin in self._with("importguard_commands"):
            found |= self._ask(plugin, "importguard_commands", shapes.commands)
        return found

    def _with(self, hook):
        """Return the names of the plugins that implement a hook, in the policy's order."""
        names = {implementation.plugin_name for implementation in getattr(self.manager.hook, hook).get_hookimpls()}
        return [name for name in self._names if name in names]

    def _only(self, plugin, hook):
        """Return the caller of one plugin's hook."""
        others = [other for name, other in self.manager.list_name_plugin() if name != plugin]
        return self.manager.subset_hook_caller(hook, remove_plugins=others)


def distributions(sites):
    """Return every installed distribution as plugins see it."""
    return tuple(
        hookspecs.Distribution(name, known["version"], site["dir"])
        for site in sites.values()
        for name, known in sorted(site["dists"].items())
    )


def _unowned(site):
    taken = (*site["files"], *site["prefixes"])
    return [
        path for path in find.importable(site["dir"]) if not any((name + "/").startswith(path + "/") for name in taken)
    ]


def _only_denials(rules):
    """Return a mapping of policy tables without what allows, and the names of what was left out."""
    kept, dropped = {}, []
    for table, content in rules.items():
        if table not in TABLES:
            dropped.append(table)
        elif table == "package":
            kept[table] = {name: _denials(part, f"package.{name}", dropped) for name, part in content.items()}
        else:
            kept[table] = _denials(content, table, dropped)
    return kept, dropped


def _denials(content, path, dropped):
    kept = {}
    for key, value in content.items():
        if key in ("deny", "match"):
            kept[key] = value
        elif key in toml.ANY_PHASE and isinstance(value, dict):
            kept[key] = _denials(value, f"{path}.{key}", dropped)
        else:
            dropped.append(f"{path}.{key}")
    return kept
