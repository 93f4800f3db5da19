"""A sub-interpreter does the deed."""

from acme_tamper.stage import COPY

try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters

    _xxsubinterpreters.run_string(_xxsubinterpreters.create(), COPY)
else:
    _interpreters.exec(_interpreters.create(), COPY)
