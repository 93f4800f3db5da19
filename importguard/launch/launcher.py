"""Runs the command line under `python -I -S`: makes importguard importable without running any start-up file."""

import gc
import sys

SELDOM = 20000  # objects between two collections: what a launch makes it keeps, and the default is 700


def main(site, arguments):
    """Run the command line; `site` is importguard's own site directory, or "" in a source checkout."""
    _occupy_standard_descriptors()
    gc.set_threshold(SELDOM)
    root = __file__.rpartition("/importguard/launch/")[0] or "/"
    sys.path.insert(0, root)
    import importguard  # noqa: F401  (its submodules are found by its __path__ from here on)

    sys.path.remove(root)
    from importguard.plugins import dependencies

    dependencies.install(_folders(root, site))
    from importguard.cli.main import main as run_command_line

    return run_command_line(arguments)


def _occupy_standard_descriptors():
    """Put something harmless where a caller closed 0, 1 or 2, or the next file to be opened becomes standard error."""
    import os

    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            # Not inherited: the command finds the descriptor closed, as its caller wanted it.
            os.open(os.devnull, os.O_RDWR)


def _folders(root, site):
    """Return where the dependencies lie; no .pth in there is read."""
    import os

    if site:
        return [os.path.realpath(site)]
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    prefix = os.path.dirname(os.path.dirname(os.path.abspath(sys.executable)))
    candidates = [f"{base}/lib/{version}/site-packages" for base in (prefix, sys.base_prefix, root + "/.venv")]
    return [folder for folder in dict.fromkeys(candidates) if os.path.isdir(folder)]


def _let_go_of_standard_error():
    """The interpreter ends with a status of its own where it can't write what is left: on a disk that is full, say."""
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except (OSError, ValueError):
        sys.stderr = None


if __name__ == "__main__":
    status = main(sys.argv[1], sys.argv[2:])
    _let_go_of_standard_error()
    sys.exit(status)
