"""How a module of the standard library is patched after it ran."""

from importguard.pinned import getattr


class PatchingLoader:
    """Loads a module of the standard library, wraps what raises no event, and steps aside."""

    def __init__(self, loader, patch):
        self.loader = loader
        self.patch = patch

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        spec = module.__spec__
        spec.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.patch(module)

    def __getattr__(self, name):
        return getattr(self.loader, name)
