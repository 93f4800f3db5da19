"""Compiled files that Python would run instead of the source beside them, or without any."""

import json
import os
import subprocess

from importguard.ledger import finding, regular

UNCHECKED_HASH = 1
HEADER = 16
# Runs in the audited interpreter under -I -S: it compiles and compares, and executes nothing of either.
COMPARE = r"""
import json, marshal, sys
from importlib.util import MAGIC_NUMBER, source_hash

FIELDS = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags", "co_argcount",
          "co_posonlyargcount", "co_kwonlyargcount", "co_name", "co_qualname", "co_exceptiontable", "co_stacksize")

def same(one, other):
    if type(one) is not type(other):
        return False
    if hasattr(one, "co_code"):
        return all(getattr(one, f, 0) == getattr(other, f, 0) for f in FIELDS) and same(one.co_consts, other.co_consts)
    if type(one) is tuple:
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is frozenset:
        return sorted(map(repr, one)) == sorted(map(repr, other))
    if type(one) is slice:
        return same((one.start, one.stop, one.step), (other.start, other.stop, other.step))
    return repr(one) == repr(other) if type(one) in (float, complex) else one == other

for line in sys.stdin:
    source, cached, level = json.loads(line)
    try:
        with open(cached, "rb") as file:
            header, data = file.read(16), file.read()
        with open(source, "rb") as file:
            text = file.read()
        if header[:4] != MAGIC_NUMBER or (header[4] == 3 and header[8:] != source_hash(text)):
            continue
        there = marshal.loads(data)
    except (OSError, EOFError, ValueError, TypeError) as error:
        print(json.dumps([cached, "can't be read: %s" % error]), flush=True)
        continue
    try:
        made = compile(text, source, "exec", dont_inherit=True, optimize=level)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        print(json.dumps([cached, "is bytecode of a source that doesn't compile: %s" % type(error).__name__]), flush=True)
        continue
    if not same(there, made):
        print(json.dumps([cached, "holds other code than its source"]), flush=True)
print(json.dumps(["", "end"]), flush=True)
"""


def sourceless(paths, owner_of):
    """Yield a Finding for each .pyc outside __pycache__ that has no source beside it and so is imported."""
    present = set(paths)
    for path in paths:
        if path.endswith(".pyc") and not _is_cached(path) and path[:-1] not in present:
            yield finding.Finding(
                finding.SOURCELESS, path, owner_of(path), "is imported, and there is no source to read"
            )


def unchecked(paths, owner_of):
    """Yield a Finding for each .pyc in __pycache__ that Python runs without a look at its source."""
    for path in paths:
        if path.endswith(".pyc") and _is_cached(path) and _header(path)[4:8] == UNCHECKED_HASH.to_bytes(4, "little"):
            reason = "is run without being compared with its source (unchecked hash)"
            yield finding.Finding(finding.UNCHECKED, path, owner_of(path), reason)


def differing(paths, python, tag, owner_of, jobs=1):
    """Yield a Finding for each .pyc that Python takes for current and that holds other code than its source.

    `python` is the interpreter that is audited, `tag` its cache tag (cpython-311); it compiles in `jobs` processes.
    """
    pairs = [pair for pair in (_pair(path, tag) for path in paths) if pair]
    # All are started before the first is read, so that they work side by side.
    workers = [_start(python, pairs[start::jobs]) for start in range(jobs)]
    for worker in workers:
        for path, reason in _results(worker, python):
            yield finding.Finding(finding.BYTECODE, path, owner_of(path), reason)


def _start(python, pairs):
    handle = _as_file("".join(json.dumps(pair) + "\n" for pair in pairs))
    command = [python, "-I", "-S", "-W", "ignore", "-c", COMPARE]
    try:
        return subprocess.Popen(command, stdin=handle, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    finally:
        os.close(handle)


def _results(worker, python):
    ended = False
    with worker:
        for line in worker.stdout:
            path, reason = json.loads(line)
            ended = path == ""
            if not ended:
                yield path, reason
    if not ended:
        # Bytecode that is no bytecode can kill the interpreter that reads it.
        yield python, f"comparing bytecode ended with status {worker.returncode}: not everything was compared"


def _as_file(text):
    handle = os.memfd_create("pairs", 0)
    with open(os.dup(handle), "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _pair(path, tag):
    """Return (source, path, optimisation level) when Python takes this .pyc for current, else None."""
    if not path.endswith(".pyc") or not _is_cached(path):
        return None
    module, _, rest = os.path.basename(path)[:-4].rpartition("." + tag)
    if not module or rest not in ("", ".opt-1", ".opt-2"):
        return None
    source = os.path.join(os.path.dirname(os.path.dirname(path)), module + ".py")
    try:
        status, header = os.stat(source), _header(path)
    except OSError:
        return None
    flags = int.from_bytes(header[4:8], "little")
    seconds, size = int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little")
    current = seconds == int(status.st_mtime) & 0xFFFFFFFF and size == status.st_size & 0xFFFFFFFF
    if len(header) < HEADER or (not flags and not current):
        return None
    return source, path, int(rest[-1]) if rest else 0


def _header(path):
    try:
        with regular.read_binary(path) as file:
            return file.read(HEADER)
    except OSError:
        return b""


def _is_cached(path):
    return os.path.basename(os.path.dirname(path)) == "__pycache__"
