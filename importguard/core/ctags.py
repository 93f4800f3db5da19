"""What the C core is told when it is installed: who owns code, and which code was there before it."""

import sys

from importguard import blame
from importguard.core import events
from importguard.model import APP, STDLIB, UNOWNED
from importguard.pinned import list, tuple, type

# The numbers of `Meaning` in ccore.h.
OWNED, LIBRARY, APPLICATION, RUNNER, GUARD, CARRIER = range(6)
# Capabilities that change or reach nothing by themselves: what still passes where nobody can be asked.
PASSIVE = ("fs.read", "fs.list", "env.read", "code.run")
ccore = None


def new_busy():
    """Return the set of the threads that are inside the guard."""
    return ccore.new_busy()


def carry_from(conclude):
    """Carry the origin of deferred work from now on; return the function that is told of modules which defer work."""
    return ccore.carry_from(conclude)


def install(*, capabilities, concerns, judge, busy, is_own, on_import, on_program, code_events, attribution):
    """Add the audit hook; return (a function that says whether it answers, the walk, owner and `is_own` of a frame)."""
    readers = {
        event: (reader, any(capability not in PASSIVE for capability in asked))
        for event, (reader, asked) in events.READERS.items()
        if any(capability in capabilities for capability in asked)
    }
    readers.update({event: (reader, False) for event, reader in events.CODE_READERS.items() if event in code_events})
    identity = attribution.identity
    loaded = tuple(_loaded(identity, attribution.deferred_globals))
    return ccore.install(
        readers=readers,
        programs=events.START_OF_PROGRAM,
        loaded=loaded,
        namespaces=tuple(namespace for namespace, meaning, _owner in loaded if meaning == GUARD),
        concerns=concerns,
        judge=judge,
        on_import=on_import,
        on_program=_from_below(on_program),
        finder=attribution.finder,
        is_deputy=attribution.is_deputy,
        adopt=identity.owner_of_globals if attribution.is_late else None,
        main_owner=blame.MAIN,
        unowned=UNOWNED,
        library=STDLIB,
        application=APP,
        owners=(identity.as_tuple(), identity.rescan, identity.is_written),
        pycache_prefix=sys.pycache_prefix,
        enforcing=attribution.is_enforcing,
    )


def _from_below(on_program):
    """The program's start is told from no frame at all; on_program looks for that below the two frames of a core."""

    def tell(event, args):
        return on_program(event, args)

    return lambda event, args: tell(event, args)


def _loaded(identity, deferred_globals):
    """Yield (namespace, meaning, owner) of each module that is there: nobody could tag its code when it was loaded."""
    for name, module in list(sys.modules.items()):
        if type(module) is not type(sys):
            continue
        namespace = module.__dict__
        if namespace is deferred_globals:
            yield namespace, CARRIER, None
        elif name == "importguard" or name.startswith("importguard."):
            yield namespace, GUARD, None
        elif name == "__main__":
            yield namespace, APPLICATION, APP
        else:
            owner = identity.owner_of_globals(namespace)
            if owner is STDLIB or name == "zipimport":
                yield namespace, LIBRARY, None
            elif owner is not None:
                yield namespace, APPLICATION if owner.kind == "app" else OWNED, owner
