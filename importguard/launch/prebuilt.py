"""The trusted base's bytecode as the build of a wheel leaves it: no start reads seventy files and takes their docstrings out."""

import marshal
import os
import pathlib
import types

ROOT = pathlib.Path(__file__).parents[2]
SHORT = 256  # how long a text is stands in one byte before it


def read(name, folder=ROOT):
    """Return {module: (is it a package, file, marshalled code)} of the kept file `name`, {} where there is none of these sources."""
    try:
        kept = marshal.loads((folder / "importguard/launch" / name).read_bytes())
        return {module: _placed(module, str(folder), *entry) for module, entry in kept.items()}
    except (OSError, ValueError, EOFError, TypeError):
        return {}


def keep(entries, name, folder):
    """Put what `entries` say, (module, is it a package, file, code), below the folder of a build, in a file of that name."""
    kept = {}
    for module, is_package, file, code in entries:
        where = os.path.relpath(file, ROOT)
        size = os.stat(folder / where).st_size
        kept[module] = (is_package, where, size, marshal.dumps(_at(code, _mark(module))))
    (folder / "importguard/launch" / name).write_bytes(marshal.dumps(kept))


def _placed(module, folder, is_package, where, size, data):
    """Return an entry with the name of the file in it that the code has here; raises ValueError where that can't be."""
    file = f"{folder}/{where}"
    mark, path = _mark(module).encode(), file.encode("ascii")
    if os.stat(file).st_size != size or len(path) >= SHORT:
        raise ValueError("not of this source")
    return is_package, file, data.replace(bytes([len(mark)]) + mark, bytes([len(path)]) + path)


def _mark(module):
    return f"<{module}>"


def _at(code, file):
    constants = [_at(value, file) if isinstance(value, types.CodeType) else value for value in code.co_consts]
    return code.replace(co_consts=tuple(constants), co_filename=file)
