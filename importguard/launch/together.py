"""What a run of pytest is armed with, in one file of bytecode that the build of a wheel leaves: a hundred files are not to be read."""

import importlib.machinery
import marshal
import sys
import types

from importguard.launch import bundle, prebuilt

# Each module comes after those that it imports, since they are executed in this order; a test holds this against an arming.
ARMING, LOCKED = "arming", "locked"
GROUPS = {
    ARMING: """
    pinned messages model session policy policy.targets policy.grants policy.links policy.patterns policy.named versions
    policy.table policy.decide suite.expected ledger ledger.regular report report.redact report.sink report.compose report.reader denials errors
    report.writer report.recent report.escaping suite.kept report.log suite.places suite.children later recorder suite.reporter core
    wraps wraps.fresh wraps.inherited wraps.spawn guard launch.command launch.inplace sessionfile advisories
    advisories.advisory advisories.layout advisories.database advisories.locate dynamic ldpreload throughenv childargs kernel
    kernel.machine policy.machine kernel.secrets kernel.ceiling kernel.landlock kernel.refused kernel.plan launch.directory
    launch.preflight launch.preloading launch.probe paths ledger.scan launch.target launch.vouching ledger.holdings
    policy.files policy.lines policy.toml policy.preset policy.compile launch.reserved launch.prepare policy.approval policy.find
    policy.candidate policy.resolve launch.tree launch.embed surroundings attendant identity policy.suggest enforce findings inquiry
    programs wraps.starting kernel.inside
    """,
    LOCKED: """
    lock lock.digest lock.model lock.environment lock.quarantine lock.deputies lock.rules lock.merge lock.united lock.read
    startupfiles startupfiles.hook launch.locked
    """,
}
PACKAGE = "importguard."


def load(group):
    """Execute the modules of a group as importlib would; where no build has left them for these sources, they are left to it."""
    kept = prebuilt.read(_file_name(group))
    for name in _names(group):
        if name in kept and name not in sys.modules:
            _execute(name, *kept[name])


def keep(folder):
    """Put what interpreters like this one load together below the folder of a build."""
    for group in GROUPS:
        prebuilt.keep(map(bundle._entry, _names(group)), _file_name(group), folder)


def _names(group):
    return [PACKAGE + name for name in GROUPS[group].split()]


def _file_name(group):
    return bundle.file_name().replace("base-", f"{group}-")


def _execute(name, is_package, file, data):
    """Do for one module what importlib does; its finders and locks take as long as the modules themselves. Twin: load_module in
    ahead/base.py, which has nothing of importguard to import yet, and gives its modules no loader."""
    module = types.ModuleType(name)
    loader = importlib.machinery.SourceFileLoader(name, file)
    spec = module.__spec__ = importlib.machinery.ModuleSpec(name, loader, origin=file, is_package=is_package)
    spec.has_location = True
    module.__loader__, module.__file__ = loader, file
    parent, _, leaf = name.rpartition(".")
    module.__package__ = name if is_package else parent
    if is_package:
        module.__path__ = spec.submodule_search_locations
        module.__path__.append(file.rpartition("/")[0])
    sys.modules[name] = module
    try:
        exec(marshal.loads(data), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    setattr(sys.modules[parent], leaf, module)
