"""What packages do to read a key, each as data: what runs, and whom each core blames."""

from dataclasses import dataclass

KEY = "import os; KEY = os.path.expanduser('~/.ssh/id_ed25519')\n"
READ = "open(__import__('os').path.expanduser('~/.ssh/id_ed25519')).read()"
TRY = f"try: {READ}; print('GOT IT')\nexcept PermissionError: pass\n"
AS_TEXT = f"PAYLOAD = {TRY!r}\n"


@dataclass(frozen=True, slots=True)
class Scene:
    """`evil` is the source of the package acme_evil, `app` that of the application, which may use acme_good as well.

    `blamed` is the owner and phase on record where both cores agree. Where they don't, `python` is what the core in
    Python says, None for a key that was read by who it took for the application.
    """

    name: str
    evil: str
    app: str = "import acme_evil\n"
    blamed: tuple[str, str] = ("acme-evil", "import")
    python: tuple[str, str] | None | str = "same"


def by_import(name, evil, **more):
    return Scene(name, KEY + AS_TEXT + evil, **more)


def by_call(name, evil, app="import acme_evil\nacme_evil.act()\n", **more):
    return Scene(name, KEY + AS_TEXT + evil, app, ("acme-evil", "run"), **more)


AGREED = (
    by_import("the body of a module", "exec(PAYLOAD)"),
    by_import("a function of the module", f"def act():\n    {READ}\ntry: act()\nexcept PermissionError: pass"),
    by_call("a call by the application", f"def act():\n    try: {READ}\n    except PermissionError: pass"),
    by_import("a lambda", f"f = lambda: {READ}\ntry: f()\nexcept PermissionError: pass"),
    by_import("a comprehension", f"try: [{READ} for _ in (1,)]\nexcept PermissionError: pass"),
    by_import("a generator", f"try: next({READ} for _ in (1,))\nexcept PermissionError: pass"),
    by_import("a class body", f"try:\n    class A: x = {READ}\nexcept PermissionError: pass"),
    by_import("a callback of sorted", f"try: sorted([1], key=lambda _: {READ})\nexcept PermissionError: pass"),
    by_import("a thread", f"import threading\ndef act():\n    try: {READ}\n    except PermissionError: pass\nt = threading.Thread(target=act); t.start(); t.join()"),
    by_import("a finalizer", f"class A:\n    def __del__(self):\n        try: {READ}\n        except PermissionError: pass\nA()"),
    by_import("eval", f"try: eval({READ!r})\nexcept PermissionError: pass"),
    by_import("a coroutine", f"async def act():\n    try: {READ}\n    except PermissionError: pass\ntry: act().send(None)\nexcept StopIteration: pass"),
    by_import("a dataclass's own code", f"import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = dataclasses.field(default_factory=lambda: {READ})\ntry: A()\nexcept PermissionError: pass"),
    by_import("a path object", "import pathlib\ntry: pathlib.Path(KEY).read_text()\nexcept PermissionError: pass"),
    by_import("a path of a class of its own", "class P:\n    def __fspath__(self): return KEY\ntry: open(P()).read()\nexcept PermissionError: pass"),
    by_import("a str of a class of its own", "class S(str):\n    def __str__(self): return '/etc/hosts'\n    __eq__ = lambda *a: False\n    __hash__ = str.__hash__\n    def startswith(self, *a): return False\ntry: open(S(KEY)).read()\nexcept PermissionError: pass"),
    by_import("bytes", "try: open(os.fsencode(KEY)).read()\nexcept PermissionError: pass"),
    by_import("a module that is reloaded", "import sys, importlib\nif not hasattr(sys, 'seen'):\n    sys.seen = True\nelse:\n    exec(PAYLOAD)", app="import acme_evil, importlib; importlib.reload(acme_evil)\n"),
    by_import("a namespace named __main__", "exec(PAYLOAD, {'__name__': '__main__'})"),
)

# What code says of itself: only tags see through it. Each is listed in docs/explanation/limits.md for the core in Python.
FORGED = (
    by_import("the file of the application as __file__", "import sys\nexec(PAYLOAD, {'__file__': sys.modules['__main__'].__file__})", python=None),
    by_import("the file of another distribution as __file__", "import acme_good\nexec(PAYLOAD, {'__file__': acme_good.__file__})", python=("acme-good", "import")),
    by_import("the namespace of a module of the standard library", "import json\nexec(PAYLOAD, json.__dict__)", python="same"),
    by_import("the namespace of the application", "import sys\nexec(PAYLOAD, sys.modules['__main__'].__dict__)", python=None),
    by_import("compiled under the application's file name", "import sys\nm = sys.modules['__main__']\nexec(compile(PAYLOAD, m.__file__, 'exec'), m.__dict__)", python=None),
    by_import(
        "a function over the application's globals",
        f"import sys, types\ndef act():\n    try: {READ}; print('GOT IT')\n    except PermissionError: pass\n"
        "types.FunctionType(act.__code__, sys.modules['__main__'].__dict__)()",
        python=None,
    ),
    by_import(
        "code.replace and another's globals",
        f"import types, acme_good\ndef act():\n    try: {READ}\n    except PermissionError: pass\n"
        "types.FunctionType(act.__code__.replace(co_filename=acme_good.__file__), acme_good.__dict__)()",
        python=("acme-good", "import"),
    ),
    by_import(
        "code put into a function of the application",
        f"import sys\ndef act():\n    try: {READ}; print('GOT IT')\n    except PermissionError: pass\n"
        "m = sys.modules['__main__']\nm.helper.__code__ = act.__code__\nm.helper()",
        app="def helper(): pass\nimport acme_evil\n",
        python=None,
    ),
    by_import(
        "code that was marshalled",
        "import marshal, sys\nexec(marshal.loads(marshal.dumps(compile(PAYLOAD, sys.modules['__main__'].__file__, 'exec'))), "
        "sys.modules['__main__'].__dict__)",
        python=None,
    ),
    by_import(
        "a loader of its own for a module of the application",
        "import sys, importlib.abc, importlib.util\n"
        "class L(importlib.abc.Loader):\n"
        "    def exec_module(self, module): exec(compile(PAYLOAD, module.__spec__.origin, 'exec'), module.__dict__)\n"
        "class F:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'plugin': return importlib.util.spec_from_file_location(name, sys.modules['__main__'].__file__, loader=L())\n"
        "sys.meta_path.insert(1, F())\nimport plugin",
        python=None,
    ),
    by_import(
        "a loader whose get_code was replaced",
        "import sys, importlib.machinery, importlib.util\n"
        "path = sys.modules['__main__'].__file__\nloader = importlib.machinery.SourceFileLoader('plugin', path)\n"
        "loader.get_code = lambda name: compile(PAYLOAD, path, 'exec')\n"
        "loader.exec_module(importlib.util.module_from_spec(importlib.util.spec_from_loader('plugin', loader)))",
        python=None,
    ),
    by_import(
        "a loader whose get_data takes itself away",
        "import sys, importlib.machinery, importlib.util\n"
        "path = sys.modules['__main__'].__file__\nloader = importlib.machinery.SourceFileLoader('plugin', path)\n"
        "def get_data(path):\n    loader.__dict__.pop('get_data', None)\n    return PAYLOAD.encode()\n"
        "loader.get_data = get_data\nloader.path_stats = lambda path: 1/0\n"
        "import sys; sys.dont_write_bytecode = True\n"
        "loader.get_code = lambda name: importlib.machinery.SourceFileLoader.source_to_code(loader, get_data(path), path)\n"
        "loader.exec_module(importlib.util.module_from_spec(importlib.util.spec_from_loader('plugin', loader)))",
        python=None,
    ),
    by_import(
        "a file that importlib opens in the place of the application's",
        "import sys, _frozen_importlib_external as external\n"
        "path = os.path.abspath(sys.modules['__main__'].__file__)\n"
        "other = os.path.join(os.environ['TMPDIR'], 'other.py')\nopen(other, 'w').write(PAYLOAD)\n"
        "real = external._io\nsys.dont_write_bytecode = True\n"
        "class Opening:\n    open_code = staticmethod(lambda name: real.open_code(other))\n    FileIO = real.FileIO\n"
        "external._io = Opening\n"
        "try: code = external.SourceFileLoader('plugin', path).get_code('plugin')\n"
        "finally: external._io = real\n"
        "exec(code, {'__name__': 'plugin', '__file__': path})",
        python=None,
    ),
    by_import(
        "a key that answers for __name__",
        "class K(str):\n    def __eq__(self, other): exec(PAYLOAD) if other == 'never' else None; return False\n"
        "    __hash__ = lambda self: hash('__file__')\n"
        "exec(PAYLOAD, {'__file__': __import__('sys').modules['__main__'].__file__, K('x'): 1})",
        python=None,
    ),
    by_import(
        "a module's code in another's namespace, by exec of a function's code",
        f"import sys\ndef act():\n    try: {READ}; print('GOT IT')\n    except PermissionError: pass\n"
        "exec(act.__code__, sys.modules['__main__'].__dict__)",
        python=None,
    ),
    by_import(
        "bytecode whose functions name the application's file",
        "import sys, importlib.util, _frozen_importlib_external as external\n"
        "path = os.path.join(os.environ['TMPDIR'], 'nested.pyc')\n"
        "code = compile(PAYLOAD, sys.modules['__main__'].__file__, 'exec')\n"
        "open(path, 'wb').write(external._code_to_timestamp_pyc(code))\n"
        "loader = external.SourcelessFileLoader('nested', path)\n"
        "spec = importlib.util.spec_from_loader('nested', loader)\n"
        "loader.exec_module(importlib.util.module_from_spec(spec))",
        blamed=("unowned", "import"),
        python=("unowned", "import"),
    ),
    by_import(
        "bytecode with a hash that nobody checks, in the project's cache",
        "import sys, importlib.util, _frozen_importlib_external as external\n"
        "source = os.path.abspath(sys.modules['__main__'].__file__)\n"
        "place = importlib.util.cache_from_source(source)\nos.makedirs(os.path.dirname(place), exist_ok=True)\n"
        "code = compile(PAYLOAD, source, 'exec')\n"
        "open(place, 'wb').write(external._code_to_hash_pyc(code, b'12345678', False))\n"
        "loader = external.SourceFileLoader('nested', source)\n"
        "spec = importlib.util.spec_from_loader('nested', loader)\n"
        "loader.exec_module(importlib.util.module_from_spec(spec))",
        blamed=("acme-evil", "import"),
        python=None,
    ),
    by_import(
        "a function of another distribution replaced",
        f"import acme_good\ndef act():\n    try: {READ}; print('GOT IT')\n    except PermissionError: pass\n"
        "acme_good.help = act",
        app="import acme_evil, acme_good\nacme_good.help()\n",
        blamed=("acme-evil", "run"),
        python="same",
    ),
    by_call(
        "code handed over a queue to a thread of the application's",
        f"def act():\n    try: {READ}; print('GOT IT')\n    except PermissionError: pass\n",
        app="import queue, threading, acme_evil\nwork = queue.Queue()\n"
        "thread = threading.Thread(target=lambda: work.get()())\nthread.start()\nwork.put(acme_evil.act)\nthread.join()\n",
        python="same",
    ),
)
